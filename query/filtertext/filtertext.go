// Package filtertext reads the filters of a list that are a text: the member of a body, or the query of a view.
//
// Such a text is what a URL has behind its question mark. It has filters, search, where and view only, since it
// says which records are meant and not how a list shows them.
package filtertext

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/param"
)

// Text is a text with filters, and the name that errors give it.
type Text struct{ Name, Value string }

// Params returns the parameters in a text. An empty text is an error: it would mean every record, which a
// client that lost a variable does not intend.
func (t Text) Params() (url.Values, *crm.Error) {
	params, fault := param.All(strings.TrimPrefix(t.Value, "?"))
	if fault != nil {
		fault.Hint = t.Name + " has the form of a list's query string: " + fault.Hint
		return nil, fault.On(t.Name)
	}
	if len(params) == 0 {
		return nil, crm.Errorf(crm.InvalidFilter, "%s has the form of a list's query string, like stage=lead&tags=fintech, not %s; for all records write created_at=not:null.", t.Name, norm.Quote(t.Value)).On(t.Name)
	}
	for name := range params {
		if name == "view" && t.Name == "query" {
			return nil, crm.Errorf(crm.InvalidFilter, "the query of a view cannot name another view; write the conditions of that one.").On(t.Name)
		}
		if name != "search" && slices.Contains(crm.ListParams, name) {
			return nil, crm.Errorf(crm.InvalidFilter, "%s cannot be used in %s, only fields, search= and where=.", name, t.Name).On(t.Name)
		}
	}
	return params, nil
}

// OfView returns the parameters in the query of a view.
func OfView(rec crm.Record) (url.Values, *crm.Error) {
	return Text{"query", rec.Value("query").Text}.Params()
}

// CheckView returns the error of the list for the query of a view.
func CheckView(env query.Env, rec crm.Record) *crm.Error {
	params, fault := OfView(rec)
	if fault != nil {
		return fault
	}
	e := env.Schema.ByName(rec.Value("kind").Text)
	if _, fault := query.Parse(e, params, env); fault != nil {
		return fault
	}
	return nil
}
