package server_test

import (
	"strings"
	"testing"
)

// A column of customers names a company or a person: an address is that of the contact, and a name
// that of the one that has it. An address never names a company.
func TestCustomersArePeopleOrCompanies(t *testing.T) {
	for _, c := range []struct{ kind, file, want string }{
		{"tickets", "Betreff;Kunde;E-Mail\nx;Ayşe Öztürk;ayse@bmw.de\n", `requester.name="Ayşe Öztürk"`},
		{"tickets", "Betreff;Kunde\nx;Ayşe Öztürk\n", `requester.name="Ayşe Öztürk"`},
		{"tickets", "Betreff;Kunde\nx;Both\n", `company.name=Both`},
		{"tickets", "Betreff;Kunde;E-Mail\nx;Both;both@x.example\n", `requester.name=Both`},
		{"tickets", "Betreff;Kunde;E-Mail\nx;Neu AG;ayse@bmw.de\n", `company.name="Neu AG"`},
		{"tickets", "Betreff;Kunde;E-Mail\nx;Ayşe Öztürk;both@x.example\n", `requester.name=Both`},
		{"deals", "Deal,Customer\nx,ayse@bmw.de\n", `contact.name="Ayşe Öztürk"`},
		{"deals", "Deal,Company\nx,ayse@bmw.de\n", `contact.name="Ayşe Öztürk"`},
		{"deals", "Deal,Customer\nx,New One <new@x.example>\n", `contact.name="New One"`},
		{"deals", "Affaire;Client;Email du contact\nx;Neu AG;ayse@bmw.de\n", `contact.name="Ayşe Öztürk"`},
		{"tasks", "Task,Client email\nx,ayse@bmw.de\n", `contact.name="Ayşe Öztürk"`},
		{"activities", "Datum;Art;Notiz;Kontakt E-Mail\n01.02.2026;Anruf;x;ayse@bmw.de\n", `contact.name="Ayşe Öztürk"`},
		{"contacts", "Name,Company\nCid,cid@x.example\n", `custom.Company=cid@x.example`},
	} {
		r := newRig(t).as("jane@acme.com")
		r.want(201, "POST", "/contacts", `{"name":"Ayşe Öztürk","email":"ayse@bmw.de"}`)
		r.want(201, "POST", "/contacts", `{"name":"Both","email":"both@x.example"}`)
		r.want(201, "POST", "/companies", `{"name":"Both"}`)
		plan := r.want(200, "POST", "/import/"+c.kind, c.file)
		text := r.want(200, "GET", "/export/"+c.kind, "")
		if !strings.Contains(text, c.want) {
			t.Errorf("%s\n%s\n%s", c.file, plan, text)
		}
		if text = r.want(200, "GET", "/companies", ""); strings.Contains(text, "@") || strings.Contains(text, "Öztürk") {
			t.Errorf("%s makes companies of people:\n%s", c.file, text)
		}
	}
}

// Members of a campaign are known by their address, and who left one does not become a member again.
func TestMembersWhoLeftAreRefused(t *testing.T) {
	for file, want := range map[string]string{
		"Campaign,Email,Status\nXmas,a@x.example,Subscribed\n":       "1 created",
		"Campaign,Email,Status\nXmas,a@x.example,Unsubscribed\n":     `row 1 ERROR invalid_value Status is Unsubscribed`,
		"Campaign,Email,Unsubscribed\nXmas,a@x.example,no\n":         "1 created",
		"Campaign,Email,Unsubscribed\nXmas,a@x.example,2026-01-02\n": `row 1 ERROR invalid_value Unsubscribed is 2026-01-02`,
		"Campaign;Kunde;E-Mail\nXmas;Neu AG;a@x.example\n":           "only one of contact_id, company_id",
	} {
		r := newRig(t).as("jane@acme.com")
		r.want(201, "POST", "/campaigns", `{"name":"Xmas"}`)
		if text := r.want(200, "POST", "/import/campaign_members", file); !strings.Contains(text, want) {
			t.Errorf("%s\n%s", file, text)
		}
	}
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/campaigns", `{"name":"Xmas"}`)
	r.want(200, "POST", "/import/campaign_members", "Campaign,Email\nXmas,a@x.example\n")
	if text := r.want(200, "GET", "/campaign_members?contact.email=a@x.example", ""); !strings.Contains(text, "campaign_member/") {
		t.Errorf("the request that the error names finds no member:\n%s", text)
	}
}
