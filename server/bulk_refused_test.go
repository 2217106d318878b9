package server_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// TestEmptyFiltersOfBulkEdits sends each filter without a value. The error shows is:null only where that
// can find a record.
func TestEmptyFiltersOfBulkEdits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const nothing, null = "Send its value, or leave it out.", "For records without a value write "
	for path, hint := range map[string]string{
		"/contacts?search=":           nothing,
		"/contacts?search=%20":        nothing,
		"/contacts?id=":               nothing,
		"/contacts?name=":             nothing,
		"/contacts?activities=":       nothing,
		"/contacts?created_at=":       nothing,
		"/contacts?stge=":             nothing,
		"/tasks?done=":                nothing,
		"/members?campaign=":          nothing,
		"/members?campaign.name=":     nothing,
		"/contacts?campaign=":         null + "campaign=is:null",
		"/contacts?company.name=":     null + "company.name=is:null",
		"/contacts?custom.region=":    null + "custom.region=is:null",
		"/contacts?company_id=&all=1": null + "company_id=is:null",
	} {
		path = strings.Replace(path, "/members", "/"+r.store.Schema.ByName("campaign_member").Route(), 1)
		if text := r.want(400, "DELETE", path, ""); !strings.Contains(text, "= is empty. Nothing was done") || !strings.Contains(text, hint) {
			t.Errorf("%s: %s", path, text)
		}
	}
	for _, kind := range workKinds(r) {
		if !kind.Can(crm.List) || !kind.Can(crm.Update) {
			continue
		}
		for _, name := range kind.FilterNames() {
			path := "/" + kind.Route() + "?" + url.QueryEscape(strings.Replace(name, "<field>", "id", 1)) + "="
			if text := r.want(400, "DELETE", path, ""); strings.Contains(text, "is:null") {
				r.want(200, "GET", path+"is:null", "")
			}
		}
	}
}

// TestBulkErrorsNameTheirRecordOnce deletes activities of another user: the error names the first of them
// once, although that of a single delete begins with its handle.
func TestBulkErrorsNameTheirRecordOnce(t *testing.T) {
	r := newRig(t)
	admin, bob := r.teamOfTwo()
	contact := handleIn(r.want(201, "POST", "/contacts", `{"name":"Joe"}`, "Authorization", "Bearer "+admin.token))
	for range 2 {
		r.want(201, "POST", "/contacts/"+contact+"/activities", `{"body":"x"}`, "Authorization", "Bearer "+admin.token)
	}
	for path, before := range map[string]string{
		"/activities?all=1":          "of 2 activities that match 2 cannot be written, and no other would change. ",
		"/activities?all=1&atomic=1": "",
	} {
		text := r.want(403, "DELETE", path, "", "Authorization", "Bearer "+bob.token)
		if !regexp.MustCompile(`HINT  ` + regexp.QuoteMeta(before) + `activity/act_\w+ was logged by ann@acme\.com: only they`).MatchString(text) {
			t.Errorf("%s: %s", path, text)
		}
	}
	text := r.want(409, "PATCH", "/contacts?all=1&atomic=1", `{"company_id":"co_01xm"}`, "Authorization", "Bearer "+bob.token)
	if strings.Count(text, "contact/") != 1 {
		t.Error(text)
	}
}

// handleIn returns the id of the record that a text shows first.
func handleIn(text string) string {
	handle, _, _ := strings.Cut(text, " ")
	return crm.CutHandle(handle)
}

// TestBulkDeletesSayWhatFollows deletes contacts in one transaction: the answer has the counts that the
// plan has shown, also if a record that many others refer to is among them.
func TestBulkDeletesSayWhatFollows(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.joes(3)
	r.want(201, "POST", "/contacts/"+r.id("contact", 2)+"/activities", `{"body":"talked"}`)
	var file strings.Builder
	for i := range 300 {
		fmt.Fprintf(&file, `{"title":"Deal %d","contact_id":"%s"}`+"\n", i, r.id("contact", 1))
	}
	r.want(200, "POST", "/import/deals", file.String(), "Content-Type", "application/x-ndjson")
	for filter, follows := range map[string]string{
		"name=in:Joe%201,Joe%202": "# also deleted: 1 activity\n",
		"name=Joe%200&atomic=1":   "# the reference is cleared in 300 deals\n",
	} {
		token, plan := r.asked("DELETE", "/contacts?"+filter, "")
		if !strings.HasSuffix(plan, follows) {
			t.Errorf("%s: the plan is %s", filter, plan)
		}
		text := r.want(200, "DELETE", "/contacts?"+filter+"&confirm="+token, "")
		if !endsWith(text, follows) || strings.Contains(text, "not counted") {
			t.Errorf("%s: %s", filter, text)
		}
		if again := r.want(200, "DELETE", "/contacts?"+filter+"&confirm="+token, ""); again != text+"# already done\n" {
			t.Errorf("%s again: %s", filter, again)
		}
	}
}

