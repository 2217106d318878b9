package render

import (
	"strings"

	"crmkit/crm"
)

// AppendHeader appends the labels of the line as a row of CSV (RFC 4180).
func (l *Line) AppendHeader(b []byte) []byte {
	for i, f := range l.fields(new([]Field)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, f.Name)
	}
	return append(b, "\r\n"...)
}

// AppendCSV appends the values of the line as a row of CSV: times as JSON has them,
// labels with commas between, an object as one cell of JSON. A cell that a spreadsheet
// would take for a formula begins with an apostrophe, which an import takes away.
func (l *Line) AppendCSV(b []byte) []byte {
	for i, f := range l.fields(new([]Field)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, Guard(f.cell()))
	}
	return append(b, "\r\n"...)
}

// cell returns the value as text without loss.
func (f *Field) cell() string {
	switch f.Value.Kind {
	case crm.TimeKind:
		return strings.Trim(string(appendSeconds(nil, f.Value.Int)), `"`)
	case crm.ObjectKind:
		return string(crm.AppendObject(nil, f.Value.Members()))
	}
	return plain(f.Value, f.ID, nil)
}

func appendCell(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",;\t\r\n") && strings.TrimSpace(s) == s {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// Guard returns the text with an apostrophe in front where a spreadsheet would take
// it for a formula. Phone numbers and negative numbers are none.
func Guard(s string) string {
	if formula(s) {
		return "'" + s
	}
	return s
}

// Unguard takes away the apostrophe that Guard sets.
func Unguard(s string) string {
	if rest, found := strings.CutPrefix(s, "'"); found && formula(rest) {
		return rest
	}
	return s
}

// formula reports whether the text, perhaps behind apostrophes, begins as formulas
// do.
func formula(s string) bool {
	s = strings.TrimLeft(s, "'")
	if s == "" {
		return false
	}
	switch s[0] {
	case '=', '@', '\t', '\r':
		return true
	case '+', '-':
		return strings.Trim(s, "+-0123456789 ()./") != ""
	}
	return false
}
