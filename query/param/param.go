// Package param reads parameters and parts of them that have the same form wherever they stand: query
// strings, lists, limits. It knows no fields and no filters.
package param

import (
	"net/url"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// All parses a query string, a stored filter or a form. One that is longer than
// crm.MaxQueryBytes or has more than crm.MaxParams parameters is refused before it is
// parsed; the values are then empty.
func All(raw string) (url.Values, *crm.Error) {
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

// Listed splits a list at its commas. ok is false if it has more than crm.MaxItems items; the
// rest is then not read.
func Listed(text string) (items []string, ok bool) {
	items = strings.SplitN(text, ",", crm.MaxItems+1)
	return items, len(items) <= crm.MaxItems
}

// Limit parses limit=. A larger number than most is not an error, because agents ask for
// as much as they can get: the limit is then most, and cut is the number of the request.
func Limit(value string, most int) (limit int, cut string, err *crm.Error) {
	n, convErr := strconv.Atoi(value)
	if strings.Trim(value, "0123456789") == "" && convErr != nil && value != "" {
		n, convErr = 1<<31-1, nil
	}
	switch {
	case convErr != nil || n < 1:
		return 0, "", crm.Errorf(crm.InvalidValue, "limit=%s is not a page size; write a whole number from 1 to %d.", norm.Quote(value), most).On("limit")
	case n > most:
		return most, value, nil
	}
	return n, "", nil
}

// Times parses times=, and reports whether times are shown with milliseconds.
func Times(value string) (millis bool, err *crm.Error) {
	if value == "ms" {
		return true, nil
	}
	return false, crm.Errorf(crm.InvalidValue, "times=%s is not known; write times=ms for times with milliseconds, or leave it out.", norm.Quote(value)).On("times").Of(value, []string{"ms"})
}
