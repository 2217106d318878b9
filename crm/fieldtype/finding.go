package fieldtype

import (
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

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
