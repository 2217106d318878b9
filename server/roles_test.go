package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// rolesModel is what the people of deals are, in the simplest form: of each deal its main contact and the role
// of each of its people.
type rolesModel struct {
	contacts []string
	main     map[string]string
	people   map[string]map[string]string
}

func (m rolesModel) clone() rolesModel {
	c := rolesModel{slices.Clone(m.contacts), maps.Clone(m.main), map[string]map[string]string{}}
	for deal, people := range m.people {
		c.people[deal] = maps.Clone(people)
	}
	return c
}

// setMain makes a contact the main one of a deal, and one of its people.
func (m rolesModel) setMain(deal, contact string) {
	if m.main[deal] = contact; contact == "" {
		return
	}
	if _, is := m.people[deal][contact]; !is {
		m.people[deal][contact] = ""
	}
}

// replace makes what one contact is on deals that of another, which keeps a role that it has.
func (m *rolesModel) replace(from, to string) {
	m.contacts = slices.DeleteFunc(m.contacts, func(id string) bool { return id == from })
	for deal, people := range m.people {
		role, is := people[from]
		if !is {
			continue
		}
		delete(people, from)
		if people[to] == "" && to != "" {
			people[to] = role
		}
		if m.main[deal] == from {
			m.main[deal] = to
		}
	}
}

// join makes one deal a part of another, which keeps its main contact and the roles that it has.
func (m rolesModel) join(from, to string) {
	if m.main[to] == "" {
		m.main[to] = m.main[from]
	}
	for contact, role := range m.people[from] {
		if m.people[to][contact] == "" {
			m.people[to][contact] = role
		}
	}
	m.remove(from)
}

func (m rolesModel) remove(deal string) {
	delete(m.people, deal)
	delete(m.main, deal)
}

