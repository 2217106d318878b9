package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/server"
)

// The plan of an import names each column once, with where its values go: also where that is not the
// field for which its name stands.
func TestPlansNameAllColumns(t *testing.T) {
	for _, test := range []struct{ what, kind, file, want string }{
		{"fields by their own name", "contacts", "Name,Email,Stage,Notes\nAnn,ann@acme.com,lead,x\n", "columns: Name, Email, Stage, Notes"},
		{"a field and others", "contacts", "Name,E-mail,Seats,Company\nAnn,ann@acme.com,3,Acme\n", `columns: Name, E-mail; "Seats" -> custom.Seats; "Company" -> company.name`},
		{"parts of a name", "contacts", "First Name,Last Name,Email\nAnn,Lee,ann@acme.com\n", `columns: Email; "First Name"+"Last Name" -> name`},
		{"a part that a whole name replaces", "contacts", "Anrede,Name,Email\nFrau,Ann Lee,ann@acme.com\nHerr,Bob Lee,bob@acme.com\n", `columns: Name, Email; "Anrede" -> custom.Anrede`},
		{"the second column for a field", "contacts", "Record ID,Lifecycle Stage,Lead Status,First Name,Email\n1,lead,open,Ann,ann@acme.com\n", `columns: Email; "Record ID" -> id; "Lifecycle Stage" -> stage; "Lead Status" -> custom."Lead Status"; "First Name" -> name`},
		{"the second column in some rows", "contacts", "Record ID,Lifecycle Stage,Lead Status,First Name,Email\n1,lead,open,Ann,ann@acme.com\n2,,open,Bob,bob@acme.com\n", `"Lead Status" -> stage, else custom."Lead Status"`},
		{"a web site that many share", "companies", "Name,Website\nAcme,https://www.facebook.com/acme\n", `columns: Name; "Website" -> custom.website`},
		{"a domain, and a page", "companies", "Name,Website\nAcme,https://acme.com\nGlobex,globex.com/en\n", `columns: Name; "Website" -> domain`},
		{"what the server sets", "contacts", "name,email,created_at\nAnn,ann@acme.com,2026-01-01\n", `columns: name, email; "created_at" -> custom.created_at`},
		{"no custom fields", "activities", "kind,body,contact,Mood,Place\ncall,Hi,Ann,good,here\n", `columns: kind, body; "contact" -> contact.name; "Mood"+"Place" -> body`},
		{"a name with a separator", "contacts", "Name,\"Seats, all\",Email\nAnn,3,ann@acme.com\n", `columns: Name, Email; "Seats, all" -> custom."Seats, all"`},
	} {
		r := newRig(t).as("jane@acme.com")
		text := r.want(200, "POST", "/import/"+test.kind+"?dry_run=1", test.file)
		if !strings.Contains(text, test.want+"\n") && !strings.Contains(text, test.want+";") {
			t.Errorf("%s: nothing says %s:\n%s", test.what, test.want, text)
		}
	}
}

// The plan of a file with as many columns as a file may have, with the longest names, is bounded.
func TestPlansOfManyColumnsAreBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var names, cells strings.Builder
	names.WriteString("name")
	cells.WriteString("Ann")
	for i := range 499 {
		fmt.Fprintf(&names, ",%03d%s", i, strings.Repeat("x", 60))
		fmt.Fprintf(&cells, ",v%d", i)
	}
	text := r.want(200, "POST", "/import/contacts?dry_run=1", names.String()+"\n"+cells.String()+"\n")
	plan, _, _ := strings.Cut(text, "\nrow 1 ")
	if len(plan) > 100_000 || strings.Count(plan, " -> custom.") != 499 {
		t.Errorf("%d bytes name %d columns", len(plan), strings.Count(plan, " -> custom."))
	}
}

