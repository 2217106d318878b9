package server

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
)

// Lists are read up to their limit: one that is a thousand times too long takes as many
// allocations as one that is too long by one.
func TestListsTooLongAreNotRead(t *testing.T) {
	repeat := func(n int, separator string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf("t%d", i)
		}
		return strings.Join(items, separator)
	}
	refuse := func(fault *crm.Error) {
		if fault == nil {
			t.Error("a list that is too long is taken")
		}
	}
	for name, read := range map[string]func(n int) func(){
		"parameters": func(n int) func() {
			raw := repeat(n+crm.MaxParams, "&")
			return func() { _, fault := param.All(raw); refuse(fault) }
		},
		"keys of an object": func(n int) func() {
			body := []byte(`{"t":1,"` + repeat(n+norm.MaxMembers, `":1,"`) + `":1}`)
			return func() {
				if _, err := norm.ReadObject(body); err == nil {
					t.Error("an object with too many keys is taken")
				}
			}
		},
	} {
		short := testing.AllocsPerRun(3, read(crm.MaxTags+1))
		long := testing.AllocsPerRun(3, read(170_000))
		if long > short+10 {
			t.Errorf("%s: %.0f allocations for 170,000 of them, %.0f for 101", name, long, short)
		}
	}
}
