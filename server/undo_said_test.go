package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUndoSaysWhatStays undoes what cannot be undone: the answer says what it was, and how to do the opposite.
func TestUndoSaysWhatStays(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ws := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	run := []string{"Crmkit-Run", "setup"}
	a := r.want(201, "POST", "/contacts", `{"name":"Ann"}`, run...)
	r.want(200, "PATCH", "/contacts/"+idIn(a), `{"stage":"lead"}`)
	token := r.want(201, "POST", "/workspaces/"+ws+"/tokens", `{"token_name":"x"}`, run...)
	r.want(200, "PATCH", "/contacts/"+idIn(a), `{"title":"CTO"}`, run...)
	r.want(200, "PATCH", "/workspaces/"+ws, `{"name":"Acme"}`, "Crmkit-Run", "names")
	asked := r.want(409, "POST", "/undo", `{"run":"setup"}`)
	if !strings.Contains(asked, "1 token.create") || !strings.Contains(asked, "never undone") {
		t.Error(asked)
	}
	if got := r.want(400, "POST", "/undo", `{"run":"names"}`); !strings.Contains(got, "1 workspace.update") || !strings.Contains(got, "never undone") || !strings.Contains(got, "PATCH /workspaces/"+ws) {
		t.Error(got)
	}
	if got := r.want(400, "POST", "/undo", `{"record":"token/`+strings.Fields(strings.SplitN(token, "token/", 2)[1])[0]+`"}`); !strings.Contains(got, "never undone") {
		t.Error(got)
	}
}

// TestGroupsSayHowToUndo checks the last line of answers about several records, and the member change of all.
func TestGroupsSayHowToUndo(t *testing.T) {
	w := newUndoWorld(newRig(t).as("jane@acme.com"), 1)
	for i := range 4 {
		w.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Acme %d"}`, i))
		w.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Ann %d","company_id":%q}`, i, w.id("company", int64(i+1))))
	}
	for name, c := range map[string][3]string{
		"batch":     {"POST", "/batch", `[{"method":"POST","path":"/deals","body":{"title":"A"}},{"method":"POST","path":"/deals","body":{"title":"B"}}]`},
		"bulk edit": {"PATCH", "/contacts?all=1", `{"stage":"%s"}`}, "bulk delete": {"DELETE", "/deals?all=1", ""},
		"import": {"POST", "/import/tasks?dry_run=0", "title\nA\nB\n"}, "merge": {"POST", "/contacts/" + w.id("contact", 1) + "/merge", `{"from":["%s"]}`},
		"delete": {"DELETE", "/companies/%s", ""},
	} {
		for n, format := range []string{"text", "json"} {
			value := map[string]string{"bulk edit": "lead" + format, "merge": w.id("contact", int64(2+n)), "delete": w.id("company", int64(1+n))}[name]
			method, path, body := c[0], strings.Replace(c[1], "%s", value, 1), strings.Replace(c[2], "%s", value, 1)
			if name == "import" {
				body += "C " + format + "\n"
			}
			if name == "bulk delete" {
				w.want(201, "POST", "/deals", `{"title":"C"}`)
				w.want(201, "POST", "/deals", `{"title":"D"}`)
			}
			a := w.confirmed(method, path, body, format)
			id := regexpChange.FindString(a)
			if want := fmt.Sprintf("\n# change %s; undo: POST /undo {\"change\":%[1]q}\n", id); format == "text" && (id == "" || !strings.HasSuffix(a, want)) {
				t.Errorf("%s: %s", name, a)
			}
			if format == "json" && !strings.Contains(a, fmt.Sprintf(`"change":%q`, id)) {
				t.Errorf("%s: %s", name, a)
			}
		}
	}
}

// confirmed sends a write, confirms it if that is needed, and returns its answer in a format.
func (w *undoWorld) confirmed(method, path, body, format string) string {
	w.t.Helper()
	accept := map[string]string{"text": "text/plain", "json": "application/json"}[format]
	a := w.call(method, path, body, "Accept", accept)
	if a.status == 409 {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		a = w.call(method, path+mark+"confirm="+tokenIs.FindStringSubmatch(a.body)[1], body, "Accept", accept)
	}
	if a.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a.body
}

// TestUndoCountsWhatItKept has another user change many records of a bulk edit: the answer counts by field what was kept.
func TestUndoCountsWhatItKept(t *testing.T) {
	jane, bob := undoTeam(t)
	w := newUndoWorld(jane, 1)
	for i := range 30 {
		w.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Ann %d"}`, i))
	}
	group := regexpChange.FindString(w.confirmed("PATCH", "/contacts?all=1", `{"stage":"lead","title":"CTO","tags":["eu"]}`, "json"))
	for i := range 25 {
		bob.want(200, "PATCH", "/contacts/"+w.id("contact", int64(1+i)), `{"title":"CEO"}`)
	}
	bob.want(200, "PATCH", "/contacts/"+w.id("contact", 28), `{"tags":{"add":["us"]}}`)
	got := w.confirmed("POST", "/undo", `{"change":"`+group+`"}`, "text")
	if !strings.Contains(got, "# 26 kept, since they are not as the changes left them: 25 contact title, 1 contact tags; 20 of them are named here, POST /undo?dry_run=1&limit=200 ") || !strings.Contains(got, "# 30 updated\n") {
		t.Error(got)
	}
	if all := w.want(200, "POST", "/undo?dry_run=1&limit=200", `{"change":"`+group+`"}`); strings.Count(all, "changed it since") != 26 {
		t.Error(all)
	}
}

// TestUndoBringsBackNothingErased undoes what a run did with a person who was erased since, and the purge itself: the
// answers say so, and nothing of the person is in the database.
func TestUndoBringsBackNothingErased(t *testing.T) {
	w := newUndoWorld(newRig(t).as("jane@acme.com"), 1)
	w.header.Set("Crmkit-Run", "task")
	c := w.json(201, "POST", "/contacts", `{"name":"Zed Test","email":"zed@test.example"}`)["id"].(string)
	deal := w.json(201, "POST", "/deals", `{"title":"Seats","contact_id":"`+c+`"}`)["id"].(string)
	w.want(201, "POST", "/contacts/"+c+"/activities", `{"body":"zed said"}`)
	w.want(200, "PATCH", "/contacts/"+c, `{"notes":"zed again"}`)
	deleted := w.do("DELETE", "/contacts/"+c, "")
	w.header.Del("Crmkit-Run")
	purge := regexpChange.FindString(w.purged("/contacts/" + c))
	if err := w.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{`{"record":"` + c + `"}`: "410 purged", `{"change":"` + purge + `"}`: "never undone"} {
		if a := w.call("POST", "/undo", body); purge != "" && (!strings.Contains(fmt.Sprint(a.status, " ", a.text("error"))+a.body, want)) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
	if got := w.confirmed("POST", "/undo", `{"change":"`+deleted+`"}`, "text"); !strings.Contains(got, "kept contact/"+c+" was erased at 2026-06-10") || !strings.Contains(got, "by jane@acme.com") {
		t.Error(got)
	}
	if got := w.confirmed("POST", "/undo", `{"run":"task"}`, "text"); !strings.Contains(got, "deleted deal/"+deal) {
		t.Error(got)
	}
	w.want(404, "GET", "/contacts/"+c, "")
	for _, path := range []string{"/contacts", "/activities", "/search?q=zed", "/export"} {
		if got := w.want(200, "GET", path, ""); strings.Contains(strings.ToLower(got), "zed") && !strings.Contains(got, "q=zed") && !strings.Contains(path, "search") {
			t.Errorf("%s: %s", path, got)
		}
	}
}
