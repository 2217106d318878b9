package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crmkit/store"
)

// isPending reports whether steps of a delete or merge are to follow.
func (r *rig) isPending() bool { return len(r.column("SELECT kind FROM cascades WHERE gone > 0")) > 0 }

// untilPending repeats a test until a dry run of it came before the last step, which a slow client may miss.
func untilPending(t *testing.T, once func() (pending bool)) {
	t.Helper()
	for range 10 {
		if once() {
			return
		}
	}
	t.Fatal("no step followed a dry run")
}

// TestStepsOfOthersKeepAPlan has another user delete or merge a company with many contacts. A write to the last of them,
// which the steps have not reached, is tried, and confirmed after they have: it does what its plan says.
func TestStepsOfOthersKeepAPlan(t *testing.T) {
	for _, write := range []string{"delete", "merge"} {
		for _, kind := range []string{"write", "bulk edit", "undo"} {
			t.Run(write+"/"+kind, func(t *testing.T) {
				untilPending(t, func() bool { return stepsBetween(t, write, kind) })
			})
		}
	}
}

// stepsBetween does that once. It returns false if the dry run came too late.
func stepsBetween(t *testing.T, write, kind string) (pending bool) {
	jane, bob := undoTeamWith(t, store.Options{CascadeAtOnce: 3, CascadeStep: 1})
	co, other := jane.made("/companies", `{"name":"Acme"}`), jane.made("/companies", `{"name":"Other"}`)
	var rows strings.Builder
	for i := range 400 {
		fmt.Fprintf(&rows, `{"name":"Joe %d","company_id":%q}`+"\n", i, co)
	}
	jane.want(200, "POST", "/import/contacts?dry_run=0", rows.String())
	last := jane.id("contact", 400)
	method, path, body := "PATCH", "/contacts/"+last, `{"title":"CTO"}`
	switch kind {
	case "bulk edit":
		path = "/contacts?id=" + last
	case "undo":
		jane.want(200, "PATCH", path, body, "Crmkit-Run", "a")
		method, path, body = "POST", "/undo", `{"run":"a"}`
	}
	if write == "merge" {
		bob.merged("/companies/"+other, co)
	} else {
		bob.confirmedDelete("/companies/" + co)
	}
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	answer := jane.want(200, method, path+mark+"dry_run=1", body)
	pending = jane.isPending()
	if strings.Contains(answer, "company_id") && kind != "write" { // the answer of a single write shows the record
		t.Errorf("the plan has what the %s does: %s", write, answer)
	}
	if err := jane.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	jane.want(200, method, path+mark+"confirm="+tokenIs.FindStringSubmatch(answer)[1], body)
	is, want := jane.json(200, "GET", "/contacts/"+last, ""), map[string]any{"delete": nil, "merge": other}[write]
	if title := fmt.Sprint(is["title"]); is["company_id"] != want || (title == "CTO") == (kind == "undo") {
		t.Errorf("%s, %s: %v", write, kind, is)
	}
	return pending
}

// TestUndoBesideSteps undoes a run after another user deleted a company, once before the steps of the delete have reached
// the record of the run and once after: the answers are the same.
func TestUndoBesideSteps(t *testing.T) {
	untilPending(t, func() bool { return undoBesideSteps(t) })
}

// undoBesideSteps does that once. It returns false if the first undo came too late.
func undoBesideSteps(t *testing.T) (pending bool) {
	jane, bob := undoTeamWith(t, store.Options{CascadeAtOnce: 3, CascadeStep: 1})
	co := jane.made("/companies", `{"name":"Acme"}`)
	var rows strings.Builder
	for i := range 400 {
		fmt.Fprintf(&rows, `{"body":"said %d","company_id":%q}`+"\n", i, co)
	}
	jane.want(200, "POST", "/import/activities?dry_run=0", rows.String())
	w := &undoWorld{rig: jane}
	last := "/activities/" + jane.id("activity", 400)
	jane.header.Set("Crmkit-Run", "gone")
	w.do("DELETE", last, "")
	jane.header.Set("Crmkit-Run", "made")
	both := jane.made("/contacts", `{"name":"Ann","company_id":"`+co+`"}`)
	made := jane.made("/activities", `{"body":"said too","company_id":"`+co+`","contact_id":"`+both+`"}`)
	jane.header.Del("Crmkit-Run")
	if w.do("POST", last+"/restore", "") == "" {
		t.Fatal(w.last)
	}
	bob.confirmedDelete("/companies/" + co)
	var first [2]string
	for i, run := range []string{"gone", "made"} {
		first[i] = jane.want(200, "POST", "/undo?dry_run=1", `{"run":"`+run+`"}`)
	}
	pending = jane.isPending()
	if err := jane.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, run := range []string{"gone", "made"} {
		again := jane.want(200, "POST", "/undo?dry_run=1", `{"run":"`+run+`"}`)
		if tokens := regexp.MustCompile(`confirm=\S+`); tokens.ReplaceAllString(first[i], "") != tokens.ReplaceAllString(again, "") || !strings.Contains(again, "bob@acme.com") {
			t.Errorf("%s of %s: %s\nand after the steps: %s", run, made, first[i], again)
		}
	}
	return pending
}
