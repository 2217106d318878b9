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
