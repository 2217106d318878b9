package server_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const saysDiffers = "# the result differs from the dry run, because records changed since, or an earlier try saved a part of it; "

// A confirmed import says that records changed since its dry run, also if as many rows have each
// outcome as the dry run showed.
func TestConfirmationsSayWhatChangedSince(t *testing.T) {
	const contacts = "email,name,stage,company\nann@acme.com,Ann,customer,\nbob@acme.com,Bob,lead,\ncid@acme.com,Cid,,Acme\n"
	patch := func(email, body string) func(*rig) {
		return func(r *rig) {
			r.want(200, "PATCH", "/contacts/"+r.only("/contacts?email="+email), body)
		}
	}
	for what, change := range map[string]func(*rig){
		"the value before": patch("ann@acme.com", `{"stage":"won"}`),
		"outcomes are swapped": func(r *rig) {
			patch("ann@acme.com", `{"stage":"customer"}`)(r)
			patch("bob@acme.com", `{"stage":"won"}`)(r)
		},
		"the company has another name": func(r *rig) {
			r.want(200, "PATCH", "/companies/"+r.only("/companies?name=Acme"), `{"name":"Globex"}`)
		},
		"another field":   patch("ann@acme.com", `{"title":"CEO"}`),
		"another contact": func(r *rig) { r.want(201, "POST", "/contacts", `{"name":"Dan"}`) },
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			r.want(200, "POST", "/import/contacts", "email,name,stage\nann@acme.com,Ann,lead\nbob@acme.com,Bob,lead\ncid@acme.com,Cid,lead\n")
			r.want(201, "POST", "/companies", `{"name":"Acme"}`)
			token := r.dryRun("/import/contacts?dry_run=1", contacts)
			change(r)
			text := r.want(200, "POST", "/import/contacts?format=json&confirm="+token, "")
			differs := strings.Contains(text, `"dry_run_said":"0 created, 2 updated, 1 unchanged, 0 failed"`) && strings.Contains(text, `"differs":"`+saysDiffers[2:]+`the counts are the same"`)
			if want := !strings.HasPrefix(what, "another"); differs != want {
				t.Errorf("differs %v: %s", differs, text)
			}
		})
	}
}

// only returns the id of the only record in a list.
func (r *rig) only(path string) string {
	r.t.Helper()
	items := r.json(200, "GET", path, "")["items"].([]any)
	if len(items) != 1 {
		r.t.Fatalf("%s: %d items", path, len(items))
	}
	return items[0].(map[string]any)["id"].(string)
}

// Times that an import makes up, also those that a later row of the file replaces, and records that
// others make meanwhile, are no difference from the dry run.
func TestTimesOfTheImportAreNoDifference(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/tasks?dry_run=1", "id,title,done,done_at\nt1,Call,yes,\nt1,Call,yes,2026-01-02\nt2,Write,yes,\n")
	r.clock.Advance(time.Minute)
	r.want(201, "POST", "/tasks", `{"title":"Read"}`)
	if text := r.want(200, "POST", "/import/tasks?confirm="+token, ""); strings.Contains(text, "differs") || !strings.Contains(text, "row 2 ") {
		t.Error(text)
	}
}

// The confirmed import of each fixture does what its dry run showed.
func TestConfirmedFixturesDoNotDiffer(t *testing.T) {
	dirs, err := filepath.Glob("../testdata/imports/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal(err, dirs)
	}
	token := regexp.MustCompile(` confirm=(\w+)\n$`)
	for _, dir := range dirs {
		r := newRig(t).as("jane@acme.com")
		for _, f := range fixturesOf(t, dir) {
			path := "/import/" + f.kind + "?" + f.query
			m := token.FindStringSubmatch(r.want(200, "POST", path+"&dry_run=1", f.text))
			if m == nil {
				t.Fatalf("%s: no token", f.name)
			}
			r.clock.Advance(time.Minute)
			if text := r.want(200, "POST", path+"&confirm="+m[1], ""); strings.Contains(text, "differs from the dry run") {
				t.Errorf("%s: %.500s", f.name, text[max(0, len(text)-500):])
			}
		}
	}
}

// A confirmation is refused if the workspace has another time zone or country since its dry run,
// with and without the file: dates and phone numbers would be others.
func TestConfirmationsNoticeAnotherTimeZone(t *testing.T) {
	for change, says := range map[string]string{`{"time_zone":"Asia/Tokyo"}`: "time zone: Asia/Tokyo", `{"country":"US"}`: "country: US"} {
		r := newRig(t).as("jane@acme.com")
		workspace := "/workspaces/" + r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
		r.want(200, "PATCH", workspace, `{"time_zone":"Europe/Berlin","country":"DE"}`)
		const file = "email,name,phone,follow_up_at\nann@acme.com,Ann,030 1234567,2026-03-01\n"
		token := r.dryRun("/import/contacts?dry_run=1", file)
		r.want(200, "PATCH", workspace, change)
		for _, body := range []string{"", file} {
			if a := r.call("POST", "/import/contacts?confirm="+token, body); a.status != 409 || !strings.Contains(a.body, "plan_stale") || !strings.Contains(a.body, says) {
				t.Errorf("%s: %d %s", change, a.status, a.body)
			}
		}
		r.want(200, "PATCH", workspace, `{"time_zone":"Europe/Berlin","country":"DE"}`)
		if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "1 created") || strings.Contains(text, "time zone") {
			t.Error(text)
		}
	}
}
