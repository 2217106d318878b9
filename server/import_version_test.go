package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestRowsHonourVersions imports rows with the version of the record, with others, and with none. The
// contact is at version 2 and changed from lead to new.
func TestRowsHonourVersions(t *testing.T) {
	const conflict = "row 1 ERROR version_conflict contact/c_011p is at version 2, not 1: it changed since the row was read. Correct the row by the record as it is now, and give it version 2; without a version it is saved over what changed.\n"
	const none = "row 1 ERROR version_conflict no contact is the one of this row, so none is at version 1: it may have been deleted."
	for _, c := range []struct{ path, file, want string }{
		{"", `[{"id":"c_011p","version":2,"title":"CEO"}]`, "row 1 updated contact/c_011p title CTO -> CEO"},
		{"", `[{"id":"c_011p","version":1,"title":"CEO"}]`, conflict},
		{"", `[{"email":"ann@acme.com","version":1,"title":"CEO"}]`, conflict},
		{"", `[{"email":"ann@acme.com","version":"1","title":null}]`, conflict},
		{"", `{"email":"ann@acme.com","version":3,"stage":"old"}` + "\n", "is at version 2, not 3"},
		{"", "id,version,title\nc_011p,1,CEO\n", conflict},
		{"", "email,version,title\nann@acme.com,2,CEO\n", "row 1 updated contact/c_011p title CTO -> CEO"},
		{"", "email,version,title\nann@acme.com,,CEO\n", "row 1 updated contact/c_011p title CTO -> CEO"},
		{"?null=NULL", "email,version,title\nann@acme.com,NULL,NULL\n", "row 1 updated contact/c_011p title CTO -> (unset)"},
		{"?source=crmkit", "email,version,title\nann@acme.com,1,CEO\n", conflict},
		{"?key=email", "email,version,title\nann@acme.com,1,CEO\n", conflict},
		{"", `[{"email":"ann@acme.com","version":null,"title":"CEO"}]`, "row 1 updated contact/c_011p title CTO -> CEO"},
		{"?dry_run=1", "id,version,title\nc_011p,1,CEO\n", conflict},
		// A row that changes nothing is right at any version.
		{"", `[{"id":"c_011p","version":1,"title":"CTO","stage":"new"}]`, "row 1 unchanged contact/c_011p"},
		{"", `[{"email":"ann@acme.com","version":7,"custom.nothing":null}]`, "row 1 unchanged contact/c_011p"},
		// There is no record.
		{"", `[{"name":"Bob","email":"bob@acme.com","version":1}]`, none},
		{"", `[{"name":"Bob","version":1}]`, none},
		{"", `[{"id":"c_011p","version":2,"title":"CEO"},{"id":"c_02r2","name":"x","version":1}]`, "row 2 ERROR not_found"},
		// What is no version.
		{"", `[{"email":"ann@acme.com","version":"two"}]`, `row 1 ERROR invalid_value version is the number of the version that the record has, not "two".`},
		{"", `[{"email":"ann@acme.com","version":1.5}]`, "not 1.5."},
		{"", `[{"email":"ann@acme.com","version":0}]`, "not 0."},
		{"", `[{"email":"ann@acme.com","version":{"a":1}}]`, "ERROR invalid_value version is the number"},
		{"", "email,version\nann@acme.com,99999999999999999999\n", "ERROR invalid_value version is the number"},
		// The version of something else.
		{"?source=erp", "email,version\nann@acme.com,1\n", "custom.version (unset) -> 1"},
		{"", "email,Version\nann@acme.com,1\n", "custom.Version (unset) -> 1"},
		{"", "id,email,version\n17,ann@acme.com,4.2\n", "custom.version (unset) -> 4.2"},
		{"", "Record ID,Lifecycle Stage,Lead Status,Email,version\n17,,,ann@acme.com,4\n", "custom.version (unset) -> 4"},
	} {
		t.Run("", func(t *testing.T) { // whose database is closed at its end
			r := withAnn(t)
			r.want(200, "PATCH", "/contacts/c_011p", `{"stage":"new"}`)
			if text := r.want(200, "POST", "/import/contacts"+c.path, c.file); !strings.Contains(text, c.want) {
				t.Errorf("%s %s: no %q in %s", c.path, c.file, c.want, text)
			}
		})
	}
}

