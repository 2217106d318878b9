package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// TestKeptSumsAreThoseOfTheTable changes deals at random in every way that there is, and compares the sums that the store
// keeps with those of the table, and answers from them with those of the same questions that the table answers.
func TestKeptSumsAreThoseOfTheTable(t *testing.T) {
	seed := kit.Seed(t)
	w := newNumbersWorld(t, seed)
	n := 30
	if testing.Short() {
		n = 12
	}
	for range n {
		w.change(5)
		w.changeMany()
		w.checkKept()
	}
}

// changeMany changes deals by one of the ways that change several.
func (w *numbersWorld) changeMany() {
	r := w.r
	switch w.rng.IntN(7) {
	case 0:
		w.patchAll("/deals?stage=lead", `{"amount_cents":{"multiply":1.5}}`)
	case 1:
		w.patchAll("/deals?owner=ann", `{"stage":"Proposal"}`)
	case 2: // merge two
		if len(w.deals) > 6 {
			r.confirmed("/deals/"+w.deals[0]+"/merge", `{"from":["`+w.deals[1]+`"]}`)
			w.deals = slices.Delete(w.deals, 1, 2)
		}
	case 3: // what was done last is undone
		change := r.json(200, "PATCH", "/deals/"+w.deals[0], fmt.Sprintf(`{"amount_cents":%d,"stage":"undo%d"}`, w.rng.IntN(100), w.rng.IntN(3)))["change"]
		r.want(200, "POST", "/undo", fmt.Sprintf(`{"change":"%v"}`, change))
	case 4: // deleted and restored
		r.confirmedDelete("/deals/" + w.deals[0])
		r.want(200, "POST", "/deals/"+w.deals[0]+"/restore", "")
	case 5:
		r.want(200, "POST", "/import/deals", "title,stage,amount_cents,currency\nI1,imported,5,USD\nI2,,7,EUR\n", "Content-Type", "text/csv")
	default: // a batch that fails is not kept
		r.call("POST", "/batch", `[{"method":"POST","path":"/deals","body":{"title":"x","amount_cents":1000}},{"method":"POST","path":"/deals","body":{"titel":"y"}}]`)
	}
}

// patchAll changes all deals that match, if there are some.
func (w *numbersWorld) patchAll(path, body string) {
	if a := w.r.call("PATCH", path, body); a.status == 409 {
		w.r.want(200, "PATCH", path+"&confirm="+confirmOf(a.body), body)
	}
}

// checkKept compares the kept sums with the table.
func (w *numbersWorld) checkKept() {
	w.t.Helper()
	const values = "status || '|' || currency || '|' || COALESCE('=' || stage, '') || '|' || "
	kept := w.r.column("SELECT " + values + "CAST(n AS TEXT) || '|' || CAST(amounts AS TEXT) || '|' || CAST(high * 4294967296 + low AS TEXT) FROM deal_sums")
	table := w.r.column("SELECT " + values + "CAST(COUNT(*) AS TEXT) || '|' || CAST(COUNT(amount_cents) AS TEXT) || '|' || CAST(COALESCE(SUM(amount_cents), 0) AS TEXT) FROM deals WHERE workspace_id > 0 GROUP BY status, currency, stage")
	slices.Sort(kept)
	slices.Sort(table)
	if !slices.Equal(kept, table) {
		w.t.Fatalf("kept\n%s\nthe table has\n%s", strings.Join(kept, "\n"), strings.Join(table, "\n"))
	}
	for _, q := range []string{"group=stage&sum=amount_cents&status=open", "group=stage", "group=status,currency,stage&avg=amount_cents", "sum=amount_cents&stage=in:lead,won", "group=currency&stage=is:null", "group=status&stage=ne:lead", "sum=amount_cents&stage=nobody"} {
		if got, want := w.lines("/deals?format=json&"+q), w.lines("/deals?format=json&version=gte:0&"+q); got != want {
			w.t.Fatalf("%s is\n%sthe table has\n%s", q, got, want)
		}
	}
}
