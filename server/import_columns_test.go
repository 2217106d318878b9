package server_test

import (
	"fmt"
	"strings"
	"testing"
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
