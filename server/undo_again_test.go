package server_test

import (
	"strings"
	"testing"
)

// TestUndoIsNotPartOfItsRun undoes a run, and a change of it, under the header of the run: the undo is not a part of
// the run, so that the run stays what it was.
func TestUndoIsNotPartOfItsRun(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	run := []string{"Crmkit-Run", "r8"}
	entries := func() string {
		list, _, _ := strings.Cut(r.want(200, "GET", "/changes?run=r8", ""), "# cursor")
		return list
	}
	a := idIn(r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`))
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"customer"}`, run...)
	r.want(200, "PATCH", "/contacts/"+a, `{"title":"CTO"}`, run...)
	before := entries()
	for _, body := range []string{`{"record":"` + a + `"}`, `{"run":"r8"}`, `{"run":"r8"}`, `{"run":"r8"}`} {
		r.want(200, "POST", "/undo", body, run...)
		if is := entries(); is != before {
			t.Fatalf("%s: the run is\n%s\nwas\n%s", body, is, before)
		}
	}
	if is := r.json(200, "GET", "/contacts/"+a, ""); is["stage"] != "lead" || is["title"] != nil {
		t.Error(is)
	}
}
