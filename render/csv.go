package render

import (
	"strings"

	"crmkit/crm"
)

// AppendHeader appends the names of the item's fields as a row of CSV (RFC 4180).
func (l *Item) AppendHeader(b []byte) []byte {
	for i, f := range l.fields(new([]Field)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, f.Name)
	}
	return append(b, "\r\n"...)
}

// AppendCSV appends the item's values as a row of CSV: times as in JSON, the items of a
// list with commas between, an object as one cell of JSON. No part of a cell begins like a
// formula, and invisible characters are escaped; ReadCell undoes both.
func (l *Item) AppendCSV(b []byte) []byte {
	for i, f := range l.fields(new([]Field)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, f.cell())
	}
	return append(b, "\r\n"...)
}

// cell returns the value as the text of a cell, without loss: an export that is imported
// again gives the same records.
func (f *Field) cell() string {
	switch f.Value.Kind {
	case crm.TimeKind:
		if f.Millis {
			return string(appendMillis(nil, f.Value.Int))
		}
		return strings.Trim(string(appendSeconds(nil, f.Value.Int)), `"`)
	case crm.ObjectKind:
		return string(appendSafeJSON(nil, string(appendObject(nil, f.Value.Members()))))
	}
	return safeCell(formatValue(f.Value, f.ID, nil))
}

// appendCell appends a cell, in quotes if it needs them: also for separators that only
// some spreadsheets split at.
func appendCell(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",;\t\r\n") && strings.TrimSpace(s) == s {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}
