package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUndoIsNotPartOfItsRun undoes a run, and a change of it, under the header of the run: the undo is not a part of
// the run, so that the run stays what it was.
func TestUndoIsNotPartOfItsRun(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	run := []string{"Crmkit-Run", "r8"}
	entries := func() string {
		list, _, _ := strings.Cut(r.want(200, "GET", "/changes?run=r8", ""), "# 2 changes")
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

// TestUndoTwice deletes a record, undoes it, and has another user delete it. What undoes the first delete again, or in
// another way, says who did what since, and leaves the record as it is.
func TestUndoTwice(t *testing.T) {
	jane, bob := undoTeam(t)
	a := jane.json(201, "POST", "/contacts", `{"name":"Ann","email":"ann@acme.test"}`)["id"].(string)
	gone := jane.json(200, "DELETE", "/contacts/"+a+"?confirm="+confirmOf(jane.want(409, "DELETE", "/contacts/"+a, "")), "")["change"].(string)
	body := `{"change":"` + gone + `"}`
	back := jane.json(200, "POST", "/undo", body)["change"].(string)
	bobs := bob.json(200, "DELETE", "/contacts/"+a+"?confirm="+confirmOf(bob.want(409, "DELETE", "/contacts/"+a, "")), "")["change"].(string)
	for _, path := range []string{"/undo", "/undo?dry_run=1"} {
		want := `# 0 updated
# change group ` + gone + ` was undone already by jane@acme.com, on 2026-06-10T09:00:00Z: change ` + back + `. To do it again: POST /undo {"change":"` + back + `"}
`
		if got := jane.want(200, "POST", path, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
	asked := jane.want(200, "POST", "/undo", `{"change":"`+back+`"}`)
	if !strings.Contains(asked, "# all is as it was before") {
		t.Errorf("the undo is undone where bob deleted the record: %s", asked)
	}
	jane.want(404, "GET", "/contacts/"+a, "")
	jane.want(200, "POST", "/undo", `{"change":"`+bobs+`"}`)
	jane.confirmedDelete("/contacts/" + a)
	jane.want(200, "POST", "/undo", `{"record":"`+a+`"}`)
	bob.confirmedDelete("/contacts/" + a)
	if got := jane.want(200, "POST", "/undo", body); !strings.Contains(got, "undone already") {
		t.Error(got)
	}
}

// TestUndoAfterOthersDeleted undoes a delete whose record came back in another way, and was deleted by another user.
func TestUndoAfterOthersDeleted(t *testing.T) {
	jane, bob := undoTeam(t)
	a := jane.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
	jane.header.Set("Crmkit-Run", "cleanup")
	jane.confirmedDelete("/contacts/" + a)
	jane.header.Del("Crmkit-Run")
	jane.want(200, "POST", "/undo", `{"record":"`+a+`"}`)
	bob.confirmedDelete("/contacts/" + a)
	if got := jane.want(200, "POST", "/undo", `{"run":"cleanup"}`); !strings.Contains(got, "kept contact/"+a) || !strings.Contains(got, "bob@acme.com deleted it since (chg_") {
		t.Error(got)
	}
	jane.want(404, "GET", "/contacts/"+a, "")
}

// TestUndoWithNothingLeft undoes a run twice whose changes overlap: nothing asks for a yes, and the answer names the first undo.
func TestUndoWithNothingLeft(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	run := []string{"Crmkit-Run", "spring"}
	a := idIn(r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`))
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"customer"}`, run...)
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"won"}`, run...)
	r.want(201, "POST", "/contacts", `{"name":"Bea"}`, run...)
	body := `{"run":"spring"}`
	first := r.want(200, "POST", "/undo?confirm="+confirmOf(r.want(409, "POST", "/undo", body)), body)
	id := regexpChange.FindString(first[strings.Index(first, "# change"):])
	before := r.want(200, "GET", "/audit?limit=100", "")
	for range 2 {
		if got := r.want(200, "POST", "/undo", body); !strings.Contains(got, `# run spring was undone already by jane@acme.com`) || !strings.Contains(got, "change "+id+".") || strings.Contains(got, "kept") {
			t.Error(got)
		}
	}
	if after := r.want(200, "GET", "/audit?limit=100", ""); after != before {
		t.Errorf("something was logged: %s", after)
	}
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"customer"}`, run...)
	if got := r.want(200, "POST", "/undo?confirm="+confirmOf(r.want(409, "POST", "/undo", body)), body); !strings.Contains(got, "stage customer -> lead") || strings.Contains(got, "kept") {
		t.Errorf("the run went on: %s", got)
	}
}

// TestUndoOfWhatIsNotThere undoes a create whose record is gone already: nothing is left, and nothing asks for a yes.
func TestUndoOfWhatIsNotThere(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	made := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)
	r.confirmedDelete("/contacts/" + made["id"].(string))
	want := fmt.Sprintf("# 0 updated\n# all is as it was before change group %s already\n", made["change"])
	if got := r.want(200, "POST", "/undo", fmt.Sprintf(`{"change":%q}`, made["change"])); got != want {
		t.Error(got)
	}
}

// TestTheLogTellsOfUndos reads of a run, of its changes and of their undo who took what back.
func TestTheLogTellsOfUndos(t *testing.T) {
	jane, bob := undoTeam(t)
	run := []string{"Crmkit-Run", "cleanup"}
	a := bob.json(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`)["id"].(string)
	changed := regexpChange.FindString(bob.want(200, "PATCH", "/contacts/"+a, `{"stage":"customer"}`, append(run, "Accept", "application/json")...))
	id := jane.json(200, "POST", "/undo", `{"run":"cleanup","by":"bob@acme.com"}`)["change"].(string)
	line := " by=jane@acme.com token=test action=undo target=run/" + changed + " to.run=cleanup change=" + id
	if got := jane.want(200, "GET", "/changes/"+id, ""); !strings.Contains(got, line) || !strings.Contains(got, " action=undone target=run/"+changed+" to.run=cleanup to.updated=1 change="+id) {
		t.Error(got)
	}
	for _, path := range []string{"/changes?run=cleanup", "/changes/" + changed} {
		if got := bob.want(200, "GET", path, ""); !strings.Contains(got, "# undone by jane@acme.com, on 2026-06-10T09:00:00Z: change "+id+"\n") {
			t.Errorf("%s: %s", path, got)
		}
	}
	jane.want(200, "POST", "/undo", `{"change":"`+id+`"}`)
	if got := bob.want(200, "GET", "/changes?run=cleanup", ""); strings.Contains(got, "undone") {
		t.Error(got)
	}
}

