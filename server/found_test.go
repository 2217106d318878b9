package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestColumnsGoToTheirOwnKey imports columns whose names two declared fields have but for signs.
func TestColumnsGoToTheirOwnKey(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, name := range []string{"a_b", "ab"} {
		r.want(201, "POST", "/fields", `{"kind":"company","name":"`+name+`","type":"text"}`)
	}
	r.want(200, "POST", "/import/companies", "name,custom.ab\nYed,second\n", "Content-Type", "text/csv")
	contains(t, r.want(200, "GET", "/export/companies", ""), "custom.ab=second")
	r.want(200, "POST", "/import/companies", "name,A B\nOne,third\n", "Content-Type", "text/csv")
	text := r.want(200, "GET", "/export/companies", "")
	if strings.Contains(text, "custom.a_b=third") || strings.Contains(text, "custom.ab=third") {
		t.Errorf("a column that may be either of two fields goes to one:\n%s", text)
	}
}

// TestNothingInDeclaredColumns imports cells that say that there is no value.
func TestNothingInDeclaredColumns(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for name, more := range map[string]string{"seats": `"number"`, "arr": `"money"`, "renewal": `"date"`, "region": `"choice","options":["emea","none"]`, "note": `"text"`} {
		r.want(201, "POST", "/fields", `{"kind":"company","name":"`+name+`","type":`+more+`}`)
	}
	text := r.want(200, "POST", "/import/companies", "name,seats,arr,renewal,region,note\nA,n/a,-,n/a,none,n/a\nB,-,n/a,0000-00-00,n/a,none\n", "Content-Type", "text/csv")
	contains(t, text, "2 created", "0 failed")
	out := r.want(200, "GET", "/export/companies", "")
	contains(t, out, "custom.region=none", "custom.note=n/a", "custom.note=none")
	for _, not := range []string{"custom.seats", "custom.arr", "custom.renewal", "custom.region=n/a"} {
		if strings.Contains(out, not) {
			t.Errorf("%s:\n%s", not, out)
		}
	}
}

// TestWonMeansTheStagesWithThatOutcome asks for won deals of two pipelines, in which it has different names.
func TestWonMeansTheStagesWithThatOutcome(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":true,"stages":[{"name":"lead"},{"name":"won","is":"won"}]}`)
	r.want(201, "PUT", "/pipelines/renew", `{"kind":"deal","stages":[{"name":"due"},{"name":"closed won","is":"won"}]}`)
	r.want(201, "POST", "/deals", `{"title":"A","stage":"won"}`)
	contains(t, r.want(201, "POST", "/deals", `{"title":"B","pipeline":"renew","stage":"won"}`), "closed won")
	contains(t, r.want(400, "POST", "/deals", `{"title":"C","stage":"due"}`), `The pipeline renew has it: send {"pipeline":"renew"} too.`)
	for path, want := range map[string]string{"stage=won": "2", "pipeline=renew&stage=won": "1", "stage=closed+won": "1", "stage=lead": "0"} {
		if n := r.json(200, "GET", "/deals?"+path, "")["total"]; fmt.Sprint(n) != want {
			t.Errorf("%s finds %v, want %s", path, n, want)
		}
	}
}

// TestOutcomeOfRespelledStages gives a stage another spelling and an outcome in one request.
func TestOutcomeOfRespelledStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":true,"stages":[{"name":"lead"},{"name":"done"}]}`)
	id := r.json(201, "POST", "/deals", `{"title":"A","stage":"done"}`)["id"].(string)
	r.want(200, "PUT", "/pipelines/sales", `{"kind":"deal","default":true,"stages":[{"name":"lead"},{"name":"Done","is":"won"}]}`)
	contains(t, r.want(200, "GET", "/deals/"+id, ""), "stage=Done", "status=won", "closed_at=")
}

// TestMoneyOfOtherRecordsIsNoNumber asks for the sum of a declared amount of companies through contacts.
func TestMoneyOfOtherRecordsIsNoNumber(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr","type":"money"}`)
	company := r.json(201, "POST", "/companies", `{"name":"Acme","arr":"100.00 EUR"}`)["id"].(string)
	r.want(201, "POST", "/contacts", `{"name":"Ann","company_id":"`+company+`"}`)
	text := r.want(400, "GET", "/contacts?sum=company.arr", "")
	contains(t, text, "is a number and its currency", "company.arr_cents")
	contains(t, r.want(200, "GET", "/contacts?sum=company.arr_cents", ""), "10000", "EUR")
}

