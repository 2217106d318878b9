package server_test

import (
	"testing"
)

// TestDumpsHaveValuesFromBeforeDeclarations exports a workspace whose records have values that their declarations and
// pipelines refuse by now, and imports the file into an empty one.
func TestDumpsHaveValuesFromBeforeDeclarations(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme","custom":{"seats":"many","region":"mars"}}`)
	r.want(201, "POST", "/companies", `{"name":"Twin","custom":{"erp":"4711"}}`)
	r.want(201, "POST", "/companies", `{"name":"Other twin","custom":{"erp":"4711"}}`)
	r.want(201, "POST", "/deals", `{"title":"Old","stage":"propsal"}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"seats","type":"number","required":true}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"choice","options":["emea","amer"]}`)
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":true,"stages":[{"name":"lead"},{"name":"won","is":"won"}]}`)
	r.want(201, "POST", "/deals", `{"title":"New","stage":"lead"}`)
	r.want(201, "POST", "/companies", `{"name":"Full","seats":3}`)
	file := r.want(200, "GET", "/export", "")
	other := *r
	other.header = r.header.Clone()
	other.as("bob@other.com")
	contains(t, other.want(200, "POST", "/import", file), ", 0 failed")
	contains(t, other.want(200, "GET", "/export/companies", ""), "custom.seats=many", "custom.region=mars", "custom.seats=3")
	contains(t, other.want(200, "GET", "/deals?stage=propsal", ""), "title=Old")
	other.want(400, "POST", "/deals", `{"title":"x","stage":"propsal"}`)
	contains(t, other.want(200, "GET", "/deals?stage=lead", ""), "title=New")
}
