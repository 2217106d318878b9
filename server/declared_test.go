package server_test

import (
	"strings"
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

// TestDeclaredAmounts filters, sorts, groups, sums and shows a declared amount by its name: what takes a number and a
// currency says so, as for the amount of a deal.
func TestDeclaredAmounts(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr","type":"money"}`)
	r.want(201, "POST", "/companies", `{"name":"A","arr":"12.50 EUR"}`)
	r.want(201, "POST", "/companies", `{"name":"B","arr":"7.00 EUR"}`)
	r.want(201, "POST", "/contacts", `{"name":"Ann","company_id":"`+r.id("company", 1)+`"}`)
	for _, c := range []struct {
		status     int
		path, want string
	}{
		{400, "/companies?arr=gt:100", "Filter by arr_cents, a whole number in the smallest unit of the currency: for at least 1250.00 USD write arr_cents=gte:125000&arr_currency=USD."},
		{400, "/companies?custom.arr=gt:100", "Filter by custom.arr_cents"},
		{400, "/contacts?company.arr=gt:100", "Filter by company.arr_cents"},
		{400, "/companies?where=(arr%3Dgt:100)", "Filter by arr_cents"},
		{200, "/companies?arr_cents=gt:1000&arr_currency=EUR", "# 1 of 1 company"},
		{200, "/contacts?company.arr_cents=gt:1000", "# 1 of 1 contact"},
		{400, "/companies?sort=arr", "custom.arr_cents"},
		{200, "/companies?sort=-arr_cents&fields=name,arr", " name=A custom.arr_cents=1250 custom.arr_currency=EUR\n"},
		{400, "/companies?sum=arr", "custom.arr_cents"},
		{200, "/companies?sum=arr_cents", "1950"},
	} {
		if text := r.want(c.status, "GET", c.path, ""); !strings.Contains(text, c.want) {
			t.Errorf("GET %s has no %q\n%s", c.path, c.want, text)
		}
	}
}
