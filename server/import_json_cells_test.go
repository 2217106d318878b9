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

// TestObjectsInCells imports references, numbers and addresses as the JSON of other products has
// them. What an object says beside the value is kept.
func TestObjectsInCells(t *testing.T) {
	for _, c := range []importCase{
		{"all of a company", "contacts", `[{"name":"J","company":{"name":"Acme","domain":"acme.example"}}]`, []string{"company.name=Acme", "!custom"}},
		{"more of a company", "contacts", `[{"name":"J","company":{"name":"Acme","domain":"acme.example","size":50}}]`, []string{"company.name=Acme", "custom.company=", "size", "50"}},
		{"a company as text", "contacts", "name,company\nJ,\"{\"\"name\"\": \"\"Acme\"\"}\"\n", []string{"company.name=Acme", "!custom"}},
		{"an object without a name", "contacts", `[{"name":"J","company":{"size":5}}]`, []string{"!company.name", "custom.company=", "size"}},
		{"an empty object", "contacts", `[{"name":"J","company":{},"phone":[]}]`, []string{"!company.name", "!phone"}},
		{"a shared site", "contacts", `[{"name":"J","company":{"name":"Acme","domain":"facebook.com"}}]`, []string{"company.name=Acme", "custom.company=", "facebook.com"}},
		{"a list of companies", "contacts", `[{"name":"J","company":["Beta","Gamma"]}]`, []string{"company.name=Beta", "custom.company=", "Gamma"}},
		{"a list of one", "contacts", `[{"name":"J","company":[{"name":"Beta"}]}]`, []string{"company.name=Beta", "!custom"}},
		{"a phone number", "contacts", `[{"name":"J","phone":{"number":"789012345","callingCode":"+33","countryCode":"FR"}}]`, []string{`phone="+33 789012345"`, "!custom"}},
		{"no phone number", "contacts", `[{"name":"J","phone":{"carrier":"X"}}]`, []string{"! phone=", "custom.phone=", "carrier"}},
		{"addresses with labels", "contacts", `[{"name":"J","email":[{"value":"j@x.example","primary":true,"label":""},{"value":"k@x.example","label":"work"}]}]`, []string{"email=j@x.example", "other_emails=k@x.example", "custom.email=", "work"}},
		{"a domain", "companies", `[{"name":"A","domain":{"url":"https://acme.example"}}]`, []string{"domain=acme.example"}},
	} {
		c.check(t)
	}
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/companies?source=old", `[{"id":5,"name":"Acme"}]`)
	r.want(200, "POST", "/import/contacts?source=old", `[{"id":1,"name":"J","company":{"id":5}}]`)
	if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, "company.name=Acme") {
		t.Error(text)
	}
	answer := r.want(200, "POST", "/import/contacts?source=old", `[{"id":2,"name":"K","company":{"id":6}}]`)
	if !strings.Contains(answer, "row 1 ERROR reference_not_found company_id: no company with the id 6") {
		t.Error(answer)
	}
	if text := r.want(200, "GET", "/export/companies", ""); strings.Count(text, "company/") != 1 || !strings.Contains(text, "name=Acme") {
		t.Error(text)
	}
}
