package render_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/render"
)

// FuzzCSVCells carries texts out and in again, and holds that none begins as a
// formula does. Readers of CSV drop carriage returns.
func FuzzCSVCells(f *testing.F) {
	for _, text := range []string{"=1+1", "'=x", "''=", "@home", "+49 30 (1)", "-5", "-x", "a,b", "say \"hi\"", "two\nlines", "'tis", " x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || strings.ContainsRune(text, '\r') {
			return
		}
		line := render.Line{Fields: []render.Field{{Name: "a", Value: crm.Str(text)}, {Name: "b", Value: crm.Str("x")}}}
		rows, err := csv.NewReader(strings.NewReader(string(line.AppendCSV(nil)))).ReadAll()
		if err != nil || len(rows) != 1 || render.Unguard(rows[0][0]) != text {
			t.Fatalf("%q comes back as %q, %v", text, rows, err)
		}
		if cell := rows[0][0]; strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
			t.Errorf("%q is a formula", cell)
		}
	})
}
