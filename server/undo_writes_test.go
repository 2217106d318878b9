package server_test

import (
	"fmt"
	"strings"
)

// linked ties records to a campaign, by a list or a filter, or unties one.
func (w *undoWorld) linked() string {
	path := w.path("campaigns") + "/members"
	switch w.random.IntN(4) {
	case 0:
		return w.do("POST", path, fmt.Sprintf(`{"contacts":[%q,%q],"companies":[%q],"reason":"r%d"}`, w.idOf("contacts"), w.idOf("contacts"), w.idOf("companies"), w.random.IntN(9)))
	case 1:
		return w.do("POST", path, fmt.Sprintf(`{"filter":%q,"kind":%q}`, w.word("tags=eu", "tags=vip", "custom.seats=7"), w.word("contacts", "companies")))
	case 2:
		list := w.list(path + "?limit=200")
		if len(list) == 0 {
			return ""
		}
		member := list[w.random.IntN(len(list))].(map[string]any)
		for _, of := range []string{"contact_id", "company_id"} {
			if id, is := member[of].(string); is {
				return w.do("DELETE", path+"/"+id, "")
			}
		}
	}
	return w.do("PATCH", w.path("campaign_members"), fmt.Sprintf(`{"reason":"changed %d"}`, w.random.IntN(9)))
}

// tasked makes a task of another record.
func (w *undoWorld) tasked() string {
	return w.do("POST", w.path(w.word("contacts", "companies", "deals", "tickets"))+"/tasks", w.some(w.fields("tasks")[0], `"due_at":"+2d"`, `"done":true`, `"priority":"high"`))
}

// bulkOfAll changes or deletes all records of any kind that match, with changes of values.
func (w *undoWorld) bulkOfAll() string {
	plural := w.word(undoKinds...)
	if w.random.IntN(4) == 0 {
		return w.do("DELETE", "/"+plural+fmt.Sprintf("?id=in:%s,%s", w.idOf(plural), w.idOf(plural)), "")
	}
	bodies := map[string][]string{
		"companies": {`{"tags":{"add":["big"],"remove":["eu"]}}`, `{"address":{"city":"Rome"}}`, `{"owner":"o1","notes":null}`},
		"contacts":  {`{"follow_up_at":{"shift":"+2d"}}`, `{"company_id":"` + w.idOf("companies") + `"}`, `{"stage":"s3","title":null}`},
		"deals":     {`{"amount_cents":{"multiply":1.05}}`, `{"stage":"won"}`, `{"status":"open","contact_id":null}`, `{"amount_cents":{"add":7}}`},
		"tickets":   {`{"status":"solved"}`, `{"priority":null}`}, "tasks": {`{"done":true}`, `{"due_at":{"shift":"-1d"}}`}, "campaigns": {`{"status":"paused"}`},
		"campaign_members": {`{"reason":"all"}`}, "deal_contacts": {`{"role":"all"}`, `{"contact_id":"` + w.idOf("contacts") + `"}`}, "activities": {`{"kind":"call"}`},
	}
	return w.do("PATCH", "/"+plural+w.word("?all=1", "?created_at=gt:-1d", "?created_by=me"), w.word(bodies[plural]...))
}

// importedOf imports rows of any kind: with names of records of other kinds, which are made or completed, with nulls,
// which clear, and with ids.
func (w *undoWorld) importedOf() string {
	var rows strings.Builder
	kind := w.word("companies", "contacts", "deals", "tickets", "tasks", "activities", "campaigns")
	for range 1 + w.random.IntN(5) {
		n := w.random.IntN(12)
		row := map[string]string{
			"companies":  fmt.Sprintf(`{"name":"Firm %d","domain":%s,"notes":%s}`, n, w.word("null", fmt.Sprintf(`"d%d.test"`, n)), w.word(`"x"`, "null")),
			"contacts":   fmt.Sprintf(`{"name":"Kim %d","email":%s,"company":"Firm %d","tags":%s}`, n, w.word("null", fmt.Sprintf(`"p%d@acme.test"`, n)), n%4, w.word(`["eu"]`, "null")),
			"deals":      fmt.Sprintf(`{"title":"Deal %d","company":"Firm %d","contact":"Kim %d","amount":"%d.50 EUR","stage":%s}`, n, n%4, n, n, w.word(`"won"`, `"new"`)),
			"tickets":    fmt.Sprintf(`{"id":"%d","subject":"Ticket %d","requester":"Kim %d"}`, n, n, n),
			"tasks":      fmt.Sprintf(`{"title":"Task %d","contact":"Kim %d","done":%s}`, n, n, w.word("true", "false")),
			"activities": fmt.Sprintf(`{"body":"Met %d","kind":"meeting","contact":"Kim %d"}`, n, n),
			"campaigns":  fmt.Sprintf(`{"name":"Wave %d","status":"active"}`, n),
		}[kind]
		rows.WriteString(row + "\n")
	}
	return w.do("POST", "/import/"+kind+w.word("?dry_run=0", "?dry_run=0&source=old"), rows.String())
}

// dumped imports an export of the whole workspace as it was some writes ago, or remembers one.
func (w *undoWorld) dumped() string {
	if w.dump == "" || w.random.IntN(3) == 0 {
		w.dump = w.want(200, "GET", "/export", "")
		return ""
	}
	return w.do("POST", "/import?dry_run=0", w.dump)
}

// batchOfAll makes several writes at once, all or none.
func (w *undoWorld) batchOfAll() string {
	lines := []string{
		fmt.Sprintf(`{"method":"POST","path":"/deals","body":{"title":"B %d","contact_id":%q},"as":"d"}`, w.random.IntN(9), w.idOf("contacts")),
		`{"method":"POST","path":"/deals/$d/tasks","body":{"title":"Call"},"as":"t"}`,
		`{"method":"PATCH","path":"/deals/$d","body":{"stage":"won","amount_cents":500}}`,
		`{"method":"POST","path":"` + w.path("campaigns") + `/members","body":{"contact_id":"` + w.idOf("contacts") + `"}}`,
		`{"method":"DELETE","path":"` + w.path("contacts") + `"}`,
		`{"method":"POST","path":"` + w.path("companies") + `/merge","body":{"from":["` + w.idOf("companies") + `"]}}`,
		`{"method":"DELETE","path":"/tasks/$t"}`,
	}
	return w.do("POST", "/batch", "["+strings.Join(lines[:2+w.random.IntN(len(lines)-1)], ",")+"]")
}

// list returns the items of a list, none if there is no such list.
func (w *undoWorld) list(path string) []any {
	a := w.call("GET", path, "", "Accept", "application/json")
	items, _ := decoded(w.t, a.body)["items"].([]any)
	return items
}

// restored restores a deleted record, with what was deleted with it.
func (w *undoWorld) restored() string {
	for _, i := range w.random.Perm(len(undoKinds)) {
		plural := undoKinds[i]
		if list := w.list("/" + plural + "?deleted=only&limit=50"); len(list) > 0 {
			id := list[w.random.IntN(len(list))].(map[string]any)["id"].(string)
			return w.do("POST", "/"+plural+"/"+id+"/restore"+w.word("", "", "?without=email"), "")
		}
	}
	return ""
}
