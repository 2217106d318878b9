package server_test

import (
	"strings"
	"testing"
)

// TestNearKeys writes keys that are one edit away from a declared one, by every way in: they are saved, with a remark.
func TestNearKeys(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"text"}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr","type":"money"}`)
	const remark = "did you mean custom.region? custom.regoin is not declared"
	for _, c := range []struct{ method, path, body, remark string }{
		{"POST", "/companies", `{"name":"A","domain":"a.com","custom":{"regoin":"emea"}}`, remark},
		{"PATCH", "/companies/" + r.id("company", 1), `{"custom":{"regoin":"amer"}}`, ""}, // it has the key already
		{"PATCH", "/companies/" + r.id("company", 1), `{"custom":{"Region":"amer"}}`, "did you mean custom.region? custom.Region is not declared"},
		{"POST", "/companies", `{"name":"B","domain":"b.com","custom":{"zz":1,"regions":2,"territory":"x"}}`, "did you mean custom.region? custom.regions is not declared"},
		{"POST", "/batch", `[{"method":"POST","path":"/companies","body":{"name":"C","domain":"c.com","custom":{"regoin":"x"}}}]`, remark},
		{"POST", "/import/companies", "name,domain,regoin\nD,d.com,x\nE,e.com,y\n", remark},
		{"POST", "/import/companies", `{"name":"F","custom":{"regoin":"x"}}`, remark},
		{"PATCH", "/companies?domain=b.com", `{"custom":{"regoin":"x"}}`, remark},
	} {
		for _, format := range []string{"text/plain", "application/json"} {
			path := c.path
			if format == "text/plain" { // and nothing is saved
				path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "dry_run=1"
			}
			a := r.call(c.method, path, c.body, "Accept", format)
			if n := strings.Count(a.body, "did you mean"); n > 1 || a.status > 201 && a.status != 409 || c.remark == "" && n > 0 || !strings.Contains(a.body, c.remark) {
				t.Errorf("%s %s %s: %d %s\nwant once %q", c.method, path, c.body, a.status, a.body, c.remark)
			}
		}
	}
}

// TestColumnsOfDeclaredFields imports columns with the names of declared fields, in the spelling of a sheet. One that
// every file would have for another field is for the declared one.
func TestColumnsOfDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, field := range []string{`"name":"region","type":"choice","options":["emea","amer"]`, `"name":"arr","type":"money"`, `"name":"account_owner","type":"text"`, `"name":"seats","type":"number"`} {
		r.want(201, "POST", "/fields", `{"kind":"company",`+field+`}`)
	}
	text := r.want(200, "POST", "/import/companies", "Name,Region,ARR,Account Owner,seats\nAcme,EMEA,12.50 EUR,Ann,12.0\nBeta,nowhere,,,\nGamma,AMER,,,x\n")
	for _, want := range []string{`"Region" -> custom.region`, `"ARR" -> custom.arr`, `"Account Owner" -> custom.account_owner`, "row 2 ERROR invalid_value", "row 3 ERROR invalid_value", "1 created, 0 updated, 0 unchanged, 2 failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	text = r.want(200, "GET", "/companies/"+r.id("company", 1), "")
	if !strings.Contains(text, "custom.account_owner=Ann custom.arr_cents=1250 custom.arr_currency=EUR custom.region=emea custom.seats=12\n") {
		t.Error(text)
	}
}
