package server_test

import (
	"strings"
	"testing"
)

// TestCurrencyColumns imports amounts beside several columns for the currency: the one that the
// record gets is the one in which the amount is read.
func TestCurrencyColumns(t *testing.T) {
	for _, c := range []importCase{
		{"the field after another column", "deals", "title,Amount Currency,Amount,currency\nT2,USD,1000,JPY\n", []string{`amount="1000 JPY" currency=JPY`, `custom."Amount Currency"=USD`}},
		{"the field before another column", "deals", "title,currency,Amount,Amount Currency\nT2,JPY,1000,USD\n", []string{`amount="1000 JPY" currency=JPY`, `custom."Amount Currency"=USD`}},
		{"without the field", "deals", "title,Amount,Amount Currency\nT2,1000,KWD\n", []string{`amount="1000.000 KWD" currency=KWD`}},
	} {
		c.check(t)
	}
}

// TestKeysAreThereOnce imports rows that have one key of an address, or of custom, in two places.
// No object of a record has a key twice, so its export is read again, and no cell is lost.
func TestKeysAreThereOnce(t *testing.T) {
	for _, c := range []importCase{
		{"a part of an address", "contacts", `[{"name":"J","address":{"city":"Berlin"},"City":"Bonn","Zip":"10115"}]`, []string{"address.city=Berlin", "address.postal_code=10115", "custom.City=Bonn"}},
		{"the same part twice", "contacts", `[{"name":"J","address":{"city":"Berlin"},"City":"Berlin"}]`, []string{"address.city=Berlin", "!custom"}},
		{"two addresses", "contacts", `[{"name":"J","address":{"city":"Berlin"},"Address":{"city":"Bonn","country":"DE"}}]`, []string{"address.city=Berlin", "address.country=DE", "custom.Address=", "Bonn"}},
		{"lines of a street", "contacts", "name,address.street,Address\nJ,1 Main St,2 Side St\n", []string{`address.street="1 Main St"`, `custom.Address="2 Side St"`}},
		{"labels of a card", "contacts", card("item1.TEL:+49 30 1", "item1.X-ABLABEL:Blog", "item2.TEL:+49 30 2", "item2.X-ABLABEL:Blog", "item3.TEL:+49 30 3", "item3.X-ABLABEL:Blog 2", "item4.TEL:+49 30 4", "item4.X-ABLABEL:Blog"),
			[]string{`custom.blog="+49 30 1"`, `custom.blog_2="+49 30 2"`, `custom.blog_2_2="+49 30 3"`, `custom.blog_3="+49 30 4"`}},
		{"a field of a card", "contacts", card("TITLE:Head", "TITLE:Chief", "TITLE:Boss"), []string{"title=Head", "custom.title_2=Chief", "custom.title_3=Boss"}},
		{"a column and a key of custom", "contacts", `[{"name":"J","Shoe size":42,"custom":{"Shoe size":"41"}}]`, []string{`custom."Shoe size"=41`, `custom."Shoe size 2"=42`}},
	} {
		r := c.check(t)
		file := r.want(200, "GET", "/export", "")
		if answer := newRig(t).as("jane@acme.com").want(200, "POST", "/import", file); !strings.Contains(answer, " 0 failed") {
			t.Errorf("%s: its export cannot be read: %s\n%s", c.name, answer, file)
		}
	}
}

// TestCustomThatIsNoObject imports a row whose custom is a number, beside a column that would be a
// key of it: the row is refused, rather than saved without the number.
func TestCustomThatIsNoObject(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	if answer := r.want(200, "POST", "/import/contacts", `[{"name":"K","Shoe size":42,"custom":5}]`); !strings.Contains(answer, "row 1 ERROR invalid_value custom takes an object") {
		t.Error(answer)
	}
}

// card returns a vCard of J.
func card(lines ...string) string {
	return "BEGIN:VCARD\nVERSION:3.0\nFN:J\n" + strings.Join(lines, "\n") + "\nEND:VCARD\n"
}

// TestNoCellIsLost imports cells that no field takes, because they are wrong, second, or say the
// opposite of another.
func TestNoCellIsLost(t *testing.T) {
	for _, c := range []importCase{
		{"no domain", "companies", "name,domain\nA,none/yet\n", []string{"custom.domain=none/yet"}},
		{"no host", "companies", "name,domain\nA,acme inc/acme.com\n", []string{`custom.domain="acme inc/acme.com"`}},
		{"tags and an object", "contacts", `[{"name":"J","tags":["a"],"Labels":{"add":["b"]}}]`, []string{"tags=a", "custom.Labels=", "add"}},
		{"a stage that is won", "deals", "title,Stage,Won\nD,Closed Won,no\n", []string{"status=won", "custom.Won=no"}},
		{"a stage that is open", "deals", "title,Stage,Won\nD,Proposal,no\n", []string{"status=open", "!custom"}},
		{"two joined files", "contacts", "name,email\nA,a@x.example\nB,\nname,email\nC,c@x.example\n", []string{"name=A", "name=B", "name=C", "!custom"}},
		{"a list of addresses", "contacts", "name,other_emails\nJ,\"g1@x.example, g2@x.example\"\n", []string{"other_emails=g1@x.example,g2@x.example"}},
	} {
		c.check(t)
	}
}
