package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// An id that was mistyped, or belongs to a deleted record, is an error of its row. The other rows
// of a file with ids of this workspace still update their records.
func TestOneBadIDMakesNoFileForeign(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var ids []string
	for i := range 4 {
		ids = append(ids, r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Row %d"}`, i))["id"].(string))
	}
	gone := r.json(201, "POST", "/contacts", `{"name":"Gone"}`)["id"].(string)
	r.want(200, "DELETE", "/contacts/"+gone+"?confirm="+confirmToken.FindStringSubmatch(r.call("DELETE", "/contacts/"+gone, "").body)[1], "")
	mistyped := ids[3][:len(ids[3])-1] + "z"
	if mistyped == ids[3] {
		mistyped = ids[3][:len(ids[3])-1] + "y"
	}
	for what, test := range map[string]struct{ file, want string }{
		"ids":     {"id,name\n" + ids[0] + ",A\n" + mistyped + ",B\n" + gone + ",C\n" + ids[2] + ",D\n" + ids[1] + ",E\n,F\n", "1 created, 3 updated, 0 unchanged, 2 failed"},
		"handles": {"handle,name\ncontact/" + ids[0] + ",A1\ncontact/" + mistyped + ",B1\ncontact/" + ids[1] + ",E1\n", "0 created, 2 updated, 0 unchanged, 1 failed"},
		"one":     {"handle,name\ncontact/c_03xx,B\n", "0 created, 0 updated, 0 unchanged, 1 failed"},
	} {
		for _, how := range []string{"?dry_run=1", "", "?atomic=1"} {
			a := r.call("POST", "/import/contacts"+how, test.file)
			if how == "?atomic=1" {
				if a.status != 404 || !strings.Contains(a.body, "nothing was saved") {
					t.Errorf("%s%s: %d %s", what, how, a.status, a.body)
				}
				continue
			}
			if !strings.Contains(a.body, test.want) || !strings.Contains(a.body, "ERROR not_found c_") {
				t.Errorf("%s%s: %s", what, how, a.body)
			}
		}
	}
	if n := fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]); n != "5" {
		t.Errorf("%s contacts", n)
	}
}

// Rows with ids of another workspace, or with numbers as ids, create records.
func TestForeignIDsCreateRecords(t *testing.T) {
	r := newRig(t)
	jane, max := r.mint("jane@acme.com"), r.mint("max@other.com")
	for i := range 40 {
		r.send(max.token, "POST", "/contacts", fmt.Sprintf(`{"name":"Row %d"}`, i))
	}
	file := r.send(max.token, "GET", "/export/contacts?format=csv", "").body
	r.header.Set("Authorization", "Bearer "+jane.token)
	for _, want := range []string{"40 created", "40 unchanged"} {
		if text := r.want(200, "POST", "/import/contacts", file); !strings.Contains(text, want) || !strings.Contains(text, " 0 failed") {
			t.Error(text)
		}
	}
	if text := r.want(200, "POST", "/import/contacts", "handle,name\n@jane,Jane\n@max,Max\n"); !strings.Contains(text, "2 created") {
		t.Error(text)
	}
}
