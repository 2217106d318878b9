package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// noted is a value of a record that another user wrote.
type noted struct{ path, field, value string }

// TestUndoLeavesOthers has another user write at random between the changes of a run. After the undo every value that
// they wrote last is there, every record that they made, and no count or copy differs from its source; what the run
// made is gone, unless the answer names it.
func TestUndoLeavesOthers(t *testing.T) {
	seed := kit.Seed(t)
	jane, bob := undoTeamWith(t, [...]store.Options{{}, smallSteps}[seed%2])
	w, other := newUndoWorld(jane, seed), newUndoWorld(bob, seed+1)
	for range 30 {
		w.create()
	}
	for round := range 12 {
		run := fmt.Sprintf("run-%d", round)
		written, theirs := map[string]noted{}, []string{}
		made := []string{}
		for range 3 + w.random.IntN(12) {
			if w.random.IntN(2) == 0 {
				w.header.Set("Crmkit-Run", run)
				if a := w.call("POST", "/contacts", fmt.Sprintf(`{"name":"Run %d","stage":"s"}`, w.random.IntN(1000))); a.status == 201 {
					made = append(made, idIn(a.body))
				}
				w.write()
				w.header.Del("Crmkit-Run")
				continue
			}
			path := other.path("contacts")
			value := fmt.Sprintf("title %d", other.random.Int64())
			if a := other.call("PATCH", path, `{"title":"`+value+`"}`); a.status == 200 {
				written[path] = noted{path, "title", value}
			}
			if a := other.call("POST", path+"/activities", `{"body":"`+value+`"}`); a.status == 201 {
				theirs = append(theirs, value)
			}
		}
		before := fmt.Sprint(w.json(200, "GET", "/activities?limit=500", ""))
		if w.do("POST", "/undo", `{"run":"`+run+`"}`) == "" && strings.Contains(w.last, `"error"`) && !strings.Contains(w.last, "has no run") {
			t.Fatal(w.last)
		}
		after := fmt.Sprint(w.json(200, "GET", "/activities?limit=500", ""))
		for _, value := range theirs {
			if strings.Contains(before, value) && !strings.Contains(after, value) {
				t.Errorf("round %d: the activity %q of the other user is gone after\n%s", round, value, w.last)
			}
		}
		w.checkOthers(written, made)
		w.checkDerived()
	}
}

// checkOthers checks that what others wrote is there, and what the run made is not.
func (w *undoWorld) checkOthers(written map[string]noted, made []string) {
	w.t.Helper()
	for _, n := range written {
		if a := w.call("GET", n.path, ""); a.status == 200 && !strings.Contains(a.body, n.value) && !strings.Contains(a.body, "was merged into") {
			w.t.Errorf("%s of %s is not %q after\n%s\n%s", n.field, n.path, n.value, w.last, a.body)
		}
	}
	for _, id := range made {
		if a := w.call("GET", "/contacts/"+id, ""); a.status == 200 && !strings.Contains(w.last, id) && !keptBecause(w, id) {
			w.t.Errorf("contact %s of the run is there:\n%s\n%s", id, a.body, w.last)
		}
	}
}

// keptBecause reports whether another user changed a record, or refers to it.
func keptBecause(w *undoWorld, id string) bool {
	return strings.Contains(w.want(200, "GET", "/changes?record=contact/"+id+"&by=bob@acme.com&since="+w.start(), ""), "bob@acme.com") ||
		strings.Contains(w.want(200, "GET", "/activities?contact="+id, ""), "act_") || strings.Contains(w.want(200, "GET", "/deals?contact="+id, ""), "d_")
}

// start returns the place before the first change.
func (w *undoWorld) start() string {
	return "seq_" + strings.TrimPrefix(strings.TrimSpace(strings.Split(w.want(200, "GET", "/changes?limit=1", ""), "cursor: seq_")[1]), "seq_")
}

// wrongStorage is SQL for the workspaces whose storage is counted wrongly, with both counts.
func wrongStorage() string {
	sum := "(SELECT COALESCE(SUM(r.bytes), 0) FROM reservations r WHERE r.workspace_id = u.workspace_id) + (SELECT COALESCE(SUM(r.bytes), 0) FROM kept_files r WHERE r.workspace_id = u.workspace_id)"
	for table, columns := range kit.StoredTexts() {
		for column := range strings.FieldsSeq(columns) {
			sum += " + (SELECT COALESCE(SUM(OCTET_LENGTH(r." + column + ")), 0) FROM " + table + " r WHERE r.workspace_id = u.workspace_id)"
		}
	}
	return "SELECT u.n - (" + sum + ") FROM usage u WHERE u.kind = 'storage' AND u.workspace_id > 0 AND u.n <> " + sum
}

// checkDerived compares the counts that contacts and companies keep with their activities, and the storage with
// what is stored.
func (w *undoWorld) checkDerived() {
	w.t.Helper()
	if err := w.store.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for _, text := range []string{
		wrongStorage(),
		"SELECT c.key FROM contacts c WHERE c.workspace_id > 0 AND c.activities <> (SELECT COUNT(*) FROM activities a WHERE a.contact_id = c.key)",
		"SELECT c.key FROM companies c WHERE c.workspace_id > 0 AND c.activities <> (SELECT COUNT(*) FROM activities a WHERE a.company_id = c.key OR a.contact_company_id = c.key)",
		"SELECT a.key FROM activities a JOIN contacts c ON c.key = a.contact_id WHERE COALESCE(a.contact_company_id, 0) <> CASE WHEN COALESCE(c.company_id, 0) = COALESCE(a.company_id, 0) THEN 0 ELSE COALESCE(c.company_id, 0) END",
		"SELECT u.n FROM usage u WHERE u.kind = 'contacts' AND u.n <> (SELECT COUNT(*) FROM contacts c WHERE c.workspace_id = u.workspace_id)",
		"SELECT d.key FROM deals d WHERE d.closed_at IS NOT NULL AND d.status NOT IN ('won', 'lost')",
	} {
		if wrong := w.column(text); len(wrong) > 0 {
			w.t.Fatalf("%s: %v after\n%s", text, wrong, w.last)
		}
	}
}
