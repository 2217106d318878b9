package server_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

// joes makes n contacts, each with the name Joe and a number, from a file.
func (r *rig) joes(n int) {
	r.t.Helper()
	var file strings.Builder
	file.WriteString("name,email,stage\n")
	for i := range n {
		fmt.Fprintf(&file, "Joe %d,joe%d@acme.com,lead\n", i, i)
	}
	r.setPlan("jane@acme.com", "unlimited")
	r.want(200, "POST", "/import/contacts", file.String(), "Content-Type", "text/csv")
}

// asked returns the token of a write that needs a confirmation, and its report.
func (r *rig) asked(method, path, body string) (token, report string) {
	r.t.Helper()
	report = r.want(409, method, path, body)
	found := tokenIs.FindStringSubmatch(report)
	if found == nil || !strings.HasPrefix(report, "ERROR confirmation_required\n") {
		r.t.Fatalf("%s %s: %s", method, path, report)
	}
	return found[1], report
}

// loggedOnce checks that each of n contacts has one update in the log, all in one change group.
func (r *rig) loggedOnce(n int) {
	r.t.Helper()
	counts := r.column("SELECT COUNT(*) || ' of ' || COUNT(DISTINCT target) || ' in ' || COUNT(DISTINCT COALESCE(change_group, key % 1099511627776)) FROM log WHERE action = 'update' AND target LIKE 'contact/%'")
	if want := fmt.Sprintf("%d of %d in 1", n, n); counts[0] != want {
		r.t.Errorf("the log has %s, want %s", counts[0], want)
	}
}

