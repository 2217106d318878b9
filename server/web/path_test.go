package web

import (
	"strings"
	"testing"

	"crmkit/crm/catalog"
	"crmkit/crm/norm"
)

func TestCleanPath(t *testing.T) {
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"/contacts":                      "/contacts",
		"/contact/c_01":                  "/contacts/c_01",
		"/contacts/contact/c_01":         "/contacts/c_01",
		"/contact/c_01/activities":       "/contacts/c_01/activities",
		"/contacts/contact/c_01/x":       "/contacts/c_01/x",
		"/token/tok_abc":                 "/tokens/tok_abc",
		"/change/aud_abc":                "/audit/aud_abc",
		"/contacts/%6A":                  "/contacts/j",
		"/contact":                       "/contact",
		"/contact/co_01":                 "/contacts/co_01",
		"/":                              "/",
		"/contacts/..":                   "/contacts/..",
		"/contacts%2Fc_01":               "",
		"/contacts/a%00":                 "",
		"/contacts/a%0d%0ab":             "",
		"/contacts/%5C":                  "",
		"/contacts/%zz":                  "",
		"/contacts/%ff":                  "",
		"/contacts/company/co_01":        "",
		"/companies/contact/c_1/x":       "",
		"":                               "",
		"*":                              "",
		"/" + strings.Repeat("a", 3_000): "",
	} {
		got, err := cleanPath(s, raw)
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%.40q: %q, %v; want %q", raw, got, err, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/contacts/c_01", "/contact/c_01/activities", "/contacts/contact/c_01", "/%2e%2e/%2F", "//x", "/contacts/company/co_1"} {
		f.Add(seed)
	}
	s, err := catalog.Schema()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path, fault := cleanPath(s, raw)
		if fault != nil {
			if strings.ContainsFunc(norm.OneLine(fault.Hint), norm.IsInvisible) {
				t.Errorf("hint %q", fault.Hint)
			}
			return
		}
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\x00\r\n\\") || strings.Count(path, "/") > strings.Count(raw, "/") {
			t.Errorf("%q became %q", raw, path)
		}
	})
}
