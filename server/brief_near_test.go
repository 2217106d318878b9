package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestBriefsHoldWhatIsAboutDealsAndPeople logs tasks and talks about a deal or a person alone. The briefs of the company
// and of the person have them, each once, and say how many more there are.
func TestBriefsHoldWhatIsAboutDealsAndPeople(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := func(path, body string) string { return r.json(201, "POST", path, body)["id"].(string) }
	acme := id("/companies", `{"name":"Acme"}`)
	ann := id("/contacts", `{"name":"Ann","company_id":"`+acme+`"}`)
	deal := id("/deals", `{"title":"Seats","company_id":"`+acme+`","contact_id":"`+ann+`"}`)
	other := id("/deals", `{"title":"Elsewhere"}`)
	id("/tasks", `{"title":"For Acme","company_id":"`+acme+`","due_at":"+3d"}`)
	id("/tasks", `{"title":"For Ann","contact_id":"`+ann+`","due_at":"-1d"}`)
	id("/tasks", `{"title":"For all","contact_id":"`+ann+`","company_id":"`+acme+`","deal_id":"`+deal+`","due_at":"+1d"}`)
	id("/tasks", `{"title":"For both","contact_id":"`+ann+`","deal_id":"`+deal+`","due_at":"+1d"}`)
	id("/tasks", `{"title":"For the deal","deal_id":"`+deal+`","due_at":"+2d"}`)
	id("/tasks", `{"title":"For another","deal_id":"`+other+`","due_at":"+2d"}`)
	id("/activities", `{"kind":"call","body":"About seats","deal_id":"`+deal+`"}`)
	for _, path := range []string{"/companies/" + acme, "/contacts/" + ann} {
		text := r.want(200, "GET", path+"/brief", "")
		for _, want := range []string{`title="For Ann"`, `title="For all"`, `title="For both"`, `title="For the deal"`, `body="About seats"`, "deal.title=Seats"} {
			if n := strings.Count(text, want); n != 1 && (want != "deal.title=Seats" || n == 0) {
				t.Errorf("%s: %d of %s\n%s", path, n, want, text)
			}
		}
		if strings.Contains(text, "For another") || strings.Contains(text, "left out") {
			t.Errorf("%s:\n%s", path, text)
		}
	}
	for i := range 5 {
		id("/tasks", fmt.Sprintf(`{"title":"More %d","deal_id":%q,"due_at":"+3d"}`, i, deal))
	}
	for _, path := range []string{"/companies/" + acme, "/contacts/" + ann} {
		text := r.want(200, "GET", path+"/brief", "")
		_, call, found := strings.Cut(text, "3 tasks: GET ")
		if call, _, _ = strings.Cut(call, "\n"); !found {
			t.Fatal(text)
		}
		if n := r.json(200, "GET", call, "")["total"]; fmt.Sprint(n) != "6" {
			t.Errorf("%s has %v tasks, 3 of them in the brief:\n%s", call, n, text)
		}
	}
}

// TestBriefsOfManyPeopleAndDeals asks for the brief of a company with more people and deals than are looked at.
func TestBriefsOfManyPeopleAndDeals(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	acme := r.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	for i := range 60 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Ann %d","company_id":%q}`, i, acme))
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"Deal %d","company_id":%q}`, i, acme))
	}
	text := r.want(200, "GET", "/companies/"+acme+"/brief?budget=4000", "")
	contains(t, text, "what is about 10 contacts beyond the first alone: GET /contacts?company="+acme, "what is about 10 deals beyond the first alone: GET /deals?company="+acme)
}
