package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestWorkspaceFilesAreBounded sends workspaces whose rows have more keys than an import holds in
// memory, or longer ones.
func TestWorkspaceFilesAreBounded(t *testing.T) {
	var keys strings.Builder
	for row := range 4 {
		fmt.Fprintf(&keys, `{"handle":"contact/c_%d","name":"x"`, row)
		for i := range 150 {
			fmt.Fprintf(&keys, `,"key%d_%d":1`, row, i)
		}
		keys.WriteString("}\n")
	}
	const header, footer = `{"crmkit":1,"workspace":"ws_1"}` + "\n", `{"end":true,"counts":{"contacts":%d}}`
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct{ file, says string }{
		{header + keys.String() + fmt.Sprintf(footer, 4), "the rows up to row 4 have more than the maximum of 500 different keys"},
		{header + `{"handle":"contact/c_1","name":"x","` + strings.Repeat("k", 300) + `":1}` + "\n" + fmt.Sprintf(footer, 1), "row 1: the name of a column or key has more than the maximum of 207 bytes"},
		{header + `{"end":true,"counts":"{x"}`, "the last line of the file has no counts"},
	} {
		if a := r.call("POST", "/import", c.file); a.status != 400 || !strings.Contains(a.body, c.says) {
			t.Errorf("%d %.300s; want %s", a.status, a.body, c.says)
		}
	}
	if n := r.json(200, "GET", "/contacts", "")["total"]; fmt.Sprint(n) != "0" {
		t.Errorf("%v contacts were saved", n)
	}
}

// A file without rows is refused, whatever its format. An empty workspace is one too.
func TestImportsWithoutRowsAreRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, file := range []string{"[]", " [ ] \n", "{}\n{}\n", "[{},{}]", `{"name":null,"email":""}`, "name,email\n", "name,email\n,\n"} {
		for _, dry := range []string{"", "?dry_run=1"} {
			if text := r.want(400, "POST", "/import/contacts"+dry, file); !strings.Contains(text, "no rows") {
				t.Errorf("%q: %s", file, text)
			}
		}
	}
	r.want(200, "POST", "/import", r.want(200, "GET", "/export", ""))
}
