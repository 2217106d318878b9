package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
)

// TestOnlyAdminsWriteDefinitions tries every way by which a record is written, as a user who is no admin, or
// none any more, and with a token that is not full. A definition stays as it is, and so does the workspace
// without one.
func TestOnlyAdminsWriteDefinitions(t *testing.T) {
	r := newRig(t)
	admin, bob := r.teamOfTwo()
	step := func(role string) {
		path := "/workspaces/" + admin.WorkspaceID
		a := r.send(admin.token, "POST", path+"/members/"+bob.UserID+"/role", `{"role":"`+role+`"}`)
		r.want(200, "POST", path+"/members/"+bob.UserID+"/role?code="+a.text("local_code"), `{"role":"`+role+`"}`, "Authorization", "Bearer "+admin.token)
		r.clock.Advance(1e9) // credentials end with a role
		if bob.token = r.send(r.mint(bob.Email).token, "POST", path+"/tokens", "{}").text("token"); bob.token == "" {
			t.Fatal("bob has no token")
		}
	}
	step(crm.RoleAdmin)
	for _, e := range r.store.Schema.Definitions() {
		body := full(e, "bobs", nil)
		made := r.send(bob.token, "POST", "/"+e.Route(), body)
		handle, path := made.text("handle"), "/"+e.Route()+"/"+made.text("id")
		if made.status != 201 {
			t.Fatal(made.body)
		}
		dump := r.want(200, "GET", "/export", "", "Authorization", "Bearer "+bob.token)
		change := made.text("change")
		step(crm.RoleMember)
		write := r.send(admin.token, "POST", "/workspaces/"+admin.WorkspaceID+"/tokens", `{"token_name":"w","scope":"write"}`).text("token")
		for _, token := range []string{bob.token, write} {
			for _, call := range [][3]string{{"POST", "/" + e.Route(), full(e, "other", nil)}, {"PATCH", path, full(e, "other", nil)}, {"DELETE", path, ""},
				{"POST", path + "/restore", ""}, {"POST", "/undo", `{"change":"` + change + `"}`}, {"POST", "/undo", `{"record":"` + handle + `"}`}} {
				if call[0] == "PATCH" && !e.Can(crm.Update) {
					continue // it is written whole
				}
				if a := r.send(token, call[0], call[1], call[2]); a.status != 403 {
					t.Errorf("%s: status %d\n%s", call, a.status, a.body)
				}
			}
			changed := strings.Replace(dump, "bobs", "theirs", 1)
			if a := r.call("POST", "/import", changed, "Authorization", "Bearer "+token); !strings.Contains(a.body, "ERROR admin_required") && !strings.Contains(a.body, "ERROR scope_required") {
				t.Errorf("an import: %s", a.body)
			}
		}
		if now := r.want(200, "GET", "/export", "", "Authorization", "Bearer "+bob.token); fmt.Sprint(portable(t, now)) != fmt.Sprint(portable(t, dump)) {
			t.Errorf("the workspace has changed:\n%s", diff(dump, now))
		}
		step(crm.RoleAdmin)
	}
}

// TestDefinitionsAreFew makes as many views as a workspace may have, and one more, with several clients at a
// time. PUT of one that is there is no other one.
func TestDefinitionsAreFew(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	most := int(r.store.Schema.ByName("view").Definition.Most)
	together(4, func(i int) {
		for n := i; n < most; n += 4 {
			r.want(201, "PUT", fmt.Sprintf("/views/v-%d", n), `{"kind":"contacts","query":"stage=lead"}`)
		}
	})
	if text := r.want(403, "PUT", "/views/more", `{"kind":"contacts","query":"stage=lead"}`); !strings.Contains(text, fmt.Sprintf("at most %d views", most)) {
		t.Error(text)
	}
	together(4, func(i int) {
		r.want(200, "PUT", "/views/v-7", fmt.Sprintf(`{"kind":"contacts","query":"stage=s%d"}`, i))
	})
	if total := r.json(200, "GET", "/views?total=exact&limit=1", "")["total"]; fmt.Sprint(total) != fmt.Sprint(most) {
		t.Errorf("%v views", total)
	}
	if text := r.want(404, "GET", "/views/v_7", ""); !strings.Contains(text, fmt.Sprintf("and %d more", most-20)) || !strings.Contains(text, "Did you mean v-7?") {
		t.Error(text)
	}
}

// TestListsWithAViewAreThoseOfItsFilters asks random questions, each with some of its conditions in a view and the
// rest beside it: lists, their pages, totals and explanations, exports and the past are, byte by byte, those of the
// conditions.
func TestListsWithAViewAreThoseOfItsFilters(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	for i := range 60 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Person %d","stage":"s%d","tags":["t%d"],"owner":"me","custom":{"n":%d}}`, i, random.IntN(3), random.IntN(3), i))
	}
	terms := []string{"stage=s1", "stage=ne:s0", "tags=t1", "tags=not:null", "custom.n=gt:20", "custom.n=lt:50", "owner=me", "search=person", "name=like:1", "created_at=gte:-1d", "company.name=is:null", "stage=nobody"}
	for range 40 {
		random.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
		in, beside := 1+random.IntN(3), random.IntN(3)
		r.call("PUT", "/views/some", `{"kind":"contacts","query":"`+strings.Join(terms[:in], "&")+`"}`)
		with, without := strings.Join(append([]string{"view=some"}, terms[in:in+beside]...), "&"), strings.Join(terms[:in+beside], "&")
		for _, path := range []string{"/contacts?limit=7&", "/contacts?format=json&sort=name&", "/contacts?total=exact&fields=name&", "/export/contacts?format=csv&", "/contacts?at=now&"} {
			for next := ""; ; {
				want, got := r.call("GET", path+without+next, ""), r.call("GET", path+with+next, "")
				if want.status != got.status || want.body != got.body {
					t.Fatalf("%s%s: %d\n%s\n%s: %d\n%s", path, with, got.status, got.body, without, want.status, want.body)
				}
				_, cursor, more := strings.Cut(want.body, "# next: ")
				if !more {
					break
				}
				next = "&cursor=" + strings.Fields(cursor)[0]
			}
		}
	}
}

// TestViewsThatDoNotWorkAnyMoreSayWhy restores a view in another workspace, where the ids in it lead nowhere.
func TestViewsThatDoNotWorkAnyMoreSayWhy(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	r.want(201, "PUT", "/views/of-acme", `{"kind":"contacts","query":"company=`+id+`"}`)
	dump := r.want(200, "GET", "/export", "")
	r.as("joe@new.com")
	if text := r.want(200, "POST", "/import?atomic=1", dump); !strings.Contains(text, "# imported: 2 created") {
		t.Fatal(text)
	}
	if text := r.want(400, "GET", "/contacts?view=of-acme", ""); !strings.Contains(text, "view of-acme (company="+id+") does not work any more: ") || !strings.Contains(text, "PATCH /views/of-acme") {
		t.Error(text)
	}
}
