package server_test

import (
	"fmt"
	"testing"
)

// TestMergesKeepMoneyWhole merges companies whose declared amounts are in other currencies: number and currency come from
// one of them, under whichever name they are taken, and a record without one gets both.
func TestMergesKeepMoneyWhole(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		r.want(201, "POST", "/fields", `{"kind":"company","name":"revenue","type":"money"}`)
		for name, want := range map[string]string{"": "500 EUR", "custom.revenue": "100 CHF", "custom.revenue_cents": "100 CHF", "custom.revenue_currency": "100 CHF"} {
			a := r.json(201, "POST", "/companies", `{"name":"A","revenue":"5 EUR"}`)["id"].(string)
			b := r.json(201, "POST", "/companies", `{"name":"B","revenue":"1 CHF"}`)["id"].(string)
			bare := r.json(201, "POST", "/companies", `{"name":"C"}`)["id"].(string)
			take := "{}"
			if name != "" {
				take = `{"` + name + `":"` + b + `"}`
			}
			r.confirmed("/companies/"+a+"/merge", `{"from":["`+b+`"],"take":`+take+`}`)
			r.checkRevenue(a, name, want)
			contains(t, r.want(400, "POST", "/companies/"+a+"/merge", `{"from":["`+bare+`"],"take":{"custom.revenue":"`+bare+`"}}`), "take.custom.revenue")
			r.confirmed("/companies/"+bare+"/merge", `{"from":["`+a+`"]}`)
			r.checkRevenue(bare, name, want)
		}
	})
}

// checkRevenue checks the amount that a company has after a merge.
func (r *rig) checkRevenue(id, took, want string) {
	r.t.Helper()
	custom := r.json(200, "GET", "/companies/"+id, "")["custom"].(map[string]any)
	if got := fmt.Sprint(custom["revenue_cents"], " ", custom["revenue_currency"]); got != want {
		r.t.Errorf("taking %q: %s, want %s", took, got, want)
	}
}
