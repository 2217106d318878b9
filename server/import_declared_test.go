package server_test

import (
	"fmt"
	"testing"
)

// TestDeclaredColumnsAreReadAsBuiltIn imports numbers, amounts, dates and flags in the ways in which sheets write them into
// declared fields.
func TestDeclaredColumnsAreReadAsBuiltIn(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for name, kind := range map[string]string{"area": "number", "revenue": "money", "founded": "date", "vip": "flag"} {
		r.want(201, "POST", "/fields", fmt.Sprintf(`{"kind":"company","name":"%s","type":"%s"}`, name, kind))
	}
	for i, c := range []struct {
		path, rows string
		want       []string
	}{
		{"", "name,area\nA%d,1.200\nB%d,\"512,77\"\n", []string{"1200", "512.77"}},
		{"", "name,area\nA%d,1.5\nB%d,\"1,200\"\n", []string{"1.5", "1200"}},
		{"?decimal=.", "name,area\nA%d,1.200\nB%d,7\n", []string{"1.2", "7"}},
		{"", "name,revenue\nA%d,€ 5\nB%d,\"1.250,50 €\"\n", []string{"500 EUR", "125050 EUR"}},
		{"", "name,Revenue,revenue_currency\nA%d,12.50,CHF\nB%d,7,\n", []string{"1250 CHF", "700 USD"}},
		{"?dates=dmy", "name,founded\nA%d,03/04/2026\nB%d,2026-05-06\n", []string{"2026-04-03", "2026-05-06"}},
		{"", "name,founded\nA%d,03/04/2026\nB%d,30/07/2026\n", []string{"2026-04-03", "2026-07-30"}},
		{"", "name,vip\nA%d,TRUE\nB%d,nein\n", []string{"true", "false"}},
		{"", "name,custom.VIP\nA%d,1\nB%d,False\n", []string{"true", "false"}},
	} {
		r.want(200, "POST", "/import/companies"+c.path, fmt.Sprintf(c.rows, i, i))
		for j, name := range []string{"A", "B"} {
			list := r.json(200, "GET", fmt.Sprintf("/companies?name=%s%d", name, i), "")["items"].([]any)
			if len(list) != 1 {
				t.Errorf("%s: %d companies %s", c.rows, len(list), name)
				continue
			}
			custom, _ := list[0].(map[string]any)["custom"].(map[string]any)
			got := ""
			for _, key := range []string{"area", "founded", "vip"} {
				if custom[key] != nil {
					got = fmt.Sprint(custom[key])
				}
			}
			if custom["revenue_cents"] != nil {
				got = fmt.Sprint(custom["revenue_cents"], " ", custom["revenue_currency"])
			}
			if got != c.want[j] {
				t.Errorf("%s: %s has %s, want %s: %v", c.rows, name, got, c.want[j], custom)
			}
		}
	}
	for _, rows := range []string{"name,area\nA,1.200\n", "name,founded\nA,03/04/2026\n", "name,revenue\nA,1.200\n"} {
		contains(t, r.want(400, "POST", "/import/companies", rows), "two ways")
	}
}