// Rows are numbered without the column names; the line of the file is named too where it is
// another one: below titles, blank lines, line breaks in cells, and repeated column names.
func TestErrorsNameTheLineOfARow(t *testing.T) {
	for _, test := range []struct{ what, file, want string }{
		{"nothing above", "name,email\nAnn,no\n", "row 1 ERROR"},
		{"titles", "Export of May\n\nname,email\nAnn,no\n", "row 1 (line 4) ERROR"},
		{"blank lines", "name,email\nAnn,ann@acme.com\n\n\nBob,no\n", "row 2 (line 5) ERROR"},
		{"a note with line breaks", "name,email,notes\nAnn,ann@acme.com,\"a\nb\n\nc\"\nBob,no,\"x\ny\"\n", "row 2 (line 6) ERROR"},
		{"empty rows", "name,email\n,\n,\nBob,no\n", "row 3 ERROR"},
		{"repeated names", "name,email\nAnn,ann@acme.com\nname,email\nBob,no\n", "row 2 (line 4) ERROR"},
		{"how many", "name,email\nAnn,ann@acme.com\nname,email\nBob,bob@acme.com\nname,email\nCid,cid@acme.com\n", "# lines that repeat the column names are left out: 2\n"},
		{"JSON lines", "{\"name\":\"Ann\"}\n{\"name\":\"Bob\",\"email\":\"no\"}\n", "row 2 ERROR"},
		{"JSON lines with blank ones", "{\"name\":\"Ann\"}\n\n{\"name\":\"Bob\",\"email\":\"no\"}\n", "row 2 (line 3) ERROR"},
		{"vCards", "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEMAIL:bob@\nEND:VCARD\n", "row 2 (line 5) ERROR"},
		{"all or none", "Export of May\n\nname,email\nAnn,no\n", "row 1 (line 4): "},
	} {
		r := newRig(t).as("jane@acme.com")
		path := "/import/contacts"
		if test.what == "all or none" {
			path += "?atomic=1"
		}
		a := r.call("POST", path, test.file)
		if !strings.Contains(a.body, test.want) {
			t.Errorf("%s: nothing says %q:\n%s", test.what, test.want, a.body)
		}
	}
	r := newRig(t).as("jane@acme.com")
	if a := r.call("POST", "/import/deals", "Export of May\n\nDeal Name,Close Date\nBig,03/04/2026\n"); !strings.Contains(a.body, "row 1 (line 4) has 03/04/2026") {
		t.Errorf("a date in two ways: %s", a.body)
	}
	if a := r.call("POST", "/import/contacts?format=json", "Export of May\n\nname,email\nAnn,no\n"); !strings.Contains(a.body, `"line":4`) {
		t.Errorf("JSON: %s", a.body)
	}
}

// An error of a dry run names the row that would make a record, because the record does not exist:
// wherever the steps of the dry run end, and also if all rows are saved or none.
func TestDryRunsNameRowsInsteadOfRecords(t *testing.T) {
	const file = "Export\n\nname,email,company\nAnn Lee,ann@acme.com,Acme\nMax Moritz,max@acme.com,Acme\nBo Kim,ann@acme.com,Globex\n"
	for _, batch := range []int{1, 2, 100} {
		for path, want := range map[string]string{"?dry_run=1": "is the address of row 1 (line 4) of this file, ", "?atomic=1": "is the address of row 1 (line 4) of this file, ", "": "is the address of contact/"} {
			r := newRig(t).as("jane@acme.com")
			r.want(201, "POST", "/contacts", `{"name":"Real","email":"real@acme.com"}`)
			r.tune(func(s *server.Server) { s.SaveAtOnce(batch) })
			if a := r.call("POST", "/import/contacts"+path, file); !strings.Contains(a.body, want) {
				t.Errorf("%s in batches of %d: nothing says %q:\n%s", path, batch, want, a.body)
			}
		}
	}
	r := newRig(t).as("jane@acme.com")
	handle := "contact/" + r.json(201, "POST", "/contacts", `{"name":"Real Person","email":"ann@acme.com"}`)["id"].(string)
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", file); !strings.Contains(text, "is the address of "+handle+", ") {
		t.Errorf("a real record is named by its handle, %s:\n%s", handle, text)
	}
}

// An answer says how many rows nothing but their cells identifies, also if others have an address:
// a correction makes another record of them.
func TestRowsWithoutIdentityAreCounted(t *testing.T) {
	for _, test := range []struct{ what, kind, file, want string }{
		{"some rows", "contacts", "name,email,city\nAnn,ann@acme.com,Bonn\nBob,,Bonn\nCid,,Rome\n", "# rows without id and email: 2; when a cell of one is corrected, it is another record"},
		{"all rows", "contacts", "name,city\nAnn,Bonn\n", "# no column is an id: when a cell of a row is corrected, it is another record"},
		{"companies", "companies", "name,domain\nAcme,acme.com\nGlobex,\n", "# rows without id and domain: 1; "},
		{"deals", "deals", "id,title\n7,Big\n,Small\n", "# rows without an id: 1; "},
		{"people with a phone", "contacts", "name,email,phone\nAnn,ann@acme.com,\nBob,,+49 30 1234567\n", ""},
		{"none", "contacts", "name,email\nAnn,ann@acme.com\n", ""},
	} {
		r := newRig(t).as("jane@acme.com")
		for _, path := range []string{"?dry_run=1", ""} {
			text := r.want(200, "POST", "/import/"+test.kind+path, test.file)
			if test.want == "" && strings.Contains(text, "corrected, it is another") || strings.Count(text, "corrected, it is another") > 1 || !strings.Contains(text, test.want) {
				t.Errorf("%s%s: want %q:\n%s", test.what, path, test.want, text)
			}
		}
	}
	r := newRig(t).as("jane@acme.com")
	const twice = "name,city\nAnn,Bonn\nAnn,Bonn\n"
	for _, want := range []string{"2 created, 0 updated, 0 unchanged", "0 created, 0 updated, 2 unchanged"} {
		if text := r.want(200, "POST", "/import/contacts", twice); !strings.Contains(text, want) {
			t.Errorf("two equal rows: want %s:\n%s", want, text)
		}
	}
}
