package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/store"
)

// onServers runs a test on SQLite, on PostgreSQL, and on two servers of one database.
func onServers(t *testing.T, test func(t *testing.T, r *rig)) {
	onEngines(t, test)
	t.Run("two servers", func(t *testing.T) { test(t, setup{"postgres", 2}.newRig(t, store.Options{})) })
}

// TestOneTokenMergesOnce confirms one merge many times at once: one request merges, the others get its
// answer.
func TestOneTokenMergesOnce(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		a, b := r.pair()
		path, body := "/contacts/"+a+"/merge", `{"from":["`+b+`"]}`
		token := r.json(409, "POST", path, body)["confirm"]
		answers := make([]answer, 12)
		together(len(answers), func(i int) { answers[i] = r.call("POST", fmt.Sprint(path, "?confirm=", token), body) })
		again := 0
		for i, got := range answers {
			text, done := strings.CutSuffix(got.body, "# already done\n")
			if done {
				again++
			}
			if first, _ := strings.CutSuffix(answers[0].body, "# already done\n"); got.status != 200 || text != first || !strings.Contains(text, "# merged contact/"+b) {
				t.Errorf("answer %d: %d %s", i, got.status, got.body)
			}
		}
		if again != len(answers)-1 {
			t.Errorf("%d answers say that it was done already", again)
		}
		r.checkOne(a, b)
	})
}

// TestMergesInAChainAtOnce merges a into b while b is merged into c, and c into a. Each merge is done as its
// plan says, or not at all; and what is planned anew afterwards makes all of them one record.
func TestMergesInAChainAtOnce(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		for round := range 5 {
			ids := make([]string, 3)
			for i := range ids {
				ids[i] = r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Person %d","tags":["t%d"],"email":"p%d-%d@acme.com"}`, i, i, round, i))["id"].(string)
				r.want(201, "POST", "/deals", `{"title":"Deal","contact_id":"`+ids[i]+`"}`)
			}
			path := func(i int) (string, string) {
				return "/contacts/" + ids[(i+1)%3] + "/merge", `{"from":["` + ids[i] + `"]}`
			}
			tokens, answers := make([]any, 3), make([]answer, 3)
			for i := range tokens {
				at, body := path(i)
				tokens[i] = r.json(409, "POST", at, body)["confirm"]
			}
			together(3, func(i int) {
				at, body := path(i)
				answers[i] = r.call("POST", fmt.Sprint(at, "?confirm=", tokens[i]), body)
			})
			merged := 0
			for i, got := range answers {
				if got.status == 200 && strings.Contains(got.body, "# merged contact/") {
					merged++
				} else if got.status != 409 && !strings.Contains(got.body, "one record already") {
					t.Errorf("merge %d: %d %s", i, got.status, got.body)
				}
			}
			if merged == 0 {
				t.Error("no merge was done")
			}
			r.mergeRest(ids)
		}
	})
}

// mergeRest merges records into the first, if they are not part of it, and checks that they are one.
func (r *rig) mergeRest(ids []string) {
	r.t.Helper()
	for _, id := range ids[1:] {
		if r.json(200, "GET", "/contacts/"+id, "")["id"] == r.json(200, "GET", "/contacts/"+ids[0], "")["id"] {
			continue
		}
		if got := r.confirmed("/contacts/"+ids[0]+"/merge", `{"from":["`+id+`"]}`); got.status != 200 {
			r.t.Fatal(got.body)
		}
	}
	one := r.json(200, "GET", "/contacts/"+ids[0], "")
	for _, id := range ids {
		if got := r.json(200, "GET", "/contacts/"+id, "")["id"]; got != one["id"] {
			r.t.Errorf("%s leads to %v, not %v", id, got, one["id"])
		}
		if got := fmt.Sprint(r.json(200, "GET", "/deals?contact_id="+id, "")["total"]); got != "3" {
			r.t.Errorf("%s has %s deals", id, got)
		}
	}
	if tags := one["tags"].([]any); len(tags) != 3 {
		r.t.Errorf("the tags are %v", tags)
	}
}

// TestMergeBesideADelete deletes one of two records while they are merged. Either both are gone, or the one
// that is left has what belongs to it.
func TestMergeBesideADelete(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		for round := range 6 {
			a := r.json(201, "POST", "/contacts", `{"name":"A"}`)["id"].(string)
			b := r.json(201, "POST", "/contacts", `{"name":"B"}`)["id"].(string)
			r.want(201, "POST", "/deals", `{"title":"Deal","contact_id":"`+b+`"}`)
			gone := []string{a, b}[round%2]
			path, body := "/contacts/"+a+"/merge", `{"from":["`+b+`"]}`
			token := r.json(409, "POST", path, body)["confirm"]
			end := r.json(409, "DELETE", "/contacts/"+gone, "")["confirm"]
			var merge, remove answer
			together(2, func(i int) {
				if i == 0 {
					merge = r.call("POST", fmt.Sprint(path, "?confirm=", token), body)
				} else {
					remove = r.call("DELETE", fmt.Sprint("/contacts/"+gone, "?confirm=", end), "")
				}
			})
			if merge.status == 200 && remove.status == 200 || merge.status != 200 && remove.status != 200 {
				t.Errorf("round %d: the merge got %d %s\nthe delete %d %s", round, merge.status, merge.body, remove.status, remove.body)
			}
			if got := r.call("GET", "/contacts/"+gone, ""); (got.status == 200) != (merge.status == 200) {
				t.Errorf("round %d: %s is there: %d; the merge got %d", round, gone, got.status, merge.status)
			}
			want := "1" // the deal belongs to b, or to what b is part of
			if merge.status != 200 && gone == b {
				want = "0"
			}
			if got := fmt.Sprint(r.json(200, "GET", "/deals?title=Deal&contact_id=in:"+a+","+b, "")["total"]); got != want {
				t.Errorf("round %d: %s deals, want %s", round, got, want)
			}
			if merge.status == 200 {
				r.confirmedDelete("/contacts/" + a)
			}
			r.deleteAll("deals")
		}
	})
}

// confirmedDelete deletes a record.
func (r *rig) confirmedDelete(path string) {
	r.t.Helper()
	r.want(200, "DELETE", fmt.Sprint(path, "?confirm=", r.json(409, "DELETE", path, "")["confirm"]), "")
}

// deleteAll deletes the records of a kind.
func (r *rig) deleteAll(plural string) {
	r.t.Helper()
	for _, item := range r.json(200, "GET", "/"+plural, "")["items"].([]any) {
		r.confirmedDelete("/" + plural + "/" + item.(map[string]any)["id"].(string))
	}
}
