package server_test

import (
	"strings"
	"testing"
)

// TestNamesBesideAddresses imports cells with a name beside the address. The name is that of a row
// which has none; in others nothing of the cell is lost, and nobody gets the address of another.
func TestNamesBesideAddresses(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string // of the export; ! before what must not be there
	}{
		{"it names the row", "email\nMara Lind <Mara@acme.example>\n", []string{`name="Mara Lind" email=mara@acme.example`, "!custom"}},
		{"with a comma in quotes", "E-mail\n\"\"\"Lind, Mara\"\" <mara@acme.example>\"\n", []string{`name="Lind, Mara" email=mara@acme.example`, "!custom"}},
		{"with a comma, as Outlook writes it", "E-mail\n\"Lind, Mara <mara@acme.example>\"\n", []string{`name="Lind, Mara" email=mara@acme.example`, "!custom"}},
		{"behind the address", "E-mail\nmara@acme.example (Mara Lind)\n", []string{`name="Mara Lind" email=mara@acme.example`}},
		{"brackets alone", "name,email\nMara,<mara@acme.example>\n", []string{"name=Mara email=mara@acme.example", "!custom"}},
		{"the same name", "name,email\nMara Lind,\"\"\"LIND, Mara\"\" <mara@acme.example>\"\n", []string{`name="Mara Lind" email=mara@acme.example`, "!custom"}},
		{"a part of the name", "name,email\nMara Lind,Mara <mara@acme.example>\n", []string{`name="Mara Lind" email=mara@acme.example`, "!custom"}},
		{"another name", "name,Email\nMara Lind,Sales <mara@acme.example>\n", []string{`name="Mara Lind" email=mara@acme.example`, `custom.Email="Sales <mara@acme.example>"`}},
		{"several of one person", "name,email\nMara Lind,Mara <m@a.example>; M. Lind <m@b.example>\n", []string{"email=m@a.example", "other_emails=m@b.example", `custom.email="Mara <m@a.example>; M. Lind`}},
		{"several of two people", "email\n\"Mara Lind <m@a.example>, Bo Kim <b@a.example>\"\n", []string{`name="Mara Lind" email=m@a.example`, "!other_emails", `custom.email="Mara Lind <m@a.example>, Bo Kim <b@a.example>"`}},
		{"in two columns", "Name,Email,Email 2\nMara Lind,m@a.example,Mara Lind <m@b.example>\n", []string{"email=m@a.example", "other_emails=m@b.example", "!custom"}},
		{"in the list", "name,other_emails\nMara Lind,\"Mara Lind <m@a.example>, m@b.example\"\n", []string{"other_emails=m@a.example,m@b.example", "!custom"}},
		{"a name that is too long", "email\n" + strings.Repeat("Mara ", 50) + "<m@a.example>\n", []string{"name=m@a.example email=m@a.example", "custom.email="}},
		{"a name of parts", "First name,Last name,Email\nMara,Lind,Mara Lind <m@a.example>\n", []string{`name="Mara Lind"`, "!custom"}},
		{"a card", "BEGIN:VCARD\nVERSION:4.0\nFN:Mara Lind\nEMAIL:Mara Lind <m@a.example>\nEND:VCARD\n", []string{`name="Mara Lind" email=m@a.example`, "!custom"}},
	} {
		r := newRig(t).as("jane@acme.com")
		answer := r.want(200, "POST", "/import/contacts", c.file)
		text := r.want(200, "GET", "/export/contacts", "")
		for _, want := range c.want {
			if absent, is := strings.CutPrefix(want, "!"); is == strings.Contains(text, absent) {
				t.Errorf("%s: want %s in\n%s%s", c.name, want, text, answer)
			}
		}
		if again := r.want(200, "POST", "/import/contacts", c.file); !strings.Contains(again, "0 created, 0 updated, 1 unchanged, 0 failed") {
			t.Errorf("%s: again it is\n%s", c.name, again)
		}
	}
}

// TestNamesBesideAddressesOfReferences imports deals whose contact is written as in a mail.
func TestNamesBesideAddressesOfReferences(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/deals", "title,contact.email\nx,\"\"\"Lind, Mara\"\" <m@a.example>\"\n")
	r.want(200, "POST", "/import/deals", "title,Contact\ny,Bo Kim <b@a.example>\n")
	text := r.want(200, "GET", "/export/contacts", "")
	for _, want := range []string{`name="Lind, Mara" email=m@a.example`, `name="Bo Kim" email=b@a.example`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestNamesBesideAddressesInBodies sends one where only an address is allowed: the error has both parts.
func TestNamesBesideAddressesInBodies(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, body := range []string{`{"email":"Mara Lind <mara@acme.com>"}`, `{"name":"Mara","other_emails":["Mara Lind <mara@acme.com>"]}`} {
		if text := r.want(400, "POST", "/contacts", body); !strings.Contains(text, "send mara@acme.com alone. A name") {
			t.Errorf("the error is %s", text)
		}
	}
}

// TestSeveralNumbersInACell imports cells with several phone numbers. A slash is also written inside
// one, and then the number stays as it is.
func TestSeveralNumbersInACell(t *testing.T) {
	for cell, want := range map[string]string{
		"+49 30 123456 / +49 170 1234567":                 `phone="+49 30 123456" other_phones="+49 170 1234567"`,
		"030/1234567 oder 0170/1234567 , +49 171 1234567": `phone=030/1234567 other_phones="0170/1234567,+49 171 1234567"`,
		"033203 / 12345":   `phone="033203 / 12345" notes`,
		"+49 30 1234567/8": `phone="+49 30 1234567/8" notes`,
	} {
		r := newRig(t).as("jane@acme.com")
		file := "name,phone,notes\nMara,\"" + cell + "\",x\n"
		r.want(200, "POST", "/import/contacts", file)
		if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, want) {
			t.Errorf("%s: no %s in\n%s", cell, want, text)
		}
		if again := r.want(200, "POST", "/import/contacts", file); !strings.Contains(again, "1 unchanged") {
			t.Errorf("%s: again it is\n%s", cell, again)
		}
	}
}
