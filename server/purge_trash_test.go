package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/store"
)

// deletes deletes a record with its confirmation, and returns the change group.
func (r *rig) deletes(path string) (change string) {
	r.t.Helper()
	token := r.json(409, "DELETE", path, "")["confirm"].(string)
	return r.json(200, "DELETE", path+"?confirm="+token, "")["change"].(string)
}

// maintain has all servers do at the same time what they do every half minute.
func (r *rig) maintain() {
	var all sync.WaitGroup
	for _, st := range r.stores {
		all.Go(func() { st.Purge(r.t.Context()) })
	}
	all.Wait()
}

// TestTrashIsEmptied checks that what was deleted is erased after the days in the trash, and not before.
func TestTrashIsEmptied(t *testing.T) {
	r := newRigWith(t, store.Options{TrashDays: 30}).as("jane@acme.com")
	ids, groups := [4]string{}, [4]string{}
	for i := range ids {
		ids[i] = r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Zed %d","email":"zed%d@marker.example"}`, i, i))["id"].(string)
		r.want(201, "POST", "/contacts/"+ids[i]+"/activities", `{"kind":"note","body":"marker"}`)
	}
	double := r.json(201, "POST", "/contacts", `{"name":"Zed 0","phone":"+49 151 5550123","notes":"marker"}`)["id"].(string)
	if a := r.confirmed("/contacts/"+ids[0]+"/merge", `{"from":["`+double+`"]}`); a.status != 200 {
		t.Fatal(a)
	}
	for i := range 2 {
		groups[i] = r.deletes("/contacts/" + ids[i])
	}
	r.want(200, "POST", "/undo", `{"change":"`+groups[1]+`"}`)
	r.clock.Advance(20 * 24 * time.Hour)
	r.as("jane@acme.com")
	groups[2] = r.deletes("/contacts/" + ids[2])
	r.clock.Advance(9 * 24 * time.Hour)
	r.maintain()
	if n := r.column("SELECT COUNT(*) FROM log WHERE after LIKE '%erased_at%'")[0]; n != "0" {
		t.Fatalf("%s entries were erased too early", n)
	}
	r.clock.Advance(2 * 24 * time.Hour)
	r.maintain()
	r.as("jane@acme.com")
	if text := r.want(410, "POST", "/undo", `{"change":"`+groups[0]+`"}`); !strings.Contains(text, "ERROR purged") {
		t.Error(text)
	}
	for i, erased := range []bool{true, false, false, false} {
		text := r.want(200, "GET", "/audit?limit=100&target=contact/"+ids[i], "")
		if purged := strings.Contains(text, "action=purge"); purged != erased || strings.Contains(text, "Zed") == erased {
			t.Errorf("of %s the log has %s", ids[i], text)
		}
	}
	if text := r.want(200, "GET", "/audit?limit=100&target=contact/"+double, ""); strings.Contains(text, "marker") || strings.Contains(text, "5550123") {
		t.Errorf("what was merged into it is left: %s", text)
	}
	if n := r.column("SELECT COUNT(*) FROM log WHERE action = 'purge'")[0]; n != "1" {
		t.Errorf("%s purges are logged", n)
	}
	r.want(200, "POST", "/undo", `{"change":"`+groups[2]+`"}`)
	r.want(200, "GET", "/contacts/"+ids[2], "")
}