// TestConflictsLeaveNoTrace imports rows at an old version that would also make a company, alone and with
// others, and all or none.
func TestConflictsLeaveNoTrace(t *testing.T) {
	r := withAnn(t)
	before := snapshot(r)
	const stale = `{"id":"c_011p","version":9,"company":"New","title":"x"}`
	if text := r.want(200, "POST", "/import/contacts", "["+stale+"]"); !endsWith(text, "# imported: 0 created, 0 updated, 0 unchanged, 1 failed\n") {
		t.Error(text)
	}
	if text := r.want(412, "POST", "/import/contacts?atomic=1", `[{"email":"bob@acme.com"},`+stale+`]`); !strings.Contains(text, "ERROR version_conflict\nHINT  row 2: contact/c_011p is at version 1, not 9") {
		t.Error(text)
	}
	if after := snapshot(r); after != before {
		t.Error(diff(before, after))
	}
	if text := r.want(200, "POST", "/import/contacts?format=json", "["+stale+`,{"id":"c_011p","version":1,"title":"x"}]`); !strings.Contains(text, `{"row":1,"error":"version_conflict","hint":"contact/c_011p is at version 1, not 9`) ||
		!strings.Contains(text, `"field":"version"}`) || !strings.Contains(text, `{"row":2,"result":"updated"`) {
		t.Error(text)
	}
}

// TestRowsOfOneRecordCountVersions imports rows that follow each other on one record, also one that the
// file makes itself.
func TestRowsOfOneRecordCountVersions(t *testing.T) {
	r := withAnn(t)
	for _, dry := range []string{"?dry_run=1", ""} {
		text := r.want(200, "POST", "/import/contacts"+dry, `[{"id":"c_011p","version":1,"title":"a"},{"id":"c_011p","version":1,"title":"b"},{"id":"c_011p","version":2,"title":"c"},{"id":"c_011p","version":1,"title":"c"}]`)
		for _, want := range []string{"row 1 updated", "row 2 ERROR version_conflict contact/c_011p is at version 2, not 1", "row 3 updated contact/c_011p title a -> c", "row 4 unchanged"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", dry, want, text)
			}
		}
	}
	text := r.want(200, "POST", "/import/contacts?dry_run=1", `[{"name":"Bob","email":"bob@acme.com"},{"email":"bob@acme.com","version":5,"title":"x"}]`)
	if !strings.Contains(text, "row 2 ERROR version_conflict row 1 of this file is at version 1, not 5") {
		t.Error(text)
	}
}

// TestVersionsAreComparedAtTheConfirmation confirms a dry run after somebody else has changed one of the
// records.
func TestVersionsAreComparedAtTheConfirmation(t *testing.T) {
	r := withAnn(t)
	r.want(201, "POST", "/contacts", `{"name":"Bob","email":"bob@acme.com"}`)
	token := r.dryRun("/import/contacts?dry_run=1", `[{"email":"ann@acme.com","version":1,"stage":"x"},{"email":"bob@acme.com","version":1,"stage":"x"}]`)
	r.want(200, "PATCH", "/contacts/c_011p", `{"title":"COO"}`)
	text := r.want(200, "POST", "/import/contacts?confirm="+token, "")
	if !strings.Contains(text, "row 1 ERROR version_conflict contact/c_011p is at version 2, not 1") || !strings.Contains(text, "row 2 updated contact/c_02r2 stage (unset) -> x") ||
		!strings.Contains(text, "# the result differs from the dry run") {
		t.Error(text)
	}
}

