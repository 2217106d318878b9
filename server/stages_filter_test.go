package server_test

import "testing"

// TestStageFiltersReadWhatWritesRead filters by the words that writes take for a stage: an outcome, a former name,
// another spelling.
func TestStageFiltersReadWhatWritesRead(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/deals", `{"title":"before","stage":"won"}`) // which is in no pipeline
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"Enquiry"},{"name":"z"},{"name":"closed won","is":"won"}]}`)
	contact := r.json(201, "POST", "/contacts", `{"name":"Grace"}`)["id"].(string)
	for _, stage := range []string{"won", "z", "enquiry"} {
		r.want(201, "POST", "/deals", `{"title":"`+stage+`","stage":"`+stage+`","contact_id":"`+contact+`"}`)
	}
	r.want(200, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"Enquiry"},{"name":"zed","was":"z"},{"name":"closed won","is":"won"}]}`)
	r.want(201, "PUT", "/pipelines/other", `{"kind":"deal","stages":[{"name":"lead"},{"name":"signed","is":"won"}]}`)
	r.want(201, "POST", "/deals", `{"title":"other","stage":"won","pipeline":"other"}`)
	for filter, want := range map[string]string{
		"stage=won": "3", "stage=Closed+Won": "1", "stage=z": "1", "stage=zed": "1", "stage=ZED": "1", "stage=enquiry": "1", "stage=in:z,ENQUIRY": "2",
		"stage=ne:won": "2", "where=stage=z+or+stage=enquiry": "2", "contact.stage=is:null": "5", "stage=lead": "0", "stage=gewonnen": "2", "stage=any": "0",
	} {
		contains(t, r.want(200, "GET", "/deals?count=only&"+filter, ""), "deals total="+want)
	}
	contains(t, r.want(200, "GET", "/contacts?count=only&deal.stage=z", ""), "contacts total=1")
	contains(t, r.want(200, "GET", "/deals?stage=z", ""), `title=z `, "# stage=z also finds zed: in pipelines it means that")
	contains(t, r.want(200, "GET", "/deals?stage=zed", ""), "title=z ")
	for _, sort := range []string{"stage", "-created_at", "title"} {
		page := r.json(200, "GET", "/deals?stage=in:won,z&limit=3&sort="+sort, "")
		rest := r.json(200, "GET", "/deals?stage=in:won,z&limit=3&sort="+sort+"&cursor="+page["next_cursor"].(string), "")
		if len(rest["items"].([]any)) != 1 {
			t.Errorf("sorted by %s: %v", sort, rest["items"])
		}
	}
}
