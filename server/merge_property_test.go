package server_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
)

// mergeWorld is a workspace whose records are merged at random, and a naive model of it.
type mergeWorld struct {
	*rig
	random *rand.Rand
	n      int                          // a number for each value, so that no two are alike
	ids    map[string][]string          // of the records that can be merged, by kind, also those that were merged
	into   map[string]string            // by the id of a merged record: the one that it was merged into
	values map[string][]string          // by id: what was sent for a record, which nothing may lose
	refs   map[string]map[string]string // by the path of a record: the ids to which it refers, as they were sent
	ties   map[string]map[string]bool   // by the id of a campaign: the records in it, as they were sent
	merges int
}

// mergedKinds are the plurals of the kinds that can be merged, with the field of the label.
var mergedKinds = map[string]string{"contacts": "name", "companies": "name", "deals": "title", "tickets": "subject"}

// referring are fields that lead to these records, by plural. Those of deals and tickets are tested
// by what lists find, since merges of these change them.
var referring = map[string]map[string]string{
	"tasks":      {"contact_id": "contacts", "company_id": "companies", "deal_id": "deals", "ticket_id": "tickets"},
	"activities": {"contact_id": "contacts", "company_id": "companies", "deal_id": "deals", "ticket_id": "tickets"},
}

func newMergeWorld(r *rig, seed uint64) *mergeWorld {
	w := &mergeWorld{rig: r.as("jane@acme.com"), random: rand.New(rand.NewPCG(seed, 20)), ids: map[string][]string{}, into: map[string]string{},
		values: map[string][]string{}, refs: map[string]map[string]string{}, ties: map[string]map[string]bool{}}
	for range 2 {
		w.ties[w.made("/campaigns", `{"name":"Campaign"}`)] = map[string]bool{}
	}
	for _, plural := range []string{"companies", "contacts", "deals", "tickets"} {
		for range 5 {
			w.create(plural)
		}
	}
	return w
}

// made creates a record and returns its id.
func (w *mergeWorld) made(path, body string) string {
	return w.json(201, "POST", path, body)["id"].(string)
}

// value returns a text that no other value contains, and notes that a record has it.
func (w *mergeWorld) value(list *[]string, form string) string {
	w.n++
	text := fmt.Sprintf(form, 100_000+w.n)
	*list = append(*list, text)
	return text
}

// create makes a record of a kind with some of its fields.
func (w *mergeWorld) create(plural string) {
	var sent []string
	body := fmt.Sprintf(`{%q:%q`, mergedKinds[plural], w.value(&sent, "Label %d"))
	forms := map[string][]string{
		"contacts": {`"email":"%s"`, "e%d@a.test", `"phone":"%s"`, "+49 30 %d", `"other_emails":["%s"]`, "o%d@a.test", `"title":"%s"`, "Title %d", `"stage":"%s"`, "stage %d",
			`"notes":"%s"`, "Notes %d", `"address":{"city":"%s"}`, "City %d", `"owner":"%s"`, "o%d"},
		"companies": {`"domain":"%s"`, "d%d.test", `"other_domains":["%s"]`, "x%d.test", `"notes":"%s"`, "Notes %d", `"address":{"city":"%s"}`, "City %d"},
		"deals":     {`"stage":"%s"`, "stage %d", `"lost_reason":"%s"`, "Reason %d", `"notes":"%s"`, "Notes %d", `"amount_cents":%s`, "%d"},
		"tickets":   {`"content":"%s"`, "Content %d", `"assignee":"%s"`, "a%d"},
	}[plural]
	forms = append(forms, `"tags":["%s","all"]`, "tag %d", `"external_ids":["crm:%s"]`, "x%d", `"custom":{"seats":"%s"}`, "Seats %d", `"custom":{"%s":1}`, "key%d")
	seen := map[string]bool{}
	for i := 0; i < len(forms); i += 2 {
		name, _, _ := strings.Cut(forms[i], ":")
		if w.random.IntN(2) == 0 || seen[name] {
			continue
		}
		seen[name] = true
		if name == `"amount_cents"` { // the amount shows it in another way
			w.n++
			body += fmt.Sprintf(`,"amount_cents":%d00`, w.n)
			sent = append(sent, fmt.Sprintf("%d.00", w.n))
			continue
		}
		body += "," + fmt.Sprintf(forms[i], w.value(&sent, forms[i+1]))
	}
	id := w.made("/"+plural, body+"}")
	w.ids[plural] = append(w.ids[plural], id)
	w.values[id] = sent
}

