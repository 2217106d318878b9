package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPipelinesHaveOneSpelling makes pipelines whose names differ in case and accents alone, at once too, and brings one
// back beside the other: there is never more than one, and what follows from stages is read.
func TestPipelinesHaveOneSpelling(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		put := func(status int, name string) string {
			return r.want(status, "PUT", "/pipelines/"+name, `{"kind":"deal","stages":[{"name":"lead","stale_after":"7d"}]}`)
		}
		first := r.json(201, "PUT", "/pipelines/cafe", `{"kind":"deal","stages":[{"name":"lead"}]}`)["id"].(string)
		contains(t, put(409, "caf%C3%A9"), "name=cafe belongs to pipeline/"+first)
		put(200, "Cafe")
		token, _ := r.asked("DELETE", "/pipelines/cafe", "")
		r.want(200, "DELETE", "/pipelines/cafe?confirm="+token, "")
		put(201, "caf%C3%A9")
		contains(t, r.want(409, "POST", "/pipelines/"+first+"/restore", ""), "name: café belongs to pipeline/")
		statuses := make([]int, 6)
		together(len(statuses), func(i int) {
			statuses[i] = r.call("PUT", "/pipelines/"+[]string{"neu", "n%C3%A9u", "n%C3%A8u"}[i%3], fmt.Sprintf(`{"kind":"deal","stages":[{"name":"s%d"}]}`, i)).status
		})
		if got := strings.Count(r.want(200, "GET", "/pipelines", ""), "name=n"); got != 1 {
			t.Errorf("%d pipelines have one name; answers %v", got, statuses)
		}
		r.want(201, "POST", "/deals", `{"title":"x","stage":"lead","pipeline":"cafe"}`)
		contains(t, r.want(200, "GET", "/deals?stale=no&sort=stage", ""), "title=x")
	})
}

// TestRestoredPipelinesLeaveOneDefault deletes the default pipeline, makes another one the default and brings the first
// back, by a restore and by an undo, and imports one that says that it is the default: the last one that was written stays it.
func TestRestoredPipelinesLeaveOneDefault(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	put := func(name, stage string) map[string]any {
		return r.json(201, "PUT", "/pipelines/"+name, `{"kind":"deal","default":true,"stages":[{"name":"`+stage+`"}]}`)
	}
	drop := func(name string) (change string) {
		token, _ := r.asked("DELETE", "/pipelines/"+name, "")
		change, _ = r.json(200, "DELETE", "/pipelines/"+name+"?confirm="+token, "")["change"].(string)
		return change
	}
	first := put("first", "a")["id"].(string)
	change := drop("first")
	put("second", "b")
	r.want(200, "POST", "/pipelines/"+first+"/restore", "")
	isDefault := func() {
		t.Helper()
		list := r.want(200, "GET", "/pipelines?fields=name,default", "")
		if strings.Count(list, "default=yes") != 1 || !strings.Contains(list, "name=second default=yes") {
			t.Errorf("the pipelines are\n%s", list)
		}
		contains(t, r.want(201, "POST", "/deals", `{"title":"x","stage":"b"}`), "pipeline=second")
	}
	isDefault()
	drop("first")
	r.undoneGroup(change)
	isDefault()
}
