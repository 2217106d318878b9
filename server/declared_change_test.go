package server_test

import (
	"testing"
)

// TestDeclarationsSayHowToClear changes the type of a choice, whose options then have no meaning.
func TestDeclarationsSayHowToClear(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"choice","options":["emea","apac"]}`)
	contains(t, r.want(400, "POST", "/fields", `{"kind":"company","name":"region","type":"text"}`), `"options":null`)
	r.want(200, "POST", "/fields", `{"kind":"company","name":"region","type":"text","options":null}`)
	r.want(200, "POST", "/fields", `{"kind":"company","name":"region","type":"text","unique":true}`)
	contains(t, r.want(400, "POST", "/fields", `{"kind":"company","name":"region","type":"flag"}`), "send unique as no")
	r.want(200, "POST", "/fields", `{"kind":"company","name":"region","type":"flag","unique":"no"}`)
	r.want(200, "POST", "/fields", `{"kind":"company","name":"region","type":"reference","ref":"contact"}`)
	contains(t, r.want(400, "POST", "/fields", `{"kind":"company","name":"region","type":"text"}`), `"ref":null`)
	r.want(200, "POST", "/fields", `{"kind":"company","name":"region","type":"text","ref":null}`)
}

// TestDaysThatAZoneLeftOut writes a date that Samoa did not have.
func TestDaysThatAZoneLeftOut(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "PATCH", "/workspaces/"+workspaceOf(r), `{"time_zone":"Pacific/Apia"}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"opened","type":"date"}`)
	for _, day := range []string{"2011-12-29", "2011-12-30", "2011-12-31", "2026-06-10"} {
		contains(t, r.want(201, "POST", "/companies", `{"name":"Acme","opened":"`+day+`"}`), "custom.opened="+day)
		contains(t, r.want(200, "GET", "/companies?opened="+day, ""), "1 of 1")
	}
	r.want(400, "POST", "/companies", `{"name":"Acme","opened":"2011-02-30"}`)
}
