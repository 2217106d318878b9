package server_test

import (
	"strings"
	"testing"
)

// A connection of LinkedIn without an address is known by its profile, so a new position updates
// the contact. The address of the profile is also a key of custom.
func TestConnectionsAreKnownByTheirProfile(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const header = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
	for _, c := range []struct{ rows, want string }{
		{"Ann,Lee,https://www.linkedin.com/in/Ann-Lee,,Acme,Buyer,12 Mar 2024\nBo,Kim,,,Acme,Buyer,12 Mar 2024\n", "2 created"},
		{"Ann,Lee,https://www.linkedin.com/in/ann-lee/,,Acme,Head,12 Mar 2024\n", "0 created, 1 updated"},
		{"Ann,Lee,https://www.linkedin.com/in/ann-lee/,ann@acme.com,Acme,Head,12 Mar 2024\n", "0 created, 1 updated"},
		{"Ann,Lee,,ann@acme.com,Acme,Head,12 Mar 2024\n", "1 unchanged"},
		{"Bo,Kim,,,Acme,Buyer,12 Mar 2024\n", "1 unchanged"},
	} {
		if text := r.want(200, "POST", "/import/contacts", header+c.rows); !strings.Contains(text, c.want) || !strings.Contains(text, " 0 failed") {
			t.Errorf("%s gives\n%s", c.rows, text)
		}
	}
	text := r.want(200, "GET", "/contacts?external_ids=linkedin:ann-lee&format=json", "")
	for _, want := range []string{`"title":"Head"`, `"linkedin":"https://www.linkedin.com/in/ann-lee/"`, `"email":"ann@acme.com"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// A report of Salesforce without any of its marks is known by its ids, those of 15 characters too,
// and not by names that differ from another product's in the signs between words.
func TestReportsAreKnownByTheirIDs(t *testing.T) {
	for _, c := range []struct{ kind, file, want string }{
		{"contacts", "\"First Name\",\"Last Name\",\"Account Name\",\"Email\",\"Email Opt Out\",\"Mailing City\",\"Contact ID\"\nAnn,Lee,Acme,ann@acme.com,0,Bonn,0035g00000AbCdE\n", "salesforce:0035g00000AbCdEAAV"},
		{"companies", "Account Name,Account ID\nAcme,0015g00000J1k2L\n", "salesforce:0015g00000J1k2LAAR"},
		{"deals", "Opportunity Name,Account Name,Opportunity ID\nBig,Acme,0065g00000AbCdE\n", "salesforce:0065g00000AbCdEAAV"},
	} {
		r := newRig(t).as("jane@acme.com")
		text := r.want(200, "POST", "/import/"+c.kind+"?dry_run=1", c.file)
		if !strings.Contains(text, "source: salesforce") || !strings.Contains(text, "known by its ids") || strings.Contains(text, "Freshsales") {
			t.Errorf("%s: the plan says\n%s", c.kind, text)
		}
		r.want(200, "POST", "/import/"+c.kind, c.file)
		if text = r.want(200, "GET", "/export/"+c.kind, ""); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %s in\n%s", c.kind, c.want, text)
		}
	}
	r := newRig(t).as("jane@acme.com")
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", "Contact ID,Account Name,First Name\n5,Acme,Ann\n"); strings.Contains(text, "Freshsales") {
		t.Errorf("a sheet of its own is taken for an export:\n%s", text)
	}
}
