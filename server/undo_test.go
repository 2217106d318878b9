package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// create makes a record, or updates one that has the same key.
func (w *undoWorld) create() string {
	plural := undoKinds[w.random.IntN(len(undoKinds))]
	if plural == "campaign_members" {
		return w.do("POST", w.path("campaigns")+"/members", fmt.Sprintf(`{%s,"reason":"r%d"}`, []string{`"contact_id":"` + w.idOf("contacts") + `"`, `"company_id":"` + w.idOf("companies") + `"`}[w.random.IntN(2)], w.random.IntN(9)))
	}
	if plural == "deal_contacts" {
		return w.do("POST", w.path("deals")+"/contacts", fmt.Sprintf(`{"contact_id":"%s","role":"r%d"}`, w.idOf("contacts"), w.random.IntN(9)))
	}
	fields := w.fields(plural)
	if plural == "activities" {
		return w.do("POST", w.path(w.word("contacts", "companies", "deals", "tickets"))+"/activities", w.some(fields[0], fields[1:3]...))
	}
	return w.do("POST", "/"+plural, w.some(fields[0], fields[1:]...))
}

// update changes a record.
func (w *undoWorld) update() string {
	plural := w.word(slices.DeleteFunc(slices.Clone(undoKinds), func(name string) bool { return name == "campaign_members" || name == "deal_contacts" })...)
	return w.do("PATCH", w.path(plural), w.some("", w.fields(plural)...))
}

// remove deletes a record with what belongs to it.
func (w *undoWorld) remove() string { return w.do("DELETE", w.path(w.word(undoKinds...)), "") }

// merge merges records.
func (w *undoWorld) merge() string {
	plural := w.word("contacts", "companies", "deals", "tickets")
	others := []string{w.idOf(plural), w.idOf(plural)}[:1+w.random.IntN(2)]
	return w.do("POST", w.path(plural)+"/merge", `{"from":["`+strings.Join(others, `","`)+`"]}`)
}

// bulk changes or deletes all records that match.
func (w *undoWorld) bulk() string {
	plural := w.word("contacts", "deals", "tasks", "tickets")
	if w.random.IntN(3) == 0 {
		return w.do("DELETE", "/"+plural+w.word("?created_by=me&custom.seats=2", "?custom.a=x", "?created_at=gt:-1h"), "")
	}
	return w.do("PATCH", "/"+plural+"?all=1", w.word(`{"custom":{"seats":7}}`, `{"custom":{"z":null,"q":"w"}}`))
}

// batch makes several writes at once.
func (w *undoWorld) batch() string {
	email := fmt.Sprintf("p%d@acme.test", w.random.IntN(40))
	lines := []string{
		`{"method":"POST","path":"/companies","body":{"name":"Acme B"},"as":"co"}`,
		`{"method":"POST","path":"/contacts","body":{"name":"Ann","email":"` + email + `","company_id":"$co"},"as":"ann"}`,
		`{"method":"POST","path":"/contacts/$ann/activities","body":{"body":"said"}}`,
		`{"method":"PATCH","path":"` + w.path("contacts") + `","body":` + w.some("", w.fields("contacts")...) + `}`,
		`{"method":"PATCH","path":"/contacts/$ann","body":{"stage":"s9","company_id":null}}`,
		`{"method":"DELETE","path":"` + w.path("deals") + `"}`,
		`{"method":"DELETE","path":"/companies/$co"}`,
	}
	return w.do("POST", "/batch?atomic=0", "["+strings.Join(lines[:2+w.random.IntN(len(lines)-1)], ",")+"]")
}

// imported imports rows.
func (w *undoWorld) imported() string {
	var rows strings.Builder
	rows.WriteString("name,email,company,tags,source_id,notes\n")
	for range 1 + w.random.IntN(6) {
		fmt.Fprintf(&rows, "Ann I%d,p%d@acme.test,%s,%s,%d,n\n", w.random.IntN(9), w.random.IntN(40), w.word("Acme I", "", "Acme 3"), w.word("vip", "", "eu"), w.random.IntN(30))
	}
	return w.do("POST", "/import/contacts?dry_run=0&source=crm", rows.String())
}

// undoWrites are the kinds of writes, by name.
var undoWrites = map[string]func(*undoWorld) string{"create": (*undoWorld).create, "update": (*undoWorld).update, "delete": (*undoWorld).remove,
	"merge": (*undoWorld).merge, "bulk": (*undoWorld).bulk, "batch": (*undoWorld).batch, "import": (*undoWorld).imported, "verdict": (*undoWorld).dismiss,
	"links": (*undoWorld).linked, "task": (*undoWorld).tasked, "bulk of all kinds": (*undoWorld).bulkOfAll, "import of all kinds": (*undoWorld).importedOf,
	"workspace": (*undoWorld).dumped, "restore": (*undoWorld).restored, "batch of all": (*undoWorld).batchOfAll}

