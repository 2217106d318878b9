package query

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query/operand"
)

// FuzzItems compares lists with encoding/csv for the texts that are valid in both.
func FuzzItems(f *testing.F) {
	for _, seed := range []string{"a,b", `"a,b",c`, `"a""b"`, `"a`, `"a"b`, ",", "", `a"b,c`, strings.Repeat(",", crm.MaxItems)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, ok := operand.Items(text)
		if len(list) > crm.MaxItems {
			t.Fatalf("%d items", len(list))
		}
		r := csv.NewReader(strings.NewReader(text))
		r.LazyQuotes = !strings.Contains(text, `"`)
		want, err := r.Read()
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return // a quote inside an unquoted item is text here and an error in encoding/csv
		}
		if ok != (len(want) <= crm.MaxItems) || ok && !slices.Equal(list, want) {
			t.Fatalf("%q: %q %v, encoding/csv reads %q", text, list, ok, want)
		}
	})
}
