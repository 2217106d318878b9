package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPreviewsNameTheCurrency checks that who confirms a change of money sees the currency.
func TestPreviewsNameTheCurrency(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	deal := r.json(201, "POST", "/deals", `{"title":"12 seats","amount":"1250.00 EUR"}`)["id"].(string)
	double := r.json(201, "POST", "/deals", `{"title":"Seats"}`)["id"].(string)
	const want = `amount_cents 125000 -> 131250; amount "1250.00 EUR" -> "1312.50 EUR"`
	raise := `{"amount_cents":{"multiply":1.05}}`
	for _, test := range []struct {
		status             int
		method, path, body string
		want               string
	}{
		{409, "PATCH", "/deals?title=12%20seats", raise, want},
		{200, "PATCH", "/deals/" + deal + "?dry_run=1", raise, want},
		{200, "POST", "/batch?dry_run=1", `[{"method":"PATCH","path":"/deals/` + deal + `","body":` + raise + `}]`, want},
		{200, "POST", "/batch?dry_run=1", `[{"method":"POST","path":"/deals","body":{"title":"x","amount":"5.00 CHF"}}]`, `1 created deal title=x amount_cents=500 currency=CHF`},
		{409, "POST", "/deals/" + double + "/merge", `{"from":["` + deal + `"]}`, `amount_cents (unset) -> 125000; amount (unset) -> "1250.00 `},
		{200, "PATCH", "/deals/" + deal + "?dry_run=1", `{"currency":"USD"}`, `currency EUR -> USD; amount "1250.00 EUR" -> "1250.00 USD"`},
		{200, "PATCH", "/deals/" + deal, raise, "# updated: amount_cents 125000 -> 131250\n"},
	} {
		if text := r.want(test.status, test.method, test.path, test.body); !strings.Contains(text, test.want) {
			t.Errorf("%s %s: %s, want %s", test.method, test.path, text, test.want)
		}
	}
	token := r.planned("PATCH", "/deals/"+deal+"?dry_run=1", raise)
	r.want(200, "PATCH", "/deals/"+deal, `{"currency":"USD"}`)
	if text := r.want(409, "PATCH", "/deals/"+deal+"?confirm="+token, raise); !strings.Contains(text, `amount "1312.50 USD" -> "1378.12 USD"; jane@acme.com`) {
		t.Errorf("the currency is another one: %s", text)
	}
	r.want(200, "PATCH", "/deals/"+deal, `{"currency":"EUR"}`)
	changes := r.json(200, "PATCH", "/deals/"+deal+"?dry_run=1", raise)["changes"].(map[string]any)
	if got := fmt.Sprint(changes["amount"]); got != "[1312.50 EUR 1378.12 EUR]" {
		t.Errorf("JSON has %v", changes)
	}
}

// TestLongValuesAreCut checks that dry runs and receipts show the beginning of long values, and that a plan is about
// all of them.
func TestLongValuesAreCut(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	long := strings.Repeat("word ", 10_000)
	id := r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Joe","notes":"a%s","custom":{"story":"a%s"}}`, long, long[:5000]))["id"].(string)
	body := fmt.Sprintf(`{"notes":"b%s","custom":{"story":"b%s"}}`, long, long[:5000])
	batch := fmt.Sprintf(`[{"method":"PATCH","path":"/contacts/%s","body":%s},{"method":"POST","path":"/contacts","body":{"name":"Ann","notes":"c%s"}}]`, id, body, long)
	for _, test := range []struct {
		status             int
		method, path, body string
		want               string
	}{
		{409, "PATCH", "/contacts?name=Joe", body, `notes "aword word`},
		{200, "POST", "/batch?dry_run=1", batch, `2 created contact name=Ann notes="cword word`},
		{200, "POST", "/batch?dry_run=1&format=json", batch, `"values":{"name":"Ann","notes":"cword word`},
		{409, "PATCH", "/contacts?name=Joe&format=json", body, `"changes":{"notes":["aword word`},
		{200, "POST", "/batch", batch, `1 updated contact/` + id + ` notes "aword word`},
	} {
		text := r.want(test.status, test.method, test.path, test.body)
		if !strings.Contains(text, test.want) || !strings.Contains(text, "…") || len(text) > 5000 {
			t.Errorf("%s %s: %d bytes, want %s: %.3000s", test.method, test.path, len(text), test.want, text)
		}
	}
	token := r.planned("PATCH", "/contacts/"+id+"?dry_run=1", `{"notes":null}`)
	r.want(200, "PATCH", "/contacts/"+id, `{"notes":"b`+long+`end"}`)
	if text := r.want(409, "PATCH", "/contacts/"+id+"?confirm="+token, `{"notes":null}`); !strings.Contains(text, "would now change notes") {
		t.Errorf("%.1000s", text)
	}
}
