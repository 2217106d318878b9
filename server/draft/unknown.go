package draft

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
)

// unknownMember is the error for a key of a body that is not a field of the entity. It
// suggests the field for which other systems use that name, else the nearest.
func unknownMember(e *crm.Entity, sent string) *crm.Error {
	allowed := e.Names(crm.Writable)
	f := catalog.Meant(e, sent)
	if f == nil {
		err := crm.UnknownName(sent, crm.Article(e.Name), allowed)
		if err.DidYouMean == "" {
			err.Hint += intoCustom(e, sent)
		}
		return err
	}
	err := crm.Errorf(crm.UnknownField, "%s has no field %s; it accepts %s.", crm.Article(e.Name), norm.Quote(sent), strings.Join(allowed, " ")).On(sent)
	err.Allowed = allowed
	if f.ReadOnly {
		err.Hint += " The server sets " + f.Name + " itself (" + f.Doc + ")"
		if f.Rollup() != nil {
			err.Hint += ", from what is logged: POST /" + e.Route() + "/{id}/activities"
		}
		err.Hint += "."
	} else {
		err.DidYouMean = f.Name
		err.Hint += " Did you mean " + f.Name + " (" + f.Doc + ")?"
	}
	err.Hint += intoCustom(e, sent)
	return err
}

// intoCustom says where keys of the client's own go, if the kind has a field custom.
func intoCustom(e *crm.Entity, sent string) string {
	if e.Field("custom") == nil {
		return ""
	}
	return ` Keys of your own go into custom: {"custom":{"` + norm.Quote(strings.TrimPrefix(sent, "custom.")) + `":…}}.`
}
