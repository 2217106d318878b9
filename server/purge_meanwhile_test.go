package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// withTasks makes a contact with tasks, in batches of 200, and returns it with the tasks.
func (r *rig) withTasks(n int) (contact string, tasks []string) {
	r.t.Helper()
	contact = r.json(201, "POST", "/contacts", `{"name":"Zed Test"}`)["id"].(string)
	for from := 0; from < n; from += 200 {
		var lines []string
		for i := from; i < min(from+200, n); i++ {
			lines = append(lines, fmt.Sprintf(`{"method":"POST","path":"/tasks","body":{"title":"marker %d","contact_id":%q}}`, i, contact))
		}
		r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]")
	}
	for i := range n {
		tasks = append(tasks, r.id("task", int64(i+1)))
	}
	return contact, tasks
}

// TestPurgeAgainstRestores restores the tasks of a contact, and undoes the delete of the contact, again and again
// while the contact is purged. None may come back, and nobody may read them.
func TestPurgeAgainstRestores(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c, tasks := r.withTasks(1200)
	code := r.json(403, "DELETE", "/contacts/"+c+"?purge=1", "")["local_code"].(string)
	done := make(chan struct{})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := worker; !isClosed(done); i = (i + 4) % len(tasks) {
				switch a := r.call("POST", "/tasks/"+tasks[i]+"/restore", ""); {
				case a.status == 410 && strings.Contains(a.body, "ERROR purged"):
				case a.status == 200 && strings.Contains(a.body, "is not deleted"): // before the purge
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			}
		})
	}
	all.Go(func() { r.readsNothing(c, tasks, done) })
	time.Sleep(20 * time.Millisecond)
	a := r.call("DELETE", "/contacts/"+c+"?purge=1&code="+code, "")
	if a.status != 200 {
		t.Error(a)
	}
	if err := r.store.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	close(done)
	all.Wait()
	r.nothingOf(c)
}

func isClosed(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// readsNothing reads what a purge of a contact with tasks erases, from the moment at which it has begun.
func (r *rig) readsNothing(contact string, tasks []string, done chan struct{}) {
	for n := 0; !isClosed(done); n++ {
		if a := r.call("GET", "/audit?action=purge", ""); !strings.Contains(a.body, "target=contact/"+contact) {
			continue
		}
		one := tasks[n*37%len(tasks)]
		for _, path := range []string{"GET /tasks?deleted=only&limit=200", "GET /audit?limit=200", "GET /audit?limit=200&target=task/" + one, "GET /changes?limit=500&since=seq_" + strings.TrimPrefix(r.id("contact", 1), "c_"),
			"GET /tasks/" + one + "?deleted=only", "DELETE /tasks/" + one + "?purge=1&dry_run=1", "POST /tasks/" + one + "/restore?dry_run=1", "GET /export"} {
			method, path, _ := strings.Cut(path, " ")
			if a := r.call(method, path, ""); strings.Contains(a.body, "marker") {
				r.t.Errorf("%s %s shows %.300s", method, path, a.body)
			}
		}
	}
}

// TestPurgeAgainstUndo undoes the delete of a contact with many tasks, in steps, while the contact is purged.
func TestPurgeAgainstUndo(t *testing.T) {
	for _, wait := range []time.Duration{0, 5, 20, 60} {
		r := newRig(t).as("jane@acme.com")
		c, _ := r.withTasks(1200)
		change := r.deletes("/contacts/" + c)
		if err := r.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		body := `{"change":"` + change + `"}`
		confirm := r.json(409, "POST", "/undo", body)["confirm"].(string)
		code := r.json(403, "DELETE", "/contacts/"+c+"?purge=1", "")["local_code"].(string)
		var all sync.WaitGroup
		all.Go(func() { r.call("POST", "/undo?confirm="+confirm, body) })
		time.Sleep(wait * time.Millisecond)
		a := r.call("DELETE", "/contacts/"+c+"?purge=1&code="+code, "")
		for a.status == 409 || a.status == 503 { // it is being restored
			time.Sleep(50 * time.Millisecond)
			code = r.json(403, "DELETE", "/contacts/"+c+"?purge=1", "")["local_code"].(string)
			a = r.call("DELETE", "/contacts/"+c+"?purge=1&code="+code, "")
		}
		if a.status != 200 {
			t.Error(a)
		}
		r.call("POST", "/undo", body)
		all.Wait()
		r.nothingOf(c)
	}
}

// nothingOf checks that neither tasks nor values of a contact with tasks are left.
func (r *rig) nothingOf(contact string) {
	r.t.Helper()
	if err := r.store.Settle(r.t.Context()); err != nil {
		r.t.Error(err)
	}
	if n := r.column("SELECT COUNT(*) FROM tasks")[0]; n != "0" {
		r.t.Errorf("%s tasks are there", n)
	}
	if n := r.column("SELECT COUNT(*) FROM log WHERE before LIKE '%marker%' OR after LIKE '%marker%'")[0]; n != "0" {
		r.t.Errorf("%s entries have the values", n)
	}
	if n := r.column("SELECT COUNT(*) FROM cascades")[0]; n != "0" {
		r.t.Errorf("%s cascades are left", n)
	}
	r.want(404, "GET", "/contacts/"+contact, "")
}

// TestPurgeOfMerged checks that a record which was merged into a purged one is erased as any other.
func TestPurgeOfMerged(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	winner := r.json(201, "POST", "/contacts", `{"name":"Zed"}`)["id"].(string)
	loser := r.json(201, "POST", "/contacts", `{"name":"Zed B","notes":"marker"}`)["id"].(string)
	if a := r.confirmed("/contacts/"+winner+"/merge", `{"from":["`+loser+`"]}`); a.status != 200 {
		t.Fatal(a)
	}
	r.purged("/contacts/" + winner)
	for _, test := range []struct {
		status       int
		method, path string
	}{{404, "GET", ""}, {404, "DELETE", ""}, {410, "GET", "?deleted=only"}, {410, "POST", "/restore"}, {410, "POST", "/restore?dry_run=1"}, {410, "DELETE", "?purge=1"}} {
		for _, id := range []string{winner, loser} {
			if text := r.want(test.status, test.method, "/contacts/"+id+test.path, ""); !strings.Contains(text, "erased") || strings.Contains(text, "brings it back. GET") {
				t.Errorf("%s %s%s: %s", test.method, id, test.path, text)
			}
		}
	}
}

// TestPurgeCountsMentions checks that a dry run counts the fields that name the person as a user.
func TestPurgeCountsMentions(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed","email":"zed@test.example","other_emails":["zed@home.example"]}`)["id"].(string)
	firm := r.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	for _, address := range []string{"zed@test.example", "zed@test.example", "zed@home.example"} {
		r.want(201, "POST", "/companies/"+firm+"/activities", `{"kind":"note","body":"x","on_behalf_of":"`+address+`"}`)
	}
	dry := r.want(200, "DELETE", "/contacts/"+c+"?purge=1&dry_run=1", "")
	for _, part := range []string{"# in 2 activities on_behalf_of is zed@test.example", "# in 1 activity on_behalf_of is zed@home.example"} {
		if !strings.Contains(dry, part) {
			t.Errorf("the dry run lacks %q: %s", part, dry)
		}
	}
}