// lines returns the model as text.
func (m rolesModel) lines() string {
	var list []string
	on := map[string]int{}
	for deal, people := range m.people {
		list = append(list, fmt.Sprintf("%s main=%s people=%d", deal, m.main[deal], len(people)))
		for contact, role := range people {
			list = append(list, fmt.Sprintf("%s %s role=%s", deal, contact, role))
			on[contact]++
		}
	}
	for _, contact := range m.contacts {
		list = append(list, fmt.Sprintf("%s deals=%d", contact, on[contact]))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// rolesWorld writes at random, and says in a model what must follow.
type rolesWorld struct {
	*undoWorld
	model rolesModel
}

// lines returns what lists of the server say, in the form of the model.
func (w *rolesWorld) lines() string {
	var list []string
	each := func(path string, say func(func(string) string) string) {
		for _, item := range w.json(200, "GET", path+"&limit=200", "")["items"].([]any) {
			object := item.(map[string]any)
			list = append(list, say(func(name string) string {
				if object[name] == nil {
					return ""
				}
				return fmt.Sprint(object[name])
			}))
		}
	}
	each("/deals?fields=contact_id,contacts", func(of func(string) string) string {
		return of("id") + " main=" + of("contact_id") + " people=" + of("contacts")
	})
	each("/deal_contacts?sort=id", func(of func(string) string) string {
		return of("deal_id") + " " + of("contact_id") + " role=" + of("role")
	})
	each("/contacts?fields=deals", func(of func(string) string) string { return of("id") + " deals=" + of("deals") })
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// pick returns one of some ids.
func (w *rolesWorld) pick(ids []string) string { return ids[w.random.IntN(len(ids))] }

// act does a write, which the model does too. It returns the change group; empty: nothing was saved.
func (w *rolesWorld) act() string {
	m, deals := &w.model, slices.Sorted(maps.Keys(w.model.people))
	if len(m.contacts) < 4 || w.random.IntN(12) == 0 {
		w.n++
		group := w.do("POST", "/contacts", fmt.Sprintf(`{"name":"Person number %d"}`, w.n))
		m.contacts = append(m.contacts, w.newest("/contacts"))
		return group
	}
	contact := w.pick(m.contacts)
	if len(deals) < 3 || w.random.IntN(10) == 0 {
		body := []string{`{"title":"D"}`, `{"title":"D","contact_id":"` + contact + `"}`}[w.random.IntN(2)]
		group, id := w.do("POST", "/deals", body), w.newest("/deals")
		m.people[id] = map[string]string{}
		if strings.Contains(body, contact) {
			m.setMain(id, contact)
		}
		return group
	}
	return w.change(w.pick(deals), contact)
}

func (w *rolesWorld) newest(path string) string {
	return w.json(200, "GET", path+"?limit=1&sort=-id", "")["items"].([]any)[0].(map[string]any)["id"].(string)
}

// change changes a deal or its people.
func (w *rolesWorld) change(deal, contact string) string {
	m, deals := &w.model, slices.Sorted(maps.Keys(w.model.people))
	_, is := m.people[deal][contact]
	switch role := w.word("", "champion", "user", "blocker"); w.random.IntN(9) {
	case 0:
		m.setMain(deal, contact)
		return w.do("PATCH", "/deals/"+deal, `{"contact_id":"`+contact+`"}`)
	case 1:
		m.setMain(deal, "")
		return w.do("PATCH", "/deals/"+deal, `{"contact_id":null}`)
	case 2, 3:
		if m.people[deal][contact] = role; role == "" {
			return w.do("POST", "/deals/"+deal+"/contacts", `{"contact_id":"`+contact+`","role":null}`)
		}
		return w.do("POST", "/deals/"+deal+"/contacts", `{"contact_id":"`+contact+`","role":"`+role+`"}`)
	case 4:
		if is && m.main[deal] != contact {
			delete(m.people[deal], contact)
		}
		group := w.do("DELETE", "/deals/"+deal+"/contacts/"+contact, "")
		if is && (group == "") != (m.main[deal] == contact) {
			w.t.Errorf("the main contact is %s: %s", m.main[deal], w.last)
		}
		return group
	case 5:
		other := w.pick(m.contacts)
		if other != contact {
			m.replace(other, contact)
		}
		return w.do("POST", "/contacts/"+contact+"/merge", `{"from":["`+other+`"]}`)
	case 6:
		other := w.pick(deals)
		if other != deal {
			m.join(other, deal)
		}
		return w.do("POST", "/deals/"+deal+"/merge", `{"from":["`+other+`"]}`)
	case 7:
		m.replace(contact, "")
		return w.do("DELETE", "/contacts/"+contact, "")
	}
	m.remove(deal)
	return w.do("DELETE", "/deals/"+deal, "")
}

// TestRolesModel writes deals and their people at random, undoes some of the writes, and undoes some of these undos.
// After each the server has what the model has.
func TestRolesModel(t *testing.T) {
	seed := kit.Seed(t)
	w := &rolesWorld{newUndoWorld(newRig(t).as("jane@acme.com"), seed), rolesModel{nil, map[string]string{}, map[string]map[string]string{}}}
	undone := 0
	check := func() {
		t.Helper()
		if err := w.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for deal, contact := range w.model.main {
			if contact == "" {
				delete(w.model.main, deal)
			}
		}
		if want, got := w.model.lines(), w.lines(); want != got {
			t.Fatalf("seed %d: after %s\n%s", seed, w.last, diff(want, got))
		}
	}
	for range 250 {
		before := w.model.clone()
		group := w.act()
		check()
		after := w.model.clone()
		for range w.random.IntN(3) {
			if group == "" {
				break
			}
			undone++
			group = w.undo(group)
			before, after = after, before
			w.model = after.clone()
			check()
		}
	}
	if undone < 50 {
		t.Errorf("seed %d: only %d undos", seed, undone)
	}
}

// TestMainContactsUnderLoad has clients change main contacts, people, and records at the same time, over all servers. At
// the end each main contact is one of the people of its deal, nobody is on a deal twice, and the counts are right.
func TestMainContactsUnderLoad(t *testing.T) {
	seed := kit.Seed(t)
	r := newRig(t).as("jane@acme.com")
	const contacts, deals = 5, 3
	for i := range contacts {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Person number %d"}`, i))
	}
	for range deals {
		r.want(201, "POST", "/deals", `{"title":"D"}`)
	}
	kit.Together(6, func(worker int) {
		w := newUndoWorld(r, seed+uint64(worker))
		for range 25 {
			deal, contact := r.id("deal", int64(1+w.random.IntN(deals))), r.id("contact", int64(1+w.random.IntN(contacts)))
			switch w.random.IntN(5) {
			case 0, 1:
				r.call("PATCH", "/deals/"+deal, `{"contact_id":"`+contact+`"}`)
			case 2:
				r.call("PATCH", "/deals/"+deal, `{"contact_id":null}`)
			case 3:
				r.call("POST", "/deals/"+deal+"/contacts", fmt.Sprintf(`{"contact_id":"%s","role":"r%d"}`, contact, worker))
			case 4:
				r.call("DELETE", "/deals/"+deal+"/contacts/"+contact, "")
			}
		}
	})
	got := (&rolesWorld{undoWorld: newUndoWorld(r, seed)}).lines()
	model := readModel(got)
	for deal, contact := range model.main {
		if _, is := model.people[deal][contact]; !is && contact != "" {
			t.Errorf("seed %d: %s is the main contact of %s and not among its people", seed, contact, deal)
		}
	}
	if want := model.lines(); want != got {
		t.Errorf("seed %d: %s", seed, diff(want, got))
	}
}

// readModel returns the model of which text is the form.
func readModel(text string) rolesModel {
	model := rolesModel{nil, map[string]string{}, map[string]map[string]string{}}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case strings.Contains(line, " main="):
			model.people[words[0]], model.main[words[0]] = map[string]string{}, strings.TrimPrefix(words[1], "main=")
		case strings.Contains(line, " deals="):
			model.contacts = append(model.contacts, words[0])
		}
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); strings.Contains(line, " role=") {
			model.people[words[0]][words[1]] = strings.TrimPrefix(words[2], "role=")
		}
	}
	return model
}