// TestExportsAreReadBack exports every kind as JSON and as CSV, and imports it: nothing changes. When a
// record has changed meanwhile, its row is refused, and the rows of all others are unchanged.
func TestExportsAreReadBack(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.fillAtRandom(7, 25)
	exports, all := map[string]string{}, map[string]string{}
	for _, e := range workKinds(r) {
		all["/"+e.Route()] = r.total(e)
		for _, format := range []string{"format=ndjson", "format=csv", "format=csv&bom=1"} {
			path := "/export/" + e.Route() + "?" + format
			exports[path] = r.want(200, "GET", path, "")
		}
	}
	before := snapshot(r)
	for path, file := range exports {
		kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/export"), "?")
		for _, query := range []string{"", "?null=NULL", "?dry_run=1"} {
			if query == "?null=NULL" && strings.Contains(path, "json") {
				continue
			}
			if text := r.want(200, "POST", "/import"+kind+query, file); !strings.Contains(text, ": 0 created, 0 updated, "+all[kind]+" unchanged, 0 failed\n") || strings.Contains(text, "also created") {
				t.Errorf("%s%s: %s", path, query, worst(text))
			}
		}
	}
	if after := snapshot(r); after != before {
		t.Error(diff(before, after))
	}
	changed := r.id("contact", 3)
	r.want(200, "PATCH", "/contacts/"+changed, `{"stage":"quite another","other_phones":["+1 555 0177"],"notes":"n"}`)
	for _, format := range []string{"format=ndjson", "format=csv"} {
		text := r.want(200, "POST", "/import/contacts", exports["/export/contacts?"+format])
		if !strings.Contains(text, "ERROR version_conflict contact/"+changed+" is at version 2, not 1") || !strings.Contains(text, ": 0 created, 0 updated, 24 unchanged, 1 failed\n") {
			t.Errorf("%s: %s", format, worst(text))
		}
	}
}

// TestExportsWithoutVersionsRestore imports exports of single fields after a change: without a version the
// row is what the record shall be, and a null of it clears what was set since.
func TestExportsWithoutVersionsRestore(t *testing.T) {
	r := withAnn(t)
	r.want(200, "PATCH", "/contacts/c_011p", `{"title":null,"stage":null,"custom":{"seats":null}}`)
	want := r.ann()
	const fields = "fields=name,title,stage,tags,notes,phone,address,company_id,custom"
	files := []string{r.want(200, "GET", "/export/contacts?format=ndjson&"+fields, ""), r.want(200, "GET", "/contacts/c_011p?format=json", "")}
	files[1] = regexp.MustCompile(`"version":\d+,`).ReplaceAllString(files[1], "")
	for _, file := range files {
		r.want(200, "PATCH", "/contacts/c_011p", `{"title":"CTO","stage":"x","tags":["other"],"phone":"1"}`)
		if text := r.want(200, "POST", "/import/contacts", file); !endsWith(text, " 1 updated, 0 unchanged, 0 failed\n") || r.ann() != want {
			t.Errorf("%s: %s%s", file, text, r.ann())
		}
	}
	// The export of a whole workspace restores what was deleted and says nothing of what was set.
	dump := r.want(200, "GET", "/export", "")
	r.want(200, "PATCH", "/contacts/c_011p", `{"title":"CTO","stage":"x","tags":["other"],"phone":"1"}`)
	if text := r.want(200, "POST", "/import", dump); !strings.Contains(text, " 1 updated, 1 unchanged, 0 failed\n") {
		t.Error(text)
	}
	if got := r.ann(); !strings.Contains(got, "title=CTO") || !strings.Contains(got, "stage=x") || !strings.Contains(got, "tags=vip") {
		t.Error(got)
	}
}

// TestConcurrentRowsOfOneVersion imports the same version of a record at the same time, each with another
// value: one is saved.
func TestConcurrentRowsOfOneVersion(t *testing.T) {
	r := withAnn(t)
	for round := range 20 {
		version := round + 1
		answers := make([]string, 4)
		together(len(answers), func(i int) {
			answers[i] = r.call("POST", "/import/contacts", fmt.Sprintf(`[{"id":"c_011p","version":%d,"title":"title %d %d"}]`, version, round, i)).body
			for strings.HasPrefix(answers[i], "ERROR rate_limited") { // a workspace runs two imports at a time
				answers[i] = r.call("POST", "/import/contacts", fmt.Sprintf(`[{"id":"c_011p","version":%d,"title":"title %d %d"}]`, version, round, i)).body
			}
		})
		all := strings.Join(answers, "")
		if strings.Count(all, "row 1 updated") != 1 || strings.Count(all, "ERROR version_conflict") != len(answers)-1 {
			t.Fatalf("round %d: %s", round, all)
		}
	}
}
