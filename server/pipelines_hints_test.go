package server_test

import (
	"fmt"
	"regexp"
	"testing"
)

// TestPipelinesAreMovedWithNewStages moves a deal to a pipeline that does not have its stage, as the error says.
func TestPipelinesAreMovedWithNewStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", salesPipeline)
	r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due"},{"name":"won","is":"won"}]}`)
	path := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Seats","stage":"lead"}`)["id"].(string)
	contains(t, r.want(400, "PATCH", path, `{"pipeline":"renewals"}`), "has no stage lead", "?new_stage=1")
	contains(t, r.want(200, "PATCH", path+"?new_stage=1", `{"pipeline":"renewals"}`), "stage=lead", "pipeline=renewals")
	contains(t, r.want(200, "GET", "/pipelines/renewals", ""), "stage name=due place=1\nstage name=lead place=2\nstage name=won place=3")
	// What stays where it is needs no stage.
	before := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Free"}`)["id"].(string)
	r.want(200, "PATCH", before+"?new_stage=1", `{"pipeline":"sales"}`)
	r.want(200, "PATCH", path+"?new_stage=1", `{"pipeline":"renewals"}`)
	contains(t, r.want(200, "GET", "/pipelines/sales", ""), "version=1 ")
	contains(t, r.want(200, "GET", "/pipelines/renewals", ""), "version=2 ")
}

// movesCall is the call that moves the records of a stage.
var movesCall = regexp.MustCompile(`PATCH (/deals\?\S+) (\{.*?\})`)

// TestRenamesOfManyNameTheCall renames a stage with more records than one request moves, with the calls of the error.
func TestRenamesOfManyNameTheCall(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	deals := func(from, n int) string { // that name no pipeline
		rows := "title,stage\n"
		for i := range n {
			rows += fmt.Sprintf("Deal %d,first talk & more\n", from+i)
		}
		return rows
	}
	r.want(200, "POST", "/import/deals", deals(0, 260), "Content-Type", "text/csv") // there is no pipeline yet
	r.want(201, "PUT", "/pipelines/other", `{"kind":"deal","stages":[{"name":"first talk & more"}]}`)
	r.want(201, "POST", "/deals", `{"title":"Elsewhere","stage":"first talk & more"}`)
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":"yes","stages":[{"name":"first talk & more"}]}`)
	r.want(200, "POST", "/import/deals", deals(260, 260), "Content-Type", "text/csv")
	renamed := `{"kind":"deal","stages":[{"name":"talk","was":"first talk & more"}]}`
	call := movesCall.FindStringSubmatch(r.want(400, "PUT", "/pipelines/sales", renamed))
	if call == nil {
		t.Fatal("the error names no call")
	}
	r.want(200, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"first talk & more"},{"name":"talk"}]}`)
	token, report := r.asked("PATCH", call[1], call[2])
	contains(t, report, "520 deals")
	r.want(200, "PATCH", call[1]+"&confirm="+token, call[2])
	contains(t, r.want(200, "PUT", "/pipelines/sales", renamed), "stage name=talk")
	contains(t, r.want(200, "GET", "/deals?stage=talk&count=only", ""), "520")
	contains(t, r.want(200, "GET", "/deals?stage=first+talk+%26+more&count=only", ""), "1")
}
