package fieldtype

import (
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Finding returns the list that finds the record that was meant by a text in the place
// of an id: by the unique field if the text has the form of that, else by words.
func Finding(e *crm.Entity, sent string) string {
	sent = strings.TrimSpace(sent)
	list := "GET /" + e.Route() + "?"
	f := e.Field(e.Keys.Unique)
	address, dot := strings.Contains(sent, "@"), strings.Contains(sent, ".")
	switch {
	case sent == "" || len(sent) > 60 || strings.ContainsAny(sent, "_/"): // meant as an id
		return list + "search=<words>"
	case f != nil && (f.Type == Email && address || f.Type == Domain && dot && !address):
		return list + f.Name + "=" + norm.Quote(url.QueryEscape(sent))
	}
	return list + "search=" + norm.Quote(url.QueryEscape(sent))
}