// TestPastOfManyGroups groups through nine records as they were.
func TestPastOfManyGroups(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	parent := r.json(201, "POST", "/companies", `{"name":"Upper","owner":"bob@acme.com"}`)["id"].(string)
	company := r.json(201, "POST", "/companies", `{"name":"Acme","parent_id":"`+parent+`"}`)["id"].(string)
	contact := r.json(201, "POST", "/contacts", `{"name":"Ann","company_id":"`+company+`"}`)["id"].(string)
	deal := r.json(201, "POST", "/deals", `{"title":"A","company_id":"`+company+`"}`)["id"].(string)
	ticket := r.json(201, "POST", "/tickets", `{"subject":"Help","company_id":"`+company+`"}`)["id"].(string)
	r.want(201, "POST", "/tasks", `{"title":"T","contact_id":"`+contact+`","deal_id":"`+deal+`","ticket_id":"`+ticket+`"}`)
	r.clock.Advance(48 * 60 * 60 * 1e9)
	r.want(200, "PATCH", "/companies/"+parent, `{"name":"Higher","owner":null}`)
	question := "/tasks?group=contact.company.parent.name,deal.company.parent.owner,ticket.company.parent.name"
	contains(t, r.want(200, "GET", question, ""), "contact.company.parent.name=Higher", "deal.company.parent.owner=(unset)")
	contains(t, r.want(200, "GET", question+"&at=-1d", ""), "contact.company.parent.name=Upper", "deal.company.parent.owner=bob@acme.com", "ticket.company.parent.name=Upper")
}

// TestPresentAmountsAreCountedOnce declares an amount of which two companies have the number and the currency.
func TestPresentAmountsAreCountedOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i := range 2 {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"C%d","custom":{"arr_cents":%d,"arr_currency":"EUR"}}`, i, i))
	}
	contains(t, r.want(200, "POST", "/fields?dry_run=1", `{"kind":"company","name":"arr","type":"money"}`), "2 present values")
}

// TestUniqueFieldsNameTwins makes a field unique whose values several records have.
func TestUniqueFieldsNameTwins(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, erp := range []string{"1", "2", "1", "1"} {
		r.want(201, "POST", "/companies", `{"name":"Co","custom":{"erp":"`+erp+`"}}`)
	}
	want := "2 records have a value of custom.erp that another one has"
	contains(t, r.want(200, "POST", "/fields?dry_run=1", `{"kind":"company","name":"erp","type":"text","unique":true}`), want)
	id := r.json(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text"}`)["id"].(string)
	contains(t, r.want(200, "PATCH", "/fields/"+id, `{"unique":true}`), want)
	contains(t, r.want(200, "POST", "/companies", `{"name":"Co","erp":"1"}`), "nothing changed")
	contains(t, r.want(200, "POST", "/companies", `{"name":"Co 2","erp":"2"}`), "updated")
}

// TestRestoresWithoutADeclaredValue brings back a company whose unique value another one has by now.
func TestRestoresWithoutADeclaredValue(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text","unique":true}`)
	for _, name := range []string{"custom.erp", "erp"} {
		id := r.json(201, "POST", "/companies", `{"name":"First","erp":"`+name+`"}`)["id"].(string)
		r.confirmedDelete("/companies/" + id)
		r.want(201, "POST", "/companies", `{"name":"Second","erp":"`+name+`"}`)
		contains(t, r.want(409, "POST", "/companies/"+id+"/restore", ""), "without=custom.erp")
		contains(t, r.want(400, "POST", "/companies/"+id+"/restore?without=custom.erq", ""), "Did you mean custom.erp?")
		r.want(200, "POST", "/companies/"+id+"/restore?without="+name, "")
		if text := r.want(200, "GET", "/companies/"+id, ""); strings.Contains(text, "custom.erp") {
			t.Errorf("%s has the value of another company", text)
		}
	}
}
