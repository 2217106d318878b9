package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// stored returns the stored values of all records of the workspace, by handle and field, without those that follow
// from other records.
func (w *undoWorld) stored() map[string]map[string]string {
	w.t.Helper()
	if err := w.store.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for _, plural := range undoKinds {
		e := w.store.Schema.ByPath(plural)
		for cursor := ""; ; {
			page := w.json(200, "GET", "/"+plural+"?limit=200&sort=created_at"+cursor, "")
			for _, item := range page["items"].([]any) {
				rec := item.(map[string]any)
				values := map[string]string{}
				for i := range e.Fields {
					f := &e.Fields[i]
					if f.Derived() || !f.Stored() || slices.Contains(volatile, f.Name) {
						continue
					}
					is, _ := json.Marshal(rec[f.Name])
					values[f.Name] = string(is)
				}
				all[e.Name+"/"+rec["id"].(string)] = values
			}
			next, _ := page["next_cursor"].(string)
			if next == "" {
				break
			}
			cursor = "&cursor=" + next
		}
	}
	return all
}

// allowed are the values that may differ after an undo, by handle and field; of an empty field the whole record.
type allowed map[string]map[string]string

func (a allowed) add(handle, field, why string) {
	if a[handle] == nil {
		a[handle] = map[string]string{}
	}
	a[handle][field] = why
}

// addChanges adds what a user changed after a place, with what follows from it.
func (a allowed) addChanges(w *undoWorld, since, by string) {
	w.t.Helper()
	if err := w.store.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for more := true; more; {
		page := w.json(200, "GET", "/changes?limit=500&since="+since+"&by="+by, "")
		for _, item := range page["items"].([]any) {
			c := item.(map[string]any)
			handle := c["target"].(string)
			if c["action"] != "update" {
				a.add(handle, "", by)
			}
			for _, side := range []string{"from", "to"} {
				members, _ := c[side].(map[string]any)
				for name := range members {
					field, _, _ := strings.Cut(name, ".")
					a.add(handle, field, by)
				}
			}
		}
		since, more = page["cursor"].(string), page["more"] == true
	}
}

// addKept adds what the answer of an undo names as kept, and reports whether it names all.
func (a allowed) addKept(answer string) bool {
	var got struct {
		Effects []struct {
			Handle string
			Kept   []struct{ Field, Why string }
		}
		Remarks []string
	}
	if json.Unmarshal([]byte(answer), &got) != nil {
		return false
	}
	n, counted := 0, 0
	for _, e := range got.Effects {
		for _, k := range e.Kept {
			n++
			field, _, _ := strings.Cut(k.Field, ".")
			a.add(e.Handle, field, k.Why)
		}
	}
	for _, text := range got.Remarks {
		fmt.Sscanf(text, "%d kept, since", &counted)
	}
	return n == counted
}

// differences returns what differs between two states and is not allowed to.
func (a allowed) differences(before, after map[string]map[string]string) (list []string) {
	handles := maps.Clone(before)
	maps.Copy(handles, after)
	for _, handle := range slices.Sorted(maps.Keys(handles)) {
		if _, any := a[handle][""]; any {
			continue
		}
		was, is := before[handle], after[handle]
		if kind, _, _ := strings.Cut(handle, "/"); kind == "deal_contact" && was == nil && (a.merged(is["deal_id"]) || isTied(before, is)) {
			continue // the main contact of a deal that stays, or came back before its tie did
		}
		if was == nil || is == nil {
			list = append(list, fmt.Sprintf("%s: there before: %v, there after: %v", handle, was != nil, is != nil))
			continue
		}
		for field, value := range was {
			if _, may := a[handle][field]; !may && is[field] != value && !a.merged(value) {
				list = append(list, fmt.Sprintf("%s %s is %s, was %s", handle, field, is[field], value))
			}
		}
	}
	return list
}

// isTied reports whether a deal and a contact were tied before.
func isTied(before map[string]map[string]string, tie map[string]string) bool {
	for handle, was := range before {
		if strings.HasPrefix(handle, "deal_contact/") && was["deal_id"] == tie["deal_id"] && was["contact_id"] == tie["contact_id"] {
			return true
		}
	}
	return false
}

// merged reports whether a value is a reference to a record that the other user deleted or merged, so that it follows.
func (a allowed) merged(value string) bool {
	id := strings.Trim(value, `"`)
	for handle, fields := range a {
		if _, any := fields[""]; any && crm.CutHandle(handle) == id {
			return true
		}
	}
	return false
}

// TestUndoChangesNothingElse has two users write all kinds of writes in turn, one of them as a run. After the undo of
// the run each value is as it was before the first write, unless the other user changed it or the answer names it.
func TestUndoChangesNothingElse(t *testing.T) {
	seed := kit.Seed(t)
	jane, bob := undoTeamWith(t, [...]store.Options{{}, smallSteps}[seed%2])
	w, other := newUndoWorld(jane, seed), newUndoWorld(bob, seed+1)
	for range 40 {
		w.create()
	}
	checked := 0
	for round := range 30 {
		before, since := w.stored(), w.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
		run := fmt.Sprintf("run-%d", round)
		var all []string
		for range 3 + w.random.IntN(6) {
			if w.random.IntN(3) == 0 {
				other.write()
				all = append(all, "bob: "+other.last)
				continue
			}
			w.header.Set("Crmkit-Run", run)
			w.write()
			w.header.Del("Crmkit-Run")
			all = append(all, w.last)
		}
		answer := w.undoneRun(run)
		may := allowed{}
		may.addChanges(w, since, "bob@acme.com")
		if answer == "" || !may.addKept(answer) {
			continue
		}
		checked++
		if wrong := may.differences(before, w.stored()); len(wrong) > 0 {
			t.Fatalf("round %d: %s\nafter\n%s\n%s", round, strings.Join(wrong, "\n"), strings.Join(all, "\n"), answer)
		}
		w.checkDerived()
	}
	if checked < 5 {
		t.Errorf("only %d runs were compared", checked)
	}
}

// undoneRun undoes a run, and returns the answer; empty if the run did nothing.
func (w *undoWorld) undoneRun(run string) string {
	w.t.Helper()
	w.clock.Advance(time.Second)
	body := `{"run":"` + run + `"}`
	a := w.call("POST", "/undo", body, "Accept", "application/json")
	if found := tokenIs.FindStringSubmatch(a.body); a.status == 409 && found != nil {
		a = w.call("POST", "/undo?confirm="+found[1], body, "Accept", "application/json")
	}
	switch {
	case a.status == 404:
		return ""
	case a.status != 200:
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	return a.body
}
