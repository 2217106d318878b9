package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store"
)

// undoTeam returns clients of two members of a workspace, of whom the first is an admin.
func undoTeam(t *testing.T) (jane, bob *rig) {
	t.Helper()
	return undoTeamWith(t, store.Options{})
}

// undoTeamWith is undoTeam with options of the store.
func undoTeamWith(t *testing.T, opts store.Options) (jane, bob *rig) {
	t.Helper()
	r := newRigWith(t, opts)
	admin := r.mint("jane@acme.com")
	r.seat(admin, "bob@acme.com", crm.RoleMember)
	other := r.mint("bob@acme.com")
	client := func(p person) *rig {
		one := *r
		one.header = http.Header{"Authorization": {"Bearer " + p.token}}
		return &one
	}
	return client(admin), client(other)
}

// regexpChange finds a change group.
var regexpChange = regexp.MustCompile(`chg_[0-9a-z]+`)

// idIn returns the first id of a contact in an answer.
func idIn(body string) string {
	_, rest, _ := strings.Cut(body, "contact/")
	id, _, _ := strings.Cut(rest, " ")
	return strings.TrimSpace(id)
}

// TestUndoBesideOthers has another user write between the changes of a run and after them. What they wrote stays, and
// the undo names it.
func TestUndoBesideOthers(t *testing.T) {
	r, bob := undoTeam(t)
	a := r.json(201, "POST", "/contacts", `{"name":"Ann","stage":"lead","title":"CTO","notes":"old","tags":["eu"]}`)["id"].(string)
	co := r.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	run := []string{"Crmkit-Run", "spring"}
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"customer","title":"CEO","company_id":"`+co+`"}`, run...)
	made := idIn(r.want(201, "POST", "/contacts", `{"name":"Bea","email":"bea@acme.test"}`, run...))
	gone := idIn(r.want(201, "POST", "/contacts", `{"name":"Cid"}`, run...))
	bob.want(200, "PATCH", "/contacts/"+a, `{"title":"Chair"}`)
	bob.want(201, "POST", "/contacts/"+made+"/activities", `{"body":"called"}`)
	r.want(200, "PATCH", "/contacts/"+a, `{"title":"Chief","tags":["eu","vip"]}`, run...)
	bob.want(200, "PATCH", "/contacts/"+a, `{"tags":["us"]}`)
	bob.want(404, "POST", "/undo", `{"run":"spring"}`)
	if body := bob.want(403, "POST", "/undo", `{"run":"spring","by":"JANE@acme.com"}`); !strings.Contains(body, "admin_required") {
		t.Error(body)
	}
	asked := r.want(409, "POST", "/undo", `{"run":"spring"}`)
	done := r.want(200, "POST", "/undo?confirm="+tokenIs.FindStringSubmatch(asked)[1], `{"run":"spring"}`)
	for _, want := range []string{"title: bob@acme.com changed it since", "tags: bob@acme.com changed it since", "kept contact/" + made, "refers to it", "deleted contact/" + gone} {
		if !strings.Contains(done, want) || !strings.Contains(asked, want) {
			t.Errorf("no %q in\n%s\nafter\n%s", want, done, asked)
		}
	}
	is := r.json(200, "GET", "/contacts/"+a, "")
	if is["stage"] != "lead" || is["company_id"] != nil || is["title"] != "Chair" || fmt.Sprint(is["tags"]) != "[us]" {
		t.Errorf("%v\n%s", is, done)
	}
	r.want(200, "GET", "/contacts/"+made, "")
	r.want(404, "GET", "/contacts/"+gone, "")
}

// TestUndoOfARecord undoes the last change of a record, and refuses one that came with others.
func TestUndoOfARecord(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	co := r.json(201, "POST", "/companies", `{"name":"Acme","domain":"acme.test"}`)["id"].(string)
	a := r.json(201, "POST", "/contacts", `{"name":"Ann","email":"ann@acme.test","company_id":"`+co+`"}`)["id"].(string)
	r.want(200, "PATCH", "/contacts/"+a, `{"name":"Anna","stage":"lead"}`)
	got := r.want(200, "POST", "/undo", `{"record":"contact/`+a+`"}`)
	if !strings.Contains(got, "updated contact/"+a) || !strings.Contains(got, "name Anna -> Ann") {
		t.Error(got)
	}
	if got := r.want(200, "POST", "/undo", `{"record":"`+a+`"}`); !strings.Contains(got, "name Ann -> Anna") {
		t.Errorf("done again: %s", got)
	}
	r.confirmedDelete("/companies/" + co)
	refused := r.want(409, "POST", "/undo", `{"record":"contact/`+a+`"}`)
	group := regexpChange.FindString(refused)
	if !strings.Contains(refused, "part_of_change") || group == "" {
		t.Fatal(refused)
	}
	if got := r.want(200, "POST", "/undo", `{"change":"`+group+`"}`); !strings.Contains(got, "restored company/"+co) {
		t.Error(got)
	}
	if is := r.json(200, "GET", "/contacts/"+a, ""); is["company_id"] != co {
		t.Error(is)
	}
	b := r.json(201, "POST", "/contacts", `{"name":"Bea"}`)["id"].(string)
	asked := r.want(409, "POST", "/undo", `{"record":"`+b+`"}`)
	r.want(200, "POST", "/undo?confirm="+tokenIs.FindStringSubmatch(asked)[1], `{"record":"`+b+`"}`)
	r.want(404, "GET", "/contacts/"+b, "")
}

// TestUndoRefused sends what cannot be undone.
func TestUndoRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for body, want := range map[string]string{`{}`: "missing_field", `{"change":"chg_x"}`: "invalid_value", `{"change":"chg_0zzz"}`: "invalid_value", `{"run":"none"}`: "not_found", `{"run":"a b"}`: "invalid_value",
		`{"record":"token/x"}`: "invalid_value", `{"record":"` + r.id("contact", 7) + `"}`: "not_found", `{"record":"c_1","run":"x"}`: "missing_field", `{"by":"me","record":"c_1"}`: "invalid_value", `{"chang":"x"}`: "unknown_field"} {
		if a := r.call("POST", "/undo", body); !strings.Contains(a.body, want) || a.status < 400 {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
	r.want(200, "PATCH", "/workspaces/"+r.json(200, "GET", "/whoami", "")["workspace_id"].(string), `{"name":"Other"}`)
	page := r.json(200, "GET", "/changes?summary=0&limit=500&record=", "")
	items := page["items"].([]any)
	group := items[len(items)-1].(map[string]any)["change"].(string)
	if a := r.call("POST", "/undo", `{"change":"`+group+`"}`); a.status != 400 || !strings.Contains(a.body, "workspace.update") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestLargeUndos undoes a bulk edit and a delete with many references in steps, of which a client sees the answer only
// after it went away several times.
func TestLargeUndos(t *testing.T) {
	const n = 1300
	w := newUndoWorld(newRigWith(t, store.Options{}).as("jane@acme.com"), 1)
	w.setPlan("jane@acme.com", "unlimited")
	co := w.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	var rows strings.Builder
	for i := range n {
		fmt.Fprintf(&rows, `{"name":"Joe %d","email":"joe%d@acme.test","company_id":%q,"stage":"s%d"}`+"\n", i, i, co, i%7)
	}
	w.want(200, "POST", "/import/contacts?dry_run=0", rows.String())
	for _, write := range [][3]string{{"PATCH", "/contacts?all=1", `{"stage":"all"}`}, {"DELETE", "/companies/" + co, ""}} {
		before := w.export()
		group := w.do(write[0], write[1], write[2])
		after := w.export()
		body := `{"change":"` + group + `"}`
		asked := w.want(409, "POST", "/undo", body)
		path := "/undo?confirm=" + tokenIs.FindStringSubmatch(asked)[1]
		if *serversFlag == 1 {
			w.leaves(4, "POST", path, body)
		}
		done := w.want(200, "POST", path, body)
		if !strings.Contains(done, "# change chg_") || w.export() != before {
			t.Errorf("%s %s is not undone: %.500s", write[0], write[1], done)
		}
		if again := w.want(200, "POST", path, body); !strings.HasSuffix(again, "# already done\n") {
			t.Error(again)
		}
		w.undo(regexpChange.FindString(done[strings.Index(done, "# change"):]))
		if w.export() != after {
			t.Errorf("%s %s is not done again", write[0], write[1])
		}
	}
}

// export returns the contacts and companies of the workspace without stamps.
func (w *undoWorld) export() string {
	w.t.Helper()
	if err := w.store.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return stamps.ReplaceAllString(w.want(200, "GET", "/export/contacts?format=ndjson", "")+w.want(200, "GET", "/export/companies?format=ndjson", ""), "")
}

// TestLargeUndosGoStale changes a record between the dry run of a large undo and its confirmation, which is refused
// with another token. What others write while it runs, and what they wrote before the dry run, stays.
func TestLargeUndosGoStale(t *testing.T) {
	const n = 1100
	jane, bob := undoTeam(t)
	w := newUndoWorld(jane, 1)
	w.setPlan("jane@acme.com", "unlimited")
	rows := "name\n"
	for i := range n {
		rows += fmt.Sprintf("Joe %d\n", i)
	}
	w.want(200, "POST", "/import/contacts?dry_run=0", rows)
	group := w.do("PATCH", "/contacts?all=1", `{"stage":"all","title":"CTO"}`)
	body := `{"change":"` + group + `"}`
	bob.want(200, "PATCH", "/contacts/"+w.id("contact", 3), `{"title":"CEO"}`)
	asked := w.want(409, "POST", "/undo", body)
	if !strings.Contains(asked, "# 1 of their records were changed since by other writes") {
		t.Error(asked)
	}
	bob.want(200, "PATCH", "/contacts/"+w.id("contact", 7), `{"title":"CFO"}`)
	bob.want(201, "POST", "/companies", `{"name":"beside"}`)
	stale := w.want(409, "POST", "/undo?confirm="+tokenIs.FindStringSubmatch(asked)[1], body)
	if !strings.Contains(stale, "plan_stale") || !strings.Contains(stale, "contact/"+w.id("contact", 7)+" has been changed since the dry run; bob@acme.com changed it") {
		t.Fatal(stale)
	}
	if stage := w.json(200, "GET", "/contacts/"+w.id("contact", 9), "")["stage"]; stage != "all" {
		t.Errorf("something was undone: %v", stage)
	}
	bob.want(201, "POST", "/companies", `{"name":"beside too"}`)
	done := w.want(200, "POST", "/undo?confirm="+tokenIs.FindStringSubmatch(stale)[1], body)
	if !strings.Contains(done, "# 2 kept, since they are not as the changes left them: 2 contact title") || !strings.Contains(done, "# 1100 updated\n") {
		t.Error(done)
	}
	for i, want := range map[int64]string{3: "CEO", 7: "CFO", 9: "<nil>"} {
		if got := w.json(200, "GET", "/contacts/"+w.id("contact", i), ""); fmt.Sprint(got["title"]) != want || got["stage"] != nil {
			t.Errorf("contact %d: %v", i, got)
		}
	}
}