// slowUpdates makes each update of a contact slow while there is a company of that name.
const slowUpdates = `CREATE TRIGGER slow AFTER UPDATE ON contacts WHEN EXISTS (SELECT 1 FROM companies WHERE name = 'Slow')
BEGIN
	SELECT COUNT(*) FROM (WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n);
END;`

// TestAtomicBulkEditsThatTakeTooLong has updates that are slow while there is a certain company. With
// atomic=1 the error says that this is too much, before the plan and when it is confirmed. Without, the
// write takes steps.
func TestAtomicBulkEditsThatTakeTooLong(t *testing.T) {
	onlyOneServer(t, "the trigger is one of SQLite")
	row := time.Hour
	probe := newRigWith(t, store.Options{Migrations: furtherMigration(t, slowUpdates)}).as("jane@acme.com")
	probe.want(201, "POST", "/companies", `{"name":"Slow"}`)
	probe.want(201, "POST", "/contacts", `{"name":"Joe"}`)
	for i := range 20 {
		began := time.Now()
		probe.want(200, "PATCH", "/contacts/"+probe.id("contact", 1), fmt.Sprintf(`{"title":"%d"}`, i))
		row = min(row, time.Since(began))
	}
	r := newRigWith(t, store.Options{MaxWrite: 60 * row, Migrations: furtherMigration(t, slowUpdates)}).as("jane@acme.com")
	r.joes(180)
	const path, body = "/contacts?stage=lead", `{"stage":"customer"}`
	atomic, _ := r.asked("PATCH", path+"&atomic=1", body)
	each, _ := r.asked("PATCH", path, body)
	r.want(201, "POST", "/companies", `{"name":"Slow"}`)
	for _, sent := range []string{"", "&dry_run=1", "&confirm=" + atomic} {
		text := r.want(400, "PATCH", path+"&atomic=1"+sent, body)
		if want := fmt.Sprintf("not done after the %.0f s that one may take, and nothing of it was saved.", (60 * row).Seconds()); !strings.HasPrefix(text, "ERROR invalid_filter\n") || !strings.Contains(text, want) {
			t.Errorf("%q: %s", sent, text)
		}
	}
	if text := r.want(200, "GET", "/contacts?stage=customer", ""); !strings.HasPrefix(text, "# 0 contacts") {
		t.Errorf("saved %s", text)
	}
	if text := r.want(200, "PATCH", path+"&confirm="+each, body); !strings.HasPrefix(text, "# 180 updated\n") {
		t.Error(text)
	}
}

// TestBulkEditsOfMergedRecords names a record that was merged into another one: to delete it is refused,
// and a change says which record it changes. Once that is deleted, the filter matches nothing.
func TestBulkEditsOfMergedRecords(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		a, b := r.pair()
		other := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
		if got := r.confirmed("/contacts/"+a+"/merge", `{"from":["`+b+`"]}`); got.status != 200 {
			t.Fatal(got.body)
		}
		for _, filter := range []string{"id=" + b, "handle=contact/" + b, "id=in:" + other + "," + b, "id=" + other + "," + b + "&atomic=1", "id=" + b + "&dry_run=1"} {
			text := r.want(404, "DELETE", "/contacts?"+filter, "")
			if want := "there is no contact " + b + ": it was merged into " + a + ". To delete that one, send DELETE /contacts/" + a; !strings.Contains(text, want) {
				t.Errorf("%s: %s", filter, text)
			}
			if _, plan := r.asked("PATCH", "/contacts?"+strings.TrimSuffix(filter, "&dry_run=1"), `{"title":"CEO"}`); !strings.Contains(plan, "updated contact/"+a) || strings.Count(plan, "# "+b+" was merged into "+a+"\n") != 1 {
				t.Errorf("%s: %s", filter, plan)
			}
		}
		if _, plan := r.asked("DELETE", "/contacts?id=ne:"+b, ""); strings.Contains(plan, a) {
			t.Error(plan)
		}
		token, _ := r.asked("DELETE", "/contacts?id="+a, "")
		r.want(200, "DELETE", "/contacts?id="+a+"&confirm="+token, "")
		if text := r.want(200, "DELETE", "/contacts?id="+b, ""); !strings.Contains(text, "match no contact") {
			t.Error(text)
		}
	})
}
