package products_test

import (
	"strings"
	"testing"

	"crmkit/crm/products"
)

// TestSalesforceIDs checks both forms of ids; the long ones are from the documentation and from
// public files.
func TestSalesforceIDs(t *testing.T) {
	p := products.ByName("Salesforce")
	for short, long := range map[string]string{
		"001A0000006Vm9r": "001A0000006Vm9rIAC", "0015g00000J1k2L": "0015g00000J1k2LAAR", "001XA": "001XA", "0015g00000J1k2LAAR": "0015g00000J1k2LAAR",
		"0015g00000J1k2_": "0015g00000J1k2_", "": "",
	} {
		if got := p.ID(short); got != long {
			t.Errorf("%s is %s, want %s", short, got, long)
		}
	}
	for id, want := range map[string]bool{"001A0000006Vm9rIAC": true, "001A0000006Vm9rIAD": false, "001A0000006Vm9r": true, "0035g00000AbCdE": true, "00Q5g00000AbCdE": true, "003000000000012": false,
		"9035g00000AbCdE": false, "0035g00000AbC-E": false, "123456789012345678": false, "": false} {
		if p.IsID(id) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}

// TestSharedHosts checks which hosts identify no company.
func TestSharedHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"gmail.com": true, "facebook.com": true, "m.facebook.com": true, "de.linkedin.com": true, "amazon.de": true, "wixsite.com": true, "sites.google.com": true,
		"acme.wixsite.com": false, "acme.myshopify.com": false, "acme.com": false, "notfacebook.com": false, "com": false, "": false,
	} {
		if products.IsSharedHost(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
	for part, want := range map[string]bool{"en": true, "de-at": true, "pt_br": true, "index.html": true, "about-us": true, "a": false, "energy": false, "": false, "eng": false} {
		if products.IsFrontPage(part) != want {
			t.Errorf("%s: %v", part, !want)
		}
	}
}

// TestVolatileColumns checks which columns say nothing about the record.
func TestVolatileColumns(t *testing.T) {
	for column, want := range map[string]bool{
		"Record checksum": true, "(Do Not Modify) Row Checksum": true, "Modified Time": true, "Last Modified": true, "Last Modified Date": true, "Last Activity Date": true,
		"Days since last order": true, "Number of times contacted": true, "Person - Update time": true, "SystemModstamp": true,
		"Name": false, "Modifier": false, "Create Date": false, "Last Name": false, "Person - Name": false, "": false,
	} {
		if products.IsVolatile(column) != want {
			t.Errorf("%s: %v", column, !want)
		}
	}
}

// FuzzFold checks that the form of a name has no separators and is not much longer.
func FuzzFold(f *testing.F) {
	f.Add("E-mail 1 - Value")
	f.Add("İstanbul ŉ")
	f.Fuzz(func(t *testing.T, name string) {
		if folded := products.Fold(name); len(folded) > 3*len(name)+3 || strings.ContainsAny(folded, " -_.") {
			t.Errorf("%q becomes %q", name, folded)
		}
	})
}