// any returns the id of a record of a kind, at times one that was merged.
func (w *mergeWorld) any(plural string) string {
	return w.ids[plural][w.random.IntN(len(w.ids[plural]))]
}

// kind returns a kind that can be merged.
func (w *mergeWorld) kind() string {
	return []string{"contacts", "contacts", "companies", "deals", "tickets"}[w.random.IntN(5)]
}

// lead returns the record that an id leads to.
func (w *mergeWorld) lead(id string) string {
	for w.into[id] != "" {
		id = w.into[id]
	}
	return id
}

// merge merges one to three records into another one, with a request of its own or as a line of a batch.
func (w *mergeWorld) merge() {
	plural := w.kind()
	winner, others, takes := w.any(plural), []string{w.any(plural)}, ""
	for range w.random.IntN(3) {
		others = append(others, w.any(plural))
	}
	if other := others[w.random.IntN(len(others))]; w.random.IntN(3) == 0 && w.lead(other) != w.lead(winner) {
		takes = fmt.Sprintf(`,"take":{%q:%q}`, mergedKinds[plural], other)
	}
	body := fmt.Sprintf(`{"from":["%s"]%s}`, strings.Join(others, `","`), takes)
	path, sent := "/"+plural+"/"+winner+"/merge", body
	if w.random.IntN(3) == 0 {
		path, sent = "/batch", fmt.Sprintf(`[{"method":"POST","path":%q,"body":%s}]`, path, body)
	}
	got := w.call("POST", path, sent)
	if found := tokenIs.FindStringSubmatch(got.body); got.status == 409 && found != nil {
		w.merges++
		got = w.call("POST", path+"?confirm="+found[1], sent)
	}
	if got.status != 200 {
		w.t.Fatalf("POST %s %s: %d %s", path, sent, got.status, got.body)
	}
	for _, other := range others {
		if w.lead(other) != w.lead(winner) {
			w.into[w.lead(other)] = w.lead(winner)
		}
	}
}

// refer makes a record that refers to others, or puts one into a campaign: with a request, a line of a batch
// or a row of an import.
func (w *mergeWorld) refer() {
	if w.random.IntN(3) == 0 {
		campaign, plural := w.id("campaign", 1+w.random.Int64N(2)), []string{"contacts", "companies"}[w.random.IntN(2)]
		id := w.any(plural)
		field := map[string]string{"contacts": "contact_id", "companies": "company_id"}[plural]
		w.call("POST", "/campaigns/"+campaign+"/members", fmt.Sprintf(`{%q:%q,"reason":"r"}`, field, id))
		w.ties[campaign][id] = true
		return
	}
	plural := []string{"tasks", "activities"}[w.random.IntN(2)]
	refs, names, cells := map[string]string{}, []string{"title"}, []string{"x"}
	if plural == "activities" {
		names, cells = []string{"body", "kind"}, []string{"x", "call"}
	}
	for name, kind := range referring[plural] {
		if w.random.IntN(2) == 0 || len(refs) == 0 {
			refs[name] = w.any(kind)
			names, cells = append(names, name), append(cells, refs[name])
		}
	}
	var members []string
	for i, name := range names {
		members = append(members, fmt.Sprintf("%q:%q", name, cells[i]))
	}
	body, path := "{"+strings.Join(members, ",")+"}", ""
	switch w.random.IntN(3) {
	case 0:
		path = "/" + plural + "/" + w.made("/"+plural, body)
	case 1:
		text := w.want(200, "POST", "/batch", `[{"method":"POST","path":"/`+plural+`","body":`+body+`}]`)
		path = "/" + plural + "/" + crm.CutHandle(strings.Fields(text)[2])
	default:
		w.n++
		text := w.want(200, "POST", "/import/"+plural+"?dry_run=0", fmt.Sprintf("%s,source_id\n%s,%d\n", strings.Join(names, ","), strings.Join(cells, ","), w.n))
		_, rest, _ := strings.Cut(text, " created ")
		path = "/" + plural + "/" + crm.CutHandle(strings.Fields(rest)[0])
	}
	w.refs[path] = refs
}

