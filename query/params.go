package query

import (
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Params parses a query string, a stored filter or a form. One that is longer than
// crm.MaxQueryBytes or has more than crm.MaxParams parameters is refused before it is
// parsed; the values are then empty.
func Params(raw string) (url.Values, *crm.Error) {
	if len(raw) > crm.MaxQueryBytes {
		return nil, crm.Errorf(crm.InvalidFilter, "the parameters have %d bytes; at most %d are allowed. Shorten lists, or split the request.", len(raw), crm.MaxQueryBytes)
	}
	if n := 1 + strings.Count(raw, "&"); n > crm.MaxParams {
		return nil, crm.Errorf(crm.InvalidFilter, "there are %d parameters; at most %d are allowed. To match any of several values write field=in:a,b,c.", n, crm.MaxParams)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return values, crm.Errorf(crm.InvalidFilter, "the query string cannot be read (%s); escape %% as %%25, & as %%26, ; as %%3B, # as %%23.", norm.OneLine(err.Error()))
	}
	return values, nil
}

// listOf splits a list at its commas. ok is false if it has more than crm.MaxItems items; the
// rest is then not read.
func listOf(text string) (items []string, ok bool) {
	items = strings.SplitN(text, ",", crm.MaxItems+1)
	return items, len(items) <= crm.MaxItems
}
