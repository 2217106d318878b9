package render_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// cells are texts that a spreadsheet or a parser of CSV could misread.
var cells = []string{
	"=1+1", "'=x", "''=", "@home", "+49 30 (1)", "-5", "-x", "a,b", "say \"hi\"", "two\nlines", "'tis", " x",
	"x;=cmd|' /C calc'!A1", "x; =1", "a,@b", "a\t=b", "a\n=b", "a\r\n=b", "x;\"=1;y", "x;'=1", "＝1", "＋x", "－x", "＠x", "x;＝1",
	"\x1b[31m", "a\u200bb", "\U000e0041", "\u202eabc", "می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f", "\ufe0f\ufe0f",
	`\u200b`, `\\u200b`, `\udb40\udc41`, `\u007bx`, `\u005cu200b`, "\\\u200b", `{"a":1}`, "{\x1b}", "{;=1", `C:\users`, "x;\u200d=1",
	"'0123", "''0123", "'+1 (2)", "'1,2", "'+1E5", "'+1:2", "'2026-01-02", "0123", "'90s", "'",
}

// checkCell checks that a text is unchanged after it was written as a cell and read.
func checkCell(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	line := render.Item{Fields: []render.Field{{Name: "a", Value: crm.Str(text)}, {Name: "b", Value: crm.Str("x")}}}
	row := string(line.AppendCSV(nil))
	rows, err := csv.NewReader(strings.NewReader(row)).ReadAll()
	if err != nil || len(rows) != 1 || render.ReadCell(rows[0][0]) != text {
		t.Fatalf("%q is written as %q and comes back as %q, %v", text, row, rows, err)
	}
	safe(t, rows[0][0])
}

// safe checks that no part of a cell begins like a formula, and that no character is invisible.
func safe(t interface{ Fatalf(string, ...any) }, cell string) {
	for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;\t\n", r) }) {
		part = strings.TrimLeft(part, " \"")
		if part == "" || strings.Trim(part, "+-0123456789 ()./") == "" {
			continue
		}
		if strings.ContainsAny(part[:1], "=@+-") || strings.HasPrefix(part, "＝") || strings.HasPrefix(part, "＋") || strings.HasPrefix(part, "－") || strings.HasPrefix(part, "＠") {
			t.Fatalf("%q has a formula: %q", cell, part)
		}
	}
	before := ' '
	for _, r := range cell {
		joins := (r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f) && !norm.IsInvisible(before) && before != ' '
		if norm.IsInvisible(r) && r != '\n' && r != '\t' && !joins {
			t.Fatalf("%q shows U+%04X", cell, r)
		}
		before = r
	}
}

// FuzzCSVCells runs checkCell on any text.
func FuzzCSVCells(f *testing.F) {
	for _, text := range cells {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text != "" && utf8.ValidString(text) {
			checkCell(t, text)
		}
	})
}

// TestCellsRoundTrip runs checkCell on texts of the characters that cells treat specially.
func TestCellsRoundTrip(t *testing.T) {
	pieces := append([]string{"=", "@", "+", "-", "'", "\"", "{", "}", ",", ";", "\t", "\n", "\r", " ", "a", "1", `\`, "u", "u200b", "udb40", "udc41", "u007b", "005c", "\u200b", "\u200d", "\u2800", "\U000e0041"}, cells...)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8).Draw(t, "text"), "")
		checkCell(t, text)
	})
}

// TestObjectsInCellsAreJSON checks that custom values in a cell are valid JSON with the same
// values, of which no part is a formula.
func TestObjectsInCellsAreJSON(t *testing.T) {
	for _, text := range cells {
		for _, value := range []any{text, []any{text, -5, text}, map[string]any{text: text}} {
			raw, _ := json.Marshal(value)
			line := render.Item{Fields: []render.Field{{Name: "custom", Value: crm.Members([]crm.Member{{Name: text, JSON: string(raw)}, {Name: "b", JSON: `"=1"`}})}}}
			rows, err := csv.NewReader(strings.NewReader(string(line.AppendCSV(nil)))).ReadAll()
			if err != nil || render.ReadCell(rows[0][0]) != rows[0][0] {
				t.Fatalf("%q: %q, %v", text, rows, err)
			}
			var got, want map[string]any
			if err := json.Unmarshal([]byte(rows[0][0]), &got); err != nil {
				t.Fatalf("%q is no JSON: %v", rows[0][0], err)
			}
			plain, _ := json.Marshal(map[string]any{text: value, "b": "=1"})
			_ = json.Unmarshal(plain, &want)
			a, _ := json.Marshal(got)
			if b, _ := json.Marshal(want); string(a) != string(b) {
				t.Errorf("%q comes back as %q", b, a)
			}
			safe(t, rows[0][0])
		}
	}
}