// TestImportsCountPeople restores an export with deals, their main contacts and further people, in which a deal makes the
// deal_contact of its main contact before the row about it: each row is counted once, as what it made.
func TestImportsCountPeople(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var ids []string
	for _, name := range []string{"Ann", "Bob", "Cleo"} {
		ids = append(ids, r.json(201, "POST", "/contacts", `{"name":"`+name+`"}`)["id"].(string))
	}
	for i := range 4 {
		deal := r.json(201, "POST", "/deals", fmt.Sprintf(`{"title":"Deal %d","contact_id":"%s"}`, i, ids[i%3]))["id"].(string)
		r.want(200, "POST", "/deals/"+deal+"/contacts", `{"contact_id":"`+ids[i%3]+`","role":"champion"}`)
		r.want(201, "POST", "/deals/"+deal+"/contacts", `{"contact_id":"`+ids[(i+1)%3]+`","role":"user"}`)
	}
	file := r.want(200, "GET", "/export", "")
	other := *r
	other.header = http.Header{}
	other.as("bob@other.com")
	for _, params := range []string{"?dry_run=1", "?dry_run=0"} {
		contains(t, other.want(200, "POST", "/import"+params, file), "15 created")
	}
	contains(t, other.want(200, "POST", "/import", file), "15 unchanged")
	contains(t, other.want(200, "GET", "/deal_contacts?role=champion&total=exact", ""), "of 4 deal_contacts")
	contains(t, other.want(200, "GET", "/deal_contacts?total=exact", ""), "of 8 deal_contacts")
}