// TestUndoOfEachWrite makes random writes of each kind, and after each undoes it, does it again and undoes it
// again: the state is as it was before, or after the write.
func TestUndoOfEachWrite(t *testing.T) {
	for name, write := range undoWrites {
		t.Run(name, func(t *testing.T) {
			seed := kit.Seed(t)
			w := newUndoWorld(newRig(t).as("jane@acme.com"), seed)
			for range 40 {
				w.create()
			}
			undone := 0
			for round := 0; round < 25 || undone < 3 && round < 100; round++ { // in some worlds few writes do something
				for range 3 {
					[]func() string{w.create, w.create, w.create, w.update, w.remove, w.merge}[w.random.IntN(6)]()
				}
				before := w.state()
				group := write(w)
				if group == "" {
					continue
				}
				undone++
				after := w.state()
				back := w.undo(group)
				w.wantState("undone", before)
				again := w.undo(back)
				w.wantState("done again", after)
				if w.random.IntN(2) == 0 {
					w.undo(again)
					w.wantState("undone twice", before)
				}
				w.checkDerived()
			}
			if undone < 3 {
				t.Errorf("only %d writes were undone", undone)
			}
		})
	}
}

// write makes a random write.
func (w *undoWorld) write() string {
	all := []func() string{w.create, w.create, w.create, w.update, w.update, w.update, w.remove, w.merge, w.bulk, w.batch, w.imported, w.dismiss,
		w.linked, w.linked, w.tasked, w.bulkOfAll, w.importedOf, w.importedOf, w.dumped, w.batchOfAll, w.restored, w.restored}
	return all[w.random.IntN(len(all))]()
}

// dismiss says of two records that they are different, or takes it back.
func (w *undoWorld) dismiss() string {
	plural := w.word("contacts", "companies")
	one, other := w.idOf(plural), w.idOf(plural)
	for tries := 0; one == other && tries < 10; tries++ { // of few records the same one is often taken twice
		other = w.idOf(plural)
	}
	return w.do("POST", "/duplicates/dismiss", fmt.Sprintf(`{"pair":[%q,%q],"dismissed":%s}`, one, other, w.word("true", "true", "false")))
}

// TestUndoOfRuns makes random writes of all kinds as a run, undoes the run, and does it again.
func TestUndoOfRuns(t *testing.T) {
	for name, limits := range undoLimits {
		t.Run(name, func(t *testing.T) {
			seed := kit.Seed(t)
			w := newUndoWorld(limits(t).as("jane@acme.com"), seed)
			for range 40 {
				w.create()
			}
			for round := range 8 {
				w.undoRun(fmt.Sprintf("run-%d", round))
			}
		})
	}
}

// undoRun makes random writes, then some as a run, undoes the run, and does it again.
func (w *undoWorld) undoRun(run string) {
	w.t.Helper()
	for range 5 {
		w.write()
	}
	before := w.state()
	w.header.Set("Crmkit-Run", run)
	var all []string
	for range 1 + w.random.IntN(12) {
		w.write()
		all = append(all, w.last)
	}
	w.header.Del("Crmkit-Run")
	after := w.state()
	back := w.do("POST", "/undo", fmt.Sprintf(`{"run":%q}`, run))
	if after == before {
		return
	}
	w.last = strings.Join(append(all, w.last), "\n")
	w.wantState("undone", before)
	w.undo(back)
	w.wantState("done again", after)
}

// TestUndoPagesItsDryRun reads all pages of the dry run of an undo, below and above the size of one transaction.
func TestUndoPagesItsDryRun(t *testing.T) {
	for _, n := range []int{45, 1200} {
		w := newUndoWorld(newRig(t).as("jane@acme.com"), 1)
		w.setPlan("jane@acme.com", "unlimited")
		rows := "name\n"
		for i := range n {
			rows += fmt.Sprintf("Joe %d\n", i)
		}
		w.want(200, "POST", "/import/contacts?dry_run=0", rows)
		body := `{"change":"` + w.do("PATCH", "/contacts?all=1", `{"stage":"all"}`) + `"}`
		if got := w.want(409, "POST", "/undo", body); strings.Count(got, "\nupdated contact/") != 20 || !strings.Contains(got, "# more: dry_run=1&") {
			t.Errorf("%d: %s", n, got)
		}
		seen, token, cursor := map[string]bool{}, "", ""
		for page := 0; ; page++ {
			got := w.json(200, "POST", "/undo?dry_run=1&limit=30"+cursor, body)
			for _, e := range got["effects"].([]any) {
				seen[e.(map[string]any)["handle"].(string)] = true
			}
			if confirm := got["confirm"].(string); token == "" {
				token = confirm
			} else if confirm != token {
				t.Errorf("page %d has the token %s, not %s", page, confirm, token)
			}
			next, more := got["next_cursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if all := n < 1000; all && len(seen) != n || len(seen) == 0 { // of a large undo: those of the first step, whose time is bounded
			t.Errorf("%d: the pages have %d records", n, len(seen))
		}
		w.want(400, "POST", "/undo?dry_run=1&cursor=x.1", body)
		w.want(400, "POST", "/undo?limit=5&confirm="+token, `{"record":"c_1"}`)
		if got := w.want(200, "POST", "/undo?confirm="+token, body); !strings.Contains(got, fmt.Sprintf("# %d updated\n", n)) {
			t.Errorf("%d: %s", n, got)
		}
	}
}
