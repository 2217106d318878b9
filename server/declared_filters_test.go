package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnknownFiltersNameDeclaredFields misspells a declared field in a filter, and sends an id that is none.
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