// TestBulkEditsTakeSteps changes many contacts by two requests that confirm one token at once, and
// pages through what they do before.
func TestBulkEditsTakeSteps(t *testing.T) {
	const n = 1200
	r := newRig(t).as("jane@acme.com")
	r.joes(n)
	const path, body = "/contacts?stage=lead", `{"stage":"customer"}`
	token, report := r.asked("PATCH", path, body)
	if !strings.Contains(report, fmt.Sprintf("this changes %d contacts", n)) || strings.Count(report, "updated contact/") != 20 || !strings.Contains(report, fmt.Sprintf("\n# %d updated\n", n)) {
		t.Fatal(report)
	}
	seen := map[string]bool{}
	for next := "?stage=lead&dry_run=1"; next != ""; {
		page := r.want(200, "PATCH", "/contacts"+next+"&limit=200", body)
		for _, line := range regexp.MustCompile(`(?m)^updated (\S+) "Joe \d+" stage lead -> customer$`).FindAllStringSubmatch(page, -1) {
			seen[line[1]] = true
		}
		if next = ""; strings.Contains(page, "cursor=") {
			next = "?stage=lead&dry_run=1&cursor=" + regexp.MustCompile(`cursor=(\S+)`).FindStringSubmatch(page)[1]
		}
	}
	if len(seen) != n {
		t.Errorf("the pages have %d records", len(seen))
	}
	r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`)
	bodies := make([]string, 3)
	together(len(bodies), func(i int) { bodies[i] = r.want(200, "PATCH", path+"&confirm="+token, body) })
	want := fmt.Sprintf("# %d updated\n", n)
	for _, got := range append(bodies, r.want(200, "PATCH", path+"&confirm="+token, body)) {
		if !strings.HasPrefix(got, want) || !strings.Contains(got, "# by now the filters match 1 contact more, not in the plan and left as before\n# change chg_") {
			t.Errorf("confirmed: %s", got)
		}
	}
	if text := r.want(200, "GET", "/contacts?stage=lead", ""); !strings.HasPrefix(text, "contact/") || !strings.Contains(text, "name=Ann") || !strings.Contains(text, "# 1 of 1 contact") {
		t.Error(text)
	}
	r.loggedOnce(n)
}

// TestBulkEditsGoOn stops a server in the middle of a bulk edit, as often as it takes, and confirms the
// same token at a new one.
func TestBulkEditsGoOn(t *testing.T) {
	onlyOneServer(t, "the server is stopped")
	const n = 2000
	r := onFile(t).as("jane@acme.com")
	r.joes(n)
	const path, body = "/contacts?stage=lead", `{"stage":"customer"}`
	token, _ := r.asked("PATCH", path, body)
	stops := 0
	for again := true; again && stops < 50; {
		ctx, cancel := context.WithCancel(t.Context())
		var steps atomic.Int64
		r.watch(func(store.Batch) {
			if steps.Add(1) == int64(4+stops) {
				cancel()
			}
		})
		req := httptest.NewRequestWithContext(ctx, "PATCH", "http://127.0.0.1:8080"+path+"&confirm="+token, strings.NewReader(body))
		req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		cancel()
		if again = w.Code != 200; again {
			stops++
		}
		if err := r.store.Close(); err != nil {
			t.Fatal(err)
		}
		r.openStores(1)
		r.serve(server.Options{})
	}
	t.Logf("stopped %d times", stops)
	got := r.want(200, "PATCH", path+"&confirm="+token, body)
	if !strings.HasPrefix(got, fmt.Sprintf("# %d updated\n", n)) || !strings.Contains(got, "\n# change chg_") || !strings.HasSuffix(got, "# already done\n") || stops == 0 {
		t.Errorf("after %d stops: %s", stops, got)
	}
	r.loggedOnce(n)
}

// stopped sends a PATCH whose client goes away after a number of transactions of the server.
func (r *rig) stopped(after int64, path, body string) { r.leaves(after, "PATCH", path, body) }

// leaves sends a request whose client goes away after a number of transactions of the server.
func (r *rig) leaves(after int64, method, path, body string) {
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	var steps atomic.Int64
	r.watch(func(store.Batch) {
		if steps.Add(1) == after {
			cancel()
		}
	})
	req := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
	r.handler.ServeHTTP(httptest.NewRecorder(), req)
}

// TestBulkEditsLeaveWhatChanges changes a record after a bulk edit has begun, and before its step.
func TestBulkEditsLeaveWhatChanges(t *testing.T) {
	onlyOneServer(t, "the transactions of the server are watched")
	for range 10 { // a client that goes away may be noticed after the last step
		if r := newRig(t).as("jane@acme.com"); r.leavesWhatChanges() {
			return
		}
	}
	t.Fatal("no bulk edit was stopped in the middle")
}

// leavesWhatChanges stops a bulk edit, changes a record that it did not reach, and goes on. It returns false if
// the edit was not stopped in the middle.
func (r *rig) leavesWhatChanges() bool {
	t := r.t
	const n = 1200
	r.joes(n)
	const path, body = "/contacts?stage=lead", `{"stage":"customer"}`
	token, _ := r.asked("PATCH", path, body)
	last := "/contacts/" + r.id("contact", n)
	for stop, none := int64(4), true; none; stop++ { // at a later step each time, until after one that writes
		r.stopped(stop, path+"&confirm="+token, body)
		text := r.want(200, "GET", "/contacts?stage=customer&limit=1&total=exact", "")
		if none = strings.Contains(text, "# 0 contacts"); strings.Contains(text, fmt.Sprintf("of %d ", n)) {
			return false
		}
	}
	r.want(200, "PATCH", last, `{"stage":"lost"}`)
	got := r.want(200, "PATCH", path+"&confirm="+token, body)
	want := fmt.Sprintf("# %d updated, 1 left\n", n-1)
	if !strings.HasPrefix(got, want) || !strings.Contains(got, "# left as they are, since they changed meanwhile: contact/"+r.id("contact", n)) {
		t.Error(got)
	}
	if text := r.want(200, "GET", last, ""); !strings.Contains(text, "stage=lost") {
		t.Error(text)
	}
	return true
}

// TestStaleBulkEdits checks that a bulk edit in steps, and one in one transaction, save nothing if a record
// is not as planned.
func TestStaleBulkEdits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.joes(300)
	for _, filter := range []string{"stage=lead", "stage=lead&name=in:Joe 1,Joe 2,Joe 299"} {
		path, one := "/contacts?"+strings.ReplaceAll(filter, " ", "%20"), "/contacts/"+r.id("contact", 300)
		for change, says := range map[string]string{
			`{"stage":"new"}`:  "does not match the filters any more",
			`{"owner":"bob"}`:  "owner bob -> ann",
			`{"title":"Boss"}`: "",
		} {
			token, _ := r.asked("PATCH", path, `{"owner":"ann"}`)
			r.want(200, "PATCH", one, change)
			if says == "" {
				continue
			}
			text := r.want(409, "PATCH", path+"&confirm="+token, `{"owner":"ann"}`)
			if !strings.HasPrefix(text, "ERROR plan_stale\n") || !strings.Contains(text, "contact/"+r.id("contact", 300)) || !strings.Contains(text, says) {
				t.Errorf("%s after %s: %s", filter, change, text)
			}
			if text := r.want(200, "GET", "/contacts?owner=ann", ""); !strings.Contains(text, "# 0 ") {
				t.Errorf("saved %s", text)
			}
			r.want(200, "PATCH", one, `{"stage":"lead","owner":null}`)
		}
	}
	token, _ := r.asked("PATCH", "/contacts?stage=lead", `{"owner":"ann"}`)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 5), `{"title":"Boss"}`)
	if text := r.want(200, "PATCH", "/contacts?stage=lead&confirm="+token, `{"owner":"ann"}`); !strings.HasPrefix(text, "# 300 updated\n") {
		t.Error(text)
	}
}

// TestBulkDeletes deletes contacts with what hangs on them, one of which so many records refer to that
// they follow.
func TestBulkDeletes(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.joes(600)
	first := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+r.id("contact", 2)+"/activities", `{"body":"talked"}`)
	r.want(201, "POST", "/deals", `{"title":"Kept","contact_id":"`+r.id("contact", 3)+`"}`)
	var file strings.Builder
	for i := range 250 {
		fmt.Fprintf(&file, `{"body":"call %d","contact_id":"%s"}`+"\n", i, first)
	}
	r.want(200, "POST", "/import/activities", file.String(), "Content-Type", "application/x-ndjson")
	token, report := r.asked("DELETE", "/contacts?stage=lead", "")
	for _, says := range []string{"this deletes 600 contacts", "\n# 600 deleted\n", "# also deleted: 1 deal_contact, 251 activities", "# the reference is cleared in 1 deal\n"} {
		if !strings.Contains(report, says) {
			t.Errorf("no %q in %s", says, report)
		}
	}
	r.want(201, "POST", "/contacts/"+r.id("contact", 600)+"/activities", `{"body":"talked"}`)
	stale := r.want(409, "DELETE", "/contacts?stage=lead&confirm="+token, "")
	if !strings.Contains(stale, "would be deleted too") {
		t.Error(stale)
	}
	text := r.want(200, "DELETE", "/contacts?stage=lead&confirm="+tokenIs.FindStringSubmatch(stale)[1], "")
	again := r.want(200, "DELETE", "/contacts?stage=lead&confirm="+tokenIs.FindStringSubmatch(stale)[1], "")
	if !regexp.MustCompile(`^# 600 deleted\n# also deleted: 1 deal_contact, 252 activities\n# the reference is cleared in 1 deal\n# change chg_\w+; undo: .*\n$`).MatchString(text) || again != text+"# already done\n" {
		t.Errorf("%s\nagain: %s", text, again)
	}
	for _, st := range r.stores {
		if err := st.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{"/contacts": "# 0 contacts", "/activities": "# 0 activities", "/deals?contact_id=is:null": "# 1 of 1 deal"} {
		if text := r.want(200, "GET", path, ""); !strings.Contains(text, want) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// TestBulkRights checks who may write many records: what a single write of the same kind needs.
func TestBulkRights(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Joe"}`)
	contact := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+contact+"/activities", `{"body":"by Jane"}`)
	mint := func(scope string) string {
		ws := regexp.MustCompile(`ws_\w+`).FindString(r.want(200, "GET", "/whoami", ""))
		text := r.want(201, "POST", "/workspaces/"+ws+"/tokens", `{"token_name":"x","scope":"`+scope+`"}`)
		return "Bearer " + regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(text)[1]
	}
	read, write := mint("read"), mint("write")
	r.want(403, "PATCH", "/contacts?all=1", `{"stage":"lead"}`, "Authorization", read)
	r.want(409, "PATCH", "/contacts?all=1", `{"stage":"lead"}`, "Authorization", write)
	r.want(403, "DELETE", "/contacts?all=1", "", "Authorization", write)
	token, _ := r.asked("PATCH", "/contacts?all=1", `{"stage":"lead"}`)
	jane := r.header
	r.as("eve@else.com")
	if text := r.want(400, "PATCH", "/contacts?all=1&confirm="+token, `{"stage":"lead"}`); !strings.Contains(text, "is not valid") {
		t.Error(text)
	}
	if text := r.want(200, "PATCH", "/contacts?all=1", `{"stage":"lead"}`); !strings.Contains(text, "match no contact") {
		t.Error(text)
	}
	r.header = jane
	if text := r.want(400, "POST", "/batch", `[{"method":"PATCH","path":"/contacts?all=1","body":{"stage":"lead"}}]`); !strings.Contains(text, "cannot be a line of a batch") {
		t.Error(text)
	}
}

// TestBulkLimits checks the most records of a request.
func TestBulkLimits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.joes(1001)
	if text := r.want(400, "PATCH", "/contacts?all=1&atomic=1", `{"stage":"new"}`); !strings.Contains(text, "more than 1000 contacts, the most that one request writes with atomic=1") {
		t.Error(text)
	}
	path := "/contacts?name=ne:Joe%207&atomic=1"
	token, _ := r.asked("PATCH", path, `{"stage":"new"}`)
	if text := r.want(200, "PATCH", path+"&confirm="+token, `{"stage":"new"}`); !strings.HasPrefix(text, "# 1000 updated\n") {
		t.Error(text)
	}
	for _, kind := range workKinds(r) {
		if kind.Can(crm.List) && kind.Can(crm.Update) {
			r.want(400, "PATCH", "/"+kind.Route(), `{}`)
			r.want(400, "DELETE", "/"+kind.Route(), "")
		}
	}
}

