package crm

import (
	"regexp"
	"testing"
)

// FuzzRunNames checks names of runs against a pattern.
func FuzzRunNames(f *testing.F) {
	for _, name := range []string{"enrich-1128", "", "a b", "a\tb", "~!{}", "é", "\x7f", "a\n", string(make([]byte, 200))} {
		f.Add(name)
	}
	allowed := regexp.MustCompile(`\A[!-~]{1,100}\z`)
	f.Fuzz(func(t *testing.T, name string) {
		if fault := CheckRun(name); (fault == nil) != allowed.MatchString(name) {
			t.Errorf("%q: %v", name, fault)
		}
	})
}
