package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// importedAgain is a file that is imported, undone and imported again.
type importedAgain struct{ kind, before, file, list string }

// importsAgain are files with the ways in which rows are matched: by ids of a product, of a file of no known product, by
// keys, by names, by their content, and as completion of a record that an earlier file has named.
var importsAgain = map[string]importedAgain{
	"ids of a product":      {"contacts?source=hubspot", "", "Record ID,First Name,Last Name,Email\n1,Ann,Lee,ann@acme.test\n2,Bob,Ray,\n", "/contacts"},
	"ids of a file":         {"contacts", "", "id,name,stage\n71,Ann Lee,lead\n72,Bob Ray,lead\n", "/contacts"},
	"keys":                  {"contacts", "", "name,email\nAnn Lee,ann@acme.test\nBob Ray,bob@acme.test\n", "/contacts"},
	"names":                 {"deals", "", "title,company\nSeats,Acme\nMore seats,Acme\n", "/companies"},
	"content":               {"activities", "", "body,kind,contact\nSaid hello,call,Ann Lee\nSaid hello,call,Ann Lee\n", "/activities"},
	"completion":            {"companies", "title,company\nSeats,Acme\n", "name,domain\nAcme,acme.test\n", "/companies"},
	"completion of persons": {"contacts", "title,contact\nSeats,Ann Lee\n", "name,email,stage\nAnn Lee,ann@acme.test,lead\n", "/contacts"},
	"completion by words":   {"companies", "title,company\nSeats,Acme\n", "name,notes\nAcme,good\n", "/companies"},
	"an update":             {"contacts?source=crm", "", "source_id,name,title\n1,Ann Lee,CTO\n", "/contacts"},
}

// TestImportAgain imports a file, undoes that, imports it again, and takes the undo back and forth. An import that
// follows an undo makes what the first one made.
func TestImportAgain(t *testing.T) {
	for name, c := range importsAgain {
		t.Run(name, func(t *testing.T) {
			w := newUndoWorld(newRig(t).as("jane@acme.com"), 1)
			empty, earlier := withoutIDs(w.answers(c.list+"?limit=200&sort=created_at")), ""
			if c.before != "" {
				earlier = w.do("POST", "/import/deals?dry_run=0", c.before)
			}
			mark := "?"
			if strings.Contains(c.kind, "?") {
				mark = "&"
			}
			path := "/import/" + c.kind + mark + "dry_run=0"
			list := func() string { return withoutIDs(w.answers(c.list + "?limit=200&sort=created_at")) }
			before, whole := list(), w.state()
			first := w.do("POST", path, c.file)
			after, afterFirst := list(), w.state()
			back := w.undo(first)
			w.wantState("undone", whole)
			redone := w.undo(back)
			w.wantState("done again", afterFirst)
			if repeated := w.do("POST", path, c.file); repeated != "" {
				t.Errorf("the file changes something a second time: %s", w.want(200, "GET", "/changes/"+repeated, ""))
			}
			w.undo(redone)
			w.wantState("undone twice", whole)
			second := w.do("POST", path, c.file)
			if got := list(); got != after {
				t.Errorf("imported again it is\n%s\nnot\n%s", got, after)
			}
			w.undo(second)
			if got := list(); got != before {
				t.Errorf("undone again it is\n%s\nnot\n%s", got, before)
			}
			if earlier != "" {
				w.undo(earlier)
			}
			if got := list(); got != empty {
				t.Errorf("with all undone it is\n%s\nnot\n%s after\n%s", got, empty, w.last)
			}
		})
	}
}

// withoutIDs returns an answer without ids and times.
func withoutIDs(text string) string {
	for _, f := range []string{"id", "handle", "created_at", "company_id", "contact_id", "occurred_at", "stage_since"} {
		text = removeMember(text, f)
	}
	return text
}

// removeMember returns JSON without the texts of a name.
func removeMember(text, name string) string {
	for {
		head, rest, found := strings.Cut(text, fmt.Sprintf("%q:\"", name))
		if !found {
			return text
		}
		_, rest, _ = strings.Cut(rest, `"`)
		text = head + strings.TrimPrefix(rest, ",")
	}
}

// TestUndoOfAnUndoneImport imports a file again before the undo of its first import is undone: the records come back
// beside those that the second import made, without what those have by now.
func TestUndoOfAnUndoneImport(t *testing.T) {
	w := newUndoWorld(newRig(t).as("jane@acme.com"), 1)
	const file = "name,email,stage\nAnn Lee,ann@acme.test,lead\n"
	first := w.do("POST", "/import/contacts?dry_run=0", file)
	back := w.undo(first)
	w.do("POST", "/import/contacts?dry_run=0", file)
	w.undo(back)
	list := w.json(200, "GET", "/contacts?sort=created_at", "")["items"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["email"] != nil || list[1].(map[string]any)["email"] != "ann@acme.test" {
		t.Errorf("%v\n%s", list, w.last)
	}
}
