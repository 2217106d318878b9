package draft

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
)

// unknownMember is the error for a key of a body that is not a field of the entity. It
// suggests the field for which other systems use that name, else the nearest, also of those that are declared.
func unknownMember(e *crm.Entity, k *declared.Kind, sent string) *crm.Error {
	own := k.Names()
	shown, allowed := e.Names(crm.Writable), append(e.Names(crm.Writable), own...)
	if shown = append(shown, own[:min(len(own), maxDeclared)]...); len(own) > maxDeclared {
		shown = append(shown, fmt.Sprintf("and %d more declared ones (GET /schema/%s)", len(own)-maxDeclared, e.Name))
	}
	f := catalog.Meant(e, sent)
	err := crm.Errorf(crm.UnknownField, "%s has no field %s; it accepts %s.", crm.Article(e.Name), norm.Quote(sent), strings.Join(shown, " ")).On(sent)
	if f == nil {
		if err = err.Of(sent, allowed); err.DidYouMean == "" {
			err.Hint += intoCustom(e, sent)
		}
		return err
	}
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

// maxDeclared is how many declared fields an error names.
const maxDeclared = 20

// intoCustom says where keys of the client's own go, if the kind has a field custom.
func intoCustom(e *crm.Entity, sent string) string {
	if e.Field("custom") == nil {
		return ""
	}
	return ` Keys of your own go into custom: {"custom":{"` + norm.Quote(strings.TrimPrefix(sent, "custom.")) + `":…}}.`
}
