package fieldtype

import (
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Reference is a record of another kind, such as the company of a contact.
//
// It accepts an id or a handle of the workspace, and stores the key of the record, an
// integer. Clients see the id and beside it the label of the record. Filters compare keys;
// a filter may also go through the reference to the fields of the record (company.name).
var Reference crm.Type = referenceType{}

type referenceType struct{ base }

func (referenceType) String() string { return "reference" }

func (referenceType) Kind() crm.Kind { return crm.RefKind }

func (referenceType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByRecord, Ordered: true, Lists: true}
}

// Parse checks only the form of the id, whose check characters show that it is of this
// workspace. The store checks in the transaction of the write that the record exists.
func (referenceType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	to := r.Entity.Target(f)
	key, hint := r.Schema.Locate(to, r.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return crm.Value{}, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Find the %s with %s.", f.Name, hint, to.Name, Finding(to, text)).On(f.Name)
	}
	return crm.Key(key), nil
}

// Decode does not go through Reader.Normal: an id that is not clean text is no id, and Parse
// then says so.
func (t referenceType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, err := jsonText(f, json)
	if err != nil {
		return crm.Input{}, err
	}
	v, err := t.Parse(r, f, text)
	if err != nil {
		return crm.Input{}, err
	}
	return crm.Input{Field: f, Value: v}, nil
}

// Matches accepts both forms of the id that is shown, an id and a handle.
func (referenceType) Matches(r crm.Reader, f *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Set() && crm.CutHandle(text) == crm.RecordID(r.Entity.Target(f).Prefix, shown.Int)
}

// Finding returns the request that lists what a client may have meant by a text that is not
// an id: a filter on the unique field if the text has its form, otherwise a search. Errors
// for an unknown id end with it. A text that looks like a mistyped id gives a placeholder,
// because a search for an id finds nothing. Kinds that are not searched have short lists.
func Finding(e *crm.Entity, sent string) string {
	sent = strings.TrimSpace(sent)
	list := "GET /" + e.Route() + "?"
	f := e.Field(e.Keys.Unique)
	address, dot := strings.Contains(sent, "@"), strings.Contains(sent, ".")
	switch {
	case len(e.Search) == 0:
		return strings.TrimSuffix(list, "?")
	case sent == "" || len(sent) > 60 || strings.ContainsAny(sent, "_/"): // meant as an id
		return list + "search=<words>"
	case f != nil && (f.Type == Email && address || f.Type == Domain && dot && !address):
		return list + f.Name + "=" + norm.Quote(url.QueryEscape(sent))
	}
	return list + "search=" + norm.Quote(url.QueryEscape(sent))
}
