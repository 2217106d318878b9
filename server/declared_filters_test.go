package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnknownFiltersNameDeclaredFields misspells a declared field in a filter, and sends what is not an id.
func TestUnknownFiltersNameDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"segment","type":"text"}`)
	r.want(201, "POST", "/fields", `{"kind":"deal","name":"level","type":"number"}`)
	r.want(201, "POST", "/fields", `{"kind":"deal","name":"partner","type":"reference","ref":"company"}`)
	contains(t, r.want(400, "GET", "/deals?levle=1", ""), " level partner.", "Did you mean level?")
	contains(t, r.want(400, "GET", "/deals?company.segmnt=x", ""), " company.segment.", "Did you mean company.segment?")
	contains(t, r.want(400, "GET", "/deals?where=levle=1", ""), "Did you mean level?")
	for _, filter := range []string{"custom.partner=x", "partner=ne:x", "partner=in:x,y", "where=partner=x"} {
		contains(t, r.want(400, "GET", "/deals?"+filter, ""), "ERROR invalid_value", "Find the company with")
	}
	contains(t, r.want(409, "POST", "/deals", `{"title":"x","custom":{"partner":"x"}}`), "reference_not_found")
	for i := range 30 {
		r.want(201, "POST", "/fields", fmt.Sprintf(`{"kind":"deal","name":"more_%d","type":"text"}`, i))
	}
	body := r.want(400, "GET", "/deals?more_222=1", "")
	contains(t, body, " more_17 and 12 more declared ones (GET /schema/deal).", "Did you mean more_22?")
	if strings.Contains(body, " more_18 ") {
		t.Error(body)
	}
}

// TestEmptyListsOfDeclaredFields explains lists that are empty: by ranges of times, by options, by labels.
func TestEmptyListsOfDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Before","custom":{"langs":"[no list"}}`)
	for _, field := range []string{`"name":"langs","type":"tags"`, `"name":"met","type":"time"`, `"name":"level","type":"choice","options":["low","mid","high"]`} {
		r.want(201, "POST", "/fields", `{"kind":"contact",`+field+`}`)
	}
	r.want(201, "POST", "/contacts", `{"name":"One","custom":{"langs":["en","de"],"met":"2026-06-01T10:00Z","level":"low"}}`)
	r.want(201, "POST", "/contacts", `{"name":"Two","custom":{"langs":["en"]}}`)
	for filter, want := range map[string]string{
		"met=gte:2026-07-01":        "met=gte:2026-07-01 matches nothing; it was compared as time, and none of the values in use is in that range: time 1",
		"level=gt:mid":              "level=gt:mid matches nothing; in use: low 1",
		"langs=fr":                  `langs=fr matches nothing; in use: en 2, "[no list" 1, de 1`,
		"langs=%5B%22fr%22%2C%22it": `in use: en 2, "[no list" 1, de 1` + "\n",
	} {
		contains(t, r.want(200, "GET", "/contacts?"+filter, "")+"\n", want)
	}
	contains(t, r.want(200, "GET", "/contacts?langs=en", ""), "name=One", "name=Two")
}
