package query_test

import (
	"net/url"
	"strings"
	"testing"

	"crmkit/query"
)

// FuzzFind searches for any text in every entity: no panic, hints of one line, and no text of the
// client in SQL.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{"acme", "jane@acme.com", "https://www.acme.com/x", "c_07j0", "contact/c_07j0", "+49 (30) 123-45", "0049", "%_\\", "ﬁ Ⅳ", "\u0301", "a b c"} {
		f.Add(seed)
	}
	env := testEnv(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range env.Schema.Records() {
			for _, text := range []string{text, text + marked} {
				s, fault := query.Find(e, text, env)
				if fault != nil {
					if fault.Code.Status() != 400 || fault.Hint == "" || strings.ContainsAny(fault.Hint, "\r\n") {
						t.Fatalf("%q: %v", text, fault)
					}
					if _, other := query.Parse(e, url.Values{"search": {text}}, env); other == nil && text != "" {
						t.Fatalf("%q: search= takes it", text)
					}
					continue
				}
				for _, part := range s.Ranges() {
					if !sqlText.MatchString(part.Where) || !sqlText.MatchString(part.Order.String()) || strings.Contains(part.Where+part.Order.String(), marked) {
						t.Fatalf("%q: %s ORDER BY %s", text, part.Where, part.Order)
					}
				}
			}
		}
	})
}
