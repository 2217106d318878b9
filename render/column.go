package render

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// appendColumn appends the field of a line of numbers to text. Its unset value is a group too, and a text
// (unset) is quoted, so the two differ.
func (f *Field) appendColumn(b []byte, s textOptions) []byte {
	b = append(append(append(b, ' '), f.Name...), '=')
	switch text := formatValue(f.Value, f.ID, s.zone); {
	case !f.Value.Set():
		return append(b, "(unset)"...)
	case text == "(unset)":
		return norm.AppendQuoted(b, text)
	case f.Value.Kind == crm.TimeKind:
		return append(b, text...)
	default:
		return norm.AppendValue(b, text)
	}
}

// appendTextJSON appends a text to JSON.
func (f *Field) appendTextJSON(b []byte) []byte {
	if f.Number {
		return append(b, f.Value.Text...)
	}
	return norm.AppendQuoted(b, f.Value.Text)
}