// edit changes a record under any of its ids, and only adds to it.
func (w *mergeWorld) edit() {
	plural := w.kind()
	id := w.any(plural)
	var sent []string
	w.want(200, "PATCH", "/"+plural+"/"+id, fmt.Sprintf(`{"custom":{%q:1},"tags":{"add":[%q]}}`, w.value(&sent, "key%d"), w.value(&sent, "tag %d")))
	w.values[id] = append(w.values[id], sent...)
}

// step does one random thing.
func (w *mergeWorld) step() {
	switch w.random.IntN(8) {
	case 0, 1:
		w.merge()
	case 2:
		w.create(w.kind())
	case 3:
		w.edit()
	default:
		w.refer()
	}
}

// check compares all records with the model.
func (w *mergeWorld) check(what string) {
	w.t.Helper()
	for plural, ids := range w.ids {
		all := map[string]string{} // what each record has
		for _, id := range ids {
			lead := w.lead(id)
			if got := w.json(200, "GET", "/"+plural+"/"+id, "")["id"]; got != lead {
				w.t.Errorf("%s: %s leads to %v, not %s", what, id, got, lead)
			}
			if all[lead] == "" {
				all[lead] = w.everything(plural, lead)
			}
			for _, value := range w.values[id] {
				if !strings.Contains(all[lead], value) {
					w.t.Errorf("%s: %s had %q, and %s has only %.3000s", what, id, value, lead, all[lead])
				}
			}
		}
		if got := fmt.Sprint(w.json(200, "GET", "/"+plural+"?limit=1", "")["total"]); got != fmt.Sprint(len(all)) {
			w.t.Errorf("%s: there are %s %s, not %d", what, got, plural, len(all))
		}
	}
	w.checkReferences(what)
	w.checkTies(what)
}

// everything returns a record with the texts of its notes.
func (w *mergeWorld) everything(plural, id string) string {
	field := w.store.Schema.ByPath(plural).Name + "_id"
	return w.want(200, "GET", "/"+plural+"/"+id, "", "Accept", "application/json") + w.want(200, "GET", "/activities?limit=500&total=none&kind=note&"+field+"="+id, "", "Accept", "application/json")
}

// checkReferences checks where the references of all records lead, and that lists find them by every id.
func (w *mergeWorld) checkReferences(what string) {
	w.t.Helper()
	found := map[string]int{} // by the parameters of a list
	for path, refs := range w.refs {
		rec := w.json(200, "GET", path, "")
		for name, id := range refs {
			if rec[name] != w.lead(id) {
				w.t.Errorf("%s: %s of %s is %v; %s leads to %s", what, name, path, rec[name], id, w.lead(id))
			}
			for _, kind := range w.ids {
				for _, other := range kind {
					if w.lead(other) == w.lead(id) {
						found[strings.Split(path, "/")[1]+"?"+name+"="+other]++
					}
				}
			}
		}
	}
	for list, n := range found {
		if strings.HasPrefix(list, "activities") {
			list += "&kind=call" // not the notes of merges
		}
		if got := fmt.Sprint(w.json(200, "GET", "/"+list+"&limit=1", "")["total"]); got != fmt.Sprint(n) {
			w.t.Errorf("%s: %s finds %s, not %d", what, list, got, n)
		}
	}
}

// checkTies checks which records are in each campaign: each once.
func (w *mergeWorld) checkTies(what string) {
	w.t.Helper()
	for campaign, ids := range w.ties {
		var want, got []string
		for id := range ids {
			want = append(want, w.lead(id))
		}
		items := w.json(200, "GET", "/campaigns/"+campaign+"/members?limit=500", "")["items"].([]any)
		for _, item := range items {
			for _, name := range []string{"contact_id", "company_id"} {
				if id, is := item.(map[string]any)[name].(string); is {
					got = append(got, id)
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if want = slices.Compact(want); !slices.Equal(got, want) {
			w.t.Errorf("%s: %s has %v, want %v", what, campaign, got, want)
		}
	}
}

// TestRandomMergesLoseNothing merges random records, among writes that use the ids of merged ones. All that
// a record had is in the one that it is part of, or in the notes of that; every reference leads
// there, and every id.
func TestRandomMergesLoseNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := newMergeWorld(r, seed)
		for round := range 6 {
			for range 25 {
				w.step()
			}
			if w.check(fmt.Sprint("round ", round)); t.Failed() {
				return
			}
		}
		if w.merges < 10 {
			t.Errorf("only %d merges", w.merges)
		}
	})
}
