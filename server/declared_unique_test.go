package server_test

import (
	"strings"
	"testing"
)

// TestUniqueFieldsAreNotSetInBulk sets a unique declared field in all records that match, in each form of a body, and clears it.
func TestUniqueFieldsAreNotSetInBulk(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text","unique":true}`)
	r.want(201, "POST", "/companies", `{"name":"Acme","erp":"A"}`)
	r.want(201, "POST", "/companies", `{"name":"Beta"}`)
	for _, body := range []string{`{"erp":"Q"}`, `{"custom":{"erp":"Q"}}`, `{"custom.erp":"Q","name":"X"}`} {
		contains(t, r.want(400, "PATCH", "/companies?all=1", body), "custom.erp is unique")
	}
	r.confirmedPatch("/companies?all=1", `{"erp":null}`)
	contains(t, r.want(200, "GET", "/companies?erp=is:null", ""), "2 of 2")
}

// TestImportsByAUniqueField imports the same rows twice, which a unique declared column identifies.
func TestImportsByAUniqueField(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text","unique":true}`)
	for _, rows := range [][2]string{{"name,erp\nAcme,A\nBeta,B\n", "2 created"}, {"name,erp\nAcme,A\nBeta Inc,B\n", "1 updated"}} {
		for _, path := range []string{"/import/companies?dry_run=1", "/import/companies"} {
			answer := r.want(200, "POST", path, rows[0])
			contains(t, answer, rows[1])
			if strings.Contains(answer, "corrected, it is another") {
				t.Errorf("%s: the column erp identifies the rows:\n%s", path, answer)
			}
		}
	}
	contains(t, r.want(200, "POST", "/import/companies", "name,erp\nAcme,A\nGamma,\n"), "corrected, it is another", ": 1;")
}
