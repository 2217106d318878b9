package server_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

// TestEmptyFiltersOfBulkEdits sends each filter without a value. The error shows is:null only where that
// can find a record.
func TestEmptyFiltersOfBulkEdits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const nothing, null = "Send its value, or leave it out.", "For records without a value write "
	for path, hint := range map[string]string{
		"/contacts?search=":         nothing,
		"/contacts?search=%20":      nothing,
		"/contacts?id=":             nothing,
		"/contacts?name=":           nothing,
		"/contacts?activities=":     nothing,
		"/contacts?created_at=":     nothing,
		"/contacts?stge=":           nothing,
		"/tasks?done=":              nothing,
		"/members?campaign=":        nothing,
		"/members?campaign.name=":   nothing,
		"/contacts?campaign=":       null + "campaign=is:null",
		"/contacts?company.name=":   null + "company.name=is:null",
		"/contacts?custom.region=":  null + "custom.region=is:null",
		"/contacts?company_id=&all": null + "company_id=is:null",
	} {
		path = strings.Replace(path, "/members", "/"+r.store.Schema.ByName("campaign_member").Route(), 1)
		if text := r.want(400, "DELETE", path, ""); !strings.Contains(text, "= is empty. Nothing was done") || !strings.Contains(text, hint) {
			t.Errorf("%s: %s", path, text)
		}
	}
	for _, kind := range r.store.Schema.Records() {
		if !kind.Can(crm.List) || !kind.Can(crm.Update) {
			continue
		}
		for _, name := range query.FilterNames(kind) {
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
