package server_test

import "testing"

// TestStagesBeginInThePast writes times in the future as the begin of a stage, by each way that writes
// records. The clock of the client may be an hour ahead.
func TestStagesBeginInThePast(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/deals", `{"title":"A","stage":"lead","stage_since":"2026-06-10T09:59:00Z"}`)["id"].(string)
	const wrong = "stage_since is in the future; write a time that has been, or"
	contains(t, r.want(400, "POST", "/deals", `{"title":"B","stage":"lead","stage_since":"2026-06-10T10:01:00Z"}`), wrong)
	contains(t, r.want(400, "POST", "/contacts", `{"name":"B","stage":"lead","stage_since":"2027-01-01"}`), wrong)
	contains(t, r.want(400, "PATCH", "/deals/"+id, `{"stage_since":"2027-01-01"}`), wrong)
	contains(t, r.want(400, "PATCH", "/deals/"+id, `{"stage":"won","stage_since":"2027-01-01"}`), wrong)
	contains(t, r.call("POST", "/import/deals", "title,stage,stage_since\nC,lead,2027-01-01\nD,lead,2026-01-01\n").body, wrong)
	contains(t, r.want(200, "GET", "/deals?fields=title", ""), "# 2 of 2 deals")
	r.want(200, "PATCH", "/deals/"+id, `{"stage":"proposal","stage_since":"2026-06-01"}`)
}
