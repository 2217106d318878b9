package server

import (
	"slices"
	"strings"

	"crmkit/crm"
)

func unknownField(sent, what string, allowed []string) *crm.Error {
	return crm.Errorf(crm.UnknownField, "%s has no field %s; it takes %s.", what, crm.Quote(sent), strings.Join(allowed, " ")).On(sent).Of(sent, allowed)
}

// unknownMember is the error for a key of a body that is no field of the entity. It names
// the field that other systems call so, else the nearest.
func unknownMember(e *crm.Entity, sent string) *crm.Error {
	allowed := e.Names(crm.Writable)
	f := e.Meant(sent)
	if f == nil {
		err := unknownField(sent, crm.Article(e.Name), allowed)
		if err.DidYouMean == "" {
			err.Hint += intoCustom(e, sent)
		}
		return err
	}
	err := crm.Errorf(crm.UnknownField, "%s has no field %s; it takes %s.", crm.Article(e.Name), crm.Quote(sent), strings.Join(allowed, " ")).On(sent)
	err.Allowed = allowed
	if f.ReadOnly {
		err.Hint += " The server keeps " + f.Name + " itself (" + f.Doc + ")"
		if f.Rollup != nil {
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

// intoCustom says where keys go that are no fields.
func intoCustom(e *crm.Entity, sent string) string {
	if e.Field("custom") == nil {
		return ""
	}
	return ` Keys of your own go into custom: {"custom":{"` + crm.Quote(strings.TrimPrefix(sent, "custom.")) + `":…}}.`
}

// rows completes the error for a body that is no object, where it may be rows.
func (rq *request) rows(e *crm.Entity, fault *crm.Error) *crm.Error {
	body := strings.TrimSpace(string(rq.body))
	if fault.Code == crm.BadJSON && rq.Method == "POST" && (strings.HasPrefix(body, "[") || strings.ContainsAny(body, ",;\n") && !strings.HasPrefix(body, "{")) {
		fault.Hint += " Rows of a file, as a JSON array or CSV: POST /import/" + e.Route() + "."
	}
	return fault
}

// unknownArgument is the error for an argument that a tool does not take.
func unknownArgument(sent string, takes []string) *crm.Error {
	err := unknownField(sent, "the tool", takes)
	switch {
	case slices.Contains(takes, "body"):
		err.Hint += " Parameters stand behind the path, like /contacts?limit=20; the fields of a record in body."
	case slices.Contains(takes, "path"):
		err.Hint += " Parameters stand behind the path, like /contacts?limit=20."
	}
	return err
}