// TestLargeUndosCountAll asks for the undo of a run that made many records and then changed them. The report counts the
// deletes too, though it only tries the last changes.
func TestLargeUndosCountAll(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	rows := "name,company\n"
	for i := range 600 {
		rows += fmt.Sprintf("Joe %d,Acme %d\n", i, i%5)
	}
	w := newUndoWorld(r, 1)
	w.header.Set("Crmkit-Run", "mix")
	w.want(200, "POST", "/import/contacts?dry_run=0", rows)
	w.do("PATCH", "/contacts?all=1", `{"stage":"lead"}`)
	w.header.Del("Crmkit-Run")
	asked := w.want(409, "POST", "/undo", `{"run":"mix"}`)
	for _, want := range []string{"undoing run mix does what is counted. Ask the user", "# 600 updated, 605 deleted\n", "# that is at most, from the log of all 1205 changes; tried were the last ", " of them: "} {
		if !strings.Contains(asked, want) {
			t.Errorf("no %q in %.9000s", want, asked)
		}
	}
	if got := r.json(409, "POST", "/undo", `{"run":"mix"}`); fmt.Sprintf("%v %v", got["deleted"], got["updated"]) != "605 600" {
		t.Errorf("%v updated, %v deleted", got["updated"], got["deleted"])
	}
	done := w.want(200, "POST", "/undo?confirm="+confirmOf(asked), `{"run":"mix"}`)
	if !strings.Contains(done, "# 600 updated, 605 deleted\n") {
		t.Error(done)
	}
	if got := w.want(200, "POST", "/undo", `{"run":"mix"}`); !strings.Contains(got, "was undone already") {
		t.Error(got)
	}
}
