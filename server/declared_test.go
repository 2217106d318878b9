package server_test

import (
	"testing"
)

// TestDeclaredFields declares fields and writes their values, by every form that bodies have.
func TestDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"choice","options":["emea","amer","apac"],"required":true}`)
	r.want(201, "POST", "/fields", `{"kind":"companies","name":"arr","type":"money"}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text","unique":true}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"seats","type":"number"}`)
	r.want(400, "POST", "/companies", `{"name":"Acme"}`)
	r.want(400, "POST", "/companies", `{"name":"Acme","region":"emae"}`)
	r.want(201, "POST", "/companies", `{"name":"Acme","region":"EMEA","custom":{"erp":"A1"},"arr":"12.50 EUR","custom.seats":"12.50"}`)
	r.want(200, "POST", "/companies", `{"name":"Acme Inc","erp":"A1"}`)
	r.want(201, "POST", "/companies", `{"name":"Beta","region":"apac","erp":"B1","seats":100}`)
	r.want(409, "PATCH", "/companies/"+r.id("company", 2), `{"erp":"A1"}`)
	r.want(400, "PATCH", "/companies/"+r.id("company", 2), `{"region":null}`)
	r.want(200, "GET", "/companies?region=gte:amer", "")
	r.want(200, "GET", "/companies?sort=-seats&seats=gt:12.4", "")
	r.want(400, "GET", "/companies?seats=gte:a", "")
	r.want(200, "GET", "/companies?sort=region&fields=name,region", "")
	r.want(200, "GET", "/schema/company", "")
	r.want(200, "GET", "/schema", "")
	r.want(200, "GET", "/fields", "")
}
