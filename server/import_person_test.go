package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRowsOfOnePersonByPhone imports rows without id and address: one with the name and a number of a
// contact is about it. People who share a number stay apart, and so do those who cannot be told apart.
func TestRowsOfOnePersonByPhone(t *testing.T) {
	for _, c := range []struct {
		name, there, file string // there: contacts before
		want              []string
	}{
		{"the same person", `{"name":"Mara Lind","email":"m@a.example","phone":"+49 30 123456"}`, "name,phone,stage\nMara Lind,0049 (30) 123456,lead\n", []string{"1 updated", "email=m@a.example", "stage=lead", "1 of 1"}},
		{"with a title", `{"name":"Mara Lind","other_phones":["+49 170 1234567"]}`, "name,phone,other_phones\nDr. Mara Lind,+49 30 222222,+491701234567\n", []string{"1 updated", `name="Dr. Mara Lind"`, "1 of 1"}},
		{"in another order", `{"name":"Lind, Mara","phone":"+49 30 123456"}`, "name,phone\nMara Lind,+49 30 123456\n", []string{"1 updated", "1 of 1"}},
		{"another number", `{"name":"Mara Lind","phone":"+49 30 123456"}`, "name,phone\nMara Lind,+49 30 123457\n", []string{"1 created", "2 of 2"}},
		{"a switchboard", `{"name":"Bo Kim","phone":"+49 30 123456"}`, "name,phone\nMara Lind,+49 30 123456\n", []string{"1 created", "2 of 2"}},
		{"part of a number", `{"name":"Mara Lind","phone":"123"}`, "name,phone\nMara Lind,123\n", []string{"1 created", "2 of 2"}},
		{"with an address", `{"name":"Mara Lind","phone":"+49 30 123456"}`, "name,phone,email\nMara Lind,+49 30 123456,m@a.example\n", []string{"1 created", "2 of 2"}},
		{"with an id", `{"name":"Mara Lind","phone":"+49 30 123456"}`, "ID,name,phone\n7,Mara Lind,+49 30 123456\n", []string{"1 created", "2 of 2"}},
		{"two rows", `{"name":"Bo Kim"}`, "name,phone,stage\nMara Lind,+49 30 123456,lead\nMara Lind,0049 30 123456,customer\n", []string{"1 created, 1 updated, 0 unchanged", "stage=lead", "2 of 2"}},
	} {
		r := newRig(t).as("jane@acme.com")
		r.want(201, "POST", "/contacts", c.there)
		text := r.want(200, "POST", "/import/contacts?dry_run=1", c.file)
		real := r.want(200, "POST", "/import/contacts", c.file)
		if !strings.Contains(text, c.want[0]) || !strings.Contains(real, c.want[0]) {
			t.Errorf("%s: want %s in the dry run and the import:\n%s%s", c.name, c.want[0], text, real)
		}
		r.want(200, "POST", "/import/contacts", c.file)
		list := r.want(200, "GET", "/contacts?fields=name,email,stage", "")
		for _, want := range c.want[1:] {
			if !strings.Contains(list, want) {
				t.Errorf("%s: no %s in\n%s", c.name, want, list)
			}
		}
	}
}

// TestTwoContactsOfOneNameAndNumber imports a row that is about one of two contacts: nobody knows which.
func TestTwoContactsOfOneNameAndNumber(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for range 2 {
		r.want(201, "POST", "/contacts", `{"name":"Mara Lind","phone":"+49 30 123456"}`)
	}
	for _, want := range []string{"1 created", "1 unchanged"} {
		if text := r.want(200, "POST", "/import/contacts", "name,phone\nMara Lind,+49 30 123456\n"); !strings.Contains(text, want) {
			t.Errorf("it is not %s: %s", want, text)
		}
	}
}

// TestNamesakesOfADryRun has more namesakes in the file itself than are compared with a row.
func TestNamesakesOfADryRun(t *testing.T) {
	for _, n := range []int{3, 100, 101} {
		r := newRig(t).as("jane@acme.com")
		file := "name,phone\n"
		for i := range n {
			file += fmt.Sprintf("Mara Lind,+49 30 %d\n", 123_000+i)
		}
		file += fmt.Sprintf("Mara Lind,0049 30 %d\n", 123_000+n-1)
		dry := r.want(200, "POST", "/import/contacts?dry_run=1", file)
		real := r.want(200, "POST", "/import/contacts", file)
		want := fmt.Sprintf("%d created, ", n+n/101)
		if !strings.Contains(dry, want) || !strings.Contains(real, want) {
			t.Errorf("%d namesakes: want %s in\n%s%s", n, want, dry, real)
		}
	}
}

// TestRowsThatLookLikeOnePerson has rows of one name with two addresses. They are two contacts, and
// the answer names them, a few of many.
func TestRowsThatLookLikeOnePerson(t *testing.T) {
	hint := "# rows that look like one person, by name and company or phone: "
	for _, c := range []struct{ name, file, want string }{
		{"in one company", "name,email,company\nMara Lind,m@a.example,Acme\nBo Kim,b@a.example,Acme\n\"Lind, Mara\",m@b.example,ACME\n", hint + "1 and 3, \"Lind, Mara\". If"},
		{"by phone", "name,email,phone\nMara,m@a.example,+49 30 123456\nDr. Mara,m@b.example,0049 30 123456\n", hint + "1 and 2, \"Dr. Mara\". If"},
		{"in two companies", "name,email,company\nMara Lind,m@a.example,Acme\nMara Lind,m@b.example,Bolt\n", ""},
		{"one word, in one company", "name,email,company\nMara,m@a.example,Acme\nMara,m@b.example,Acme\n", ""},
		{"one address", "name,email,company\nMara Lind,m@a.example,Acme\nMara Lind,m@a.example,Acme\n", ""},
		{"a row that fails", "name,email,company\nMara Lind,nowhere,Acme\nMara Lind,m@a.example,Acme\n", ""},
	} {
		r := newRig(t).as("jane@acme.com")
		for _, path := range []string{"/import/contacts?dry_run=1", "/import/contacts"} {
			text := r.want(200, "POST", path, c.file)
			if strings.Contains(text, hint) != (c.want != "") || !strings.Contains(text, c.want) {
				t.Errorf("%s, %s: want %q in\n%s", c.name, path, c.want, text)
			}
		}
		if text := r.want(200, "POST", "/import/contacts", c.file); strings.Contains(text, hint) {
			t.Errorf("%s: again there is a hint, although nothing was created:\n%s", c.name, text)
		}
	}
	r := newRig(t).as("jane@acme.com")
	file := "name,email,company\n"
	for i := range 20 {
		file += fmt.Sprintf("Mara Lind,m%d@a.example,Acme\n", i)
	}
	text := r.want(200, "POST", "/import/contacts?format=json", file)
	if !strings.Contains(text, `"remarks":["rows that look like one person`) || !strings.Contains(text, "1 and 6, \\\"Mara Lind\\\"; and 14 more. If they are") {
		t.Errorf("the hint is\n%s", text)
	}
}