// TestBulkEditsThatMatchNothingSayWhy sends filters that match nothing: the answer says why, as an empty
// list does.
func TestBulkEditsThatMatchNothingSayWhy(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	company := r.json(201, "POST", "/companies", `{"name":"Nordwind Logistik"}`)["id"].(string)
	r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"lead","company_id":"`+company+`"}`)
	for path, why := range map[string]string{
		"/contacts?company.name=Nordwind":                     "company.name=Nordwind matches nothing as a whole; for a part of it, whatever its capitals, write company.name=like:Nordwind",
		"/contacts?company.name=Nordwind&stage=lead&atomic=1": "company.name=Nordwind matches nothing as a whole",
		"/contacts?stage=leads&dry_run=1":                     "stage=leads matches nothing",
	} {
		for _, call := range [][2]string{{"PATCH", `{"notes":"n"}`}, {"DELETE", ""}} {
			got := r.want(200, call[0], path, call[1])
			if !strings.Contains(got, "# the filters match no contact; nothing was done\n# "+why) {
				t.Errorf("%s %s: %s", call[0], path, got)
			}
		}
	}
}

// TestEmptyParametersOfWrites checks that a write with an empty parameter, whose value may have been
// lost, does nothing.
func TestEmptyParametersOfWrites(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Joe","stage":"lead"}`)
	before := r.want(200, "GET", "/export/contacts", "")
	for _, call := range [][3]string{
		{"PATCH", "/contacts?stage=", `{"notes":"n"}`}, {"PATCH", "/contacts?stage=lead&company.name=", `{"notes":"n"}`}, {"DELETE", "/contacts?search=%20", ""},
		{"PATCH", "/contacts?stage=in:", `{"notes":"n"}`}, {"DELETE", "/contacts?stage=ne:", ""}, {"PATCH", "/contacts?stage=lead&atomic=", `{"notes":"n"}`},
		{"PATCH", "/contacts?all=", `{"notes":"n"}`}, {"POST", "/contacts?campaign=", `{"name":"Ann"}`}, {"POST", "/contacts?on_duplicate=", `{"name":"Ann"}`},
		{"PATCH", "/contacts/" + r.id("contact", 1) + "?dry_run=", `{"notes":"n"}`}, {"DELETE", "/contacts/" + r.id("contact", 1) + "?confirm=", ""},
		{"POST", "/batch?atomic=", `[{"method":"POST","path":"/contacts","body":{"name":"Ann"}}]`}, {"GET", "/export/contacts?stage=", ""},
	} {
		if text := r.want(400, call[0], call[1], call[2]); !strings.Contains(text, "ERROR invalid_") {
			t.Errorf("%s %s: %s", call[0], call[1], text)
		}
	}
	if after := r.want(200, "GET", "/export/contacts", ""); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
}

// TestBulkEditsOverMCP changes and deletes contacts with the tools of both connectors.
func TestBulkEditsOverMCP(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.joes(3)
	confirmed := func(call func(path string) (string, bool)) string {
		t.Helper()
		text, failed := call("/contacts?stage=lead")
		found := tokenIs.FindStringSubmatch(text)
		if !failed || found == nil || strings.Count(text, ` "Joe `) != 3 {
			t.Fatalf("not asked: %v %s", failed, text)
		}
		text, failed = call("/contacts?stage=lead&confirm=" + found[1])
		if failed {
			t.Error(text)
		}
		return text
	}
	tool := func(name string, args map[string]any) func(string) (string, bool) {
		return func(path string) (string, bool) {
			args["path"] = path
			return r.tool("/mcp/tools", name, args)
		}
	}
	text := confirmed(func(path string) (string, bool) { return r.request("PATCH", path, `{"owner":"ann"}`) })
	text += confirmed(tool("write", map[string]any{"method": "PATCH", "body": map[string]any{"owner": "bob"}}))
	text += confirmed(tool("delete", map[string]any{}))
	if strings.Count(text, "# 3 updated\n") != 2 || !strings.Contains(text, "# 3 deleted\n") {
		t.Error(text)
	}
}
