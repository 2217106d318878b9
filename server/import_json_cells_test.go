package server_test

import (
	"strings"
	"testing"
)

// importCase is a file of a kind of records, and what the export of its records must have; with !
// before it, what it must not have.
type importCase struct {
	name, kind, file string
	want             []string
}

// check imports the file, twice, and looks at the export. The second import changes nothing.
func (c importCase) check(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).as("jane@acme.com")
	answer := r.want(200, "POST", "/import/"+c.kind, c.file)
	text := r.want(200, "GET", "/export/"+c.kind, "")
	for _, want := range c.want {
		if absent, is := strings.CutPrefix(want, "!"); is == strings.Contains(text, absent) {
			t.Errorf("%s: want %s in\n%s%s", c.name, want, text, answer)
		}
	}
	if again := r.want(200, "POST", "/import/"+c.kind, c.file); !strings.Contains(again, "0 created, 0 updated, ") || !strings.Contains(again, " 0 failed") {
		t.Errorf("%s: again it is\n%s", c.name, again)
	}
	return r
}

// TestCellsInBraces imports cells that begin like JSON and are text, and JSON with blanks in it.
func TestCellsInBraces(t *testing.T) {
	for _, c := range []importCase{
		{"an address", "contacts", "name,email,address\nJ,j@x.example,{Haus} Berlin\nK,k@x.example,Ulm\n", []string{`address.street="{Haus} Berlin"`, "name=K"}},
		{"a company", "contacts", "name,company\nJ,{Acme} GmbH\n", []string{`company.name="{Acme} GmbH"`}},
		{"a single brace", "contacts", "name,company,address,tags,other_phones\nJ,{,{,[,[\n", []string{"company.name={", "address.street={", "tags=[", "other_phones=["}},
		{"a brace and a quote", "contacts", "name,company\nJ,\"{\"\"\"\n", []string{`company.name="{\"`}},
		{"tags in brackets", "contacts", "name,tags\nJ,\"[vip], new\"\n", []string{"tags=[vip],new"}},
		{"a list of JSON with blanks", "contacts", "name,tags,other_emails\nJ,\"[\"\"a\"\", \"\"b\"\"]\",\"[\"\"k@x.example\"\", \"\"l@x.example\"\"]\"\n", []string{"tags=a,b", "other_emails=k@x.example,l@x.example"}},
		{"an object with blanks", "contacts", "name,company,address\nJ,\"{\"\"name\"\": \"\"Acme\"\"}\",\"{\"\"city\"\": \"\"Ulm\"\"}\"\n", []string{"company.name=Acme", "address.city=Ulm", "!custom"}},
		{"a number in brackets", "contacts", "name,phone\nJ,[030] 123456\n", []string{`phone="[030] 123456"`}},
		{"a site in brackets", "companies", "name,Website\nA,[acme.example\n", []string{"custom.Website=[acme.example"}},
	} {
		c.check(t)
	}
	r := newRig(t).as("jane@acme.com")
	answer := r.want(200, "POST", "/import/contacts", "name,email\nJ,[none\nK,k@x.example\n")
	if !strings.Contains(answer, "row 1 ERROR invalid_email") || !strings.Contains(answer, "1 created, 0 updated, 0 unchanged, 1 failed") {
		t.Error(answer)
	}
}
