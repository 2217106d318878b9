package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/store"
)

// onEngines runs a test on SQLite and on PostgreSQL.
func onEngines(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newRig(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newRigWith(t, store.Options{Path: setup{"postgres", 1}.address(t)})) })
}

// confirmed sends a request that needs a confirmation, and then its token.
func (r *rig) confirmed(path, body string) answer {
	token := r.json(409, "POST", path, body)["confirm"]
	return r.call("POST", fmt.Sprint(path, "?confirm=", token), body)
}

// pair makes two contacts with references to each, and returns their ids.
func (r *rig) pair() (a, b string) {
	r.t.Helper()
	ids := make([]string, 2)
	for i := range ids {
		ids[i] = r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Jane %d","email":"j%d@acme.com"}`, i, i))["id"].(string)
		for range 3 {
			r.want(201, "POST", "/contacts/"+ids[i]+"/activities", `{"kind":"call","body":"x"}`)
		}
		r.want(201, "POST", "/deals", `{"title":"Deal","contact_id":"`+ids[i]+`"}`)
	}
	return ids[0], ids[1]
}

// checkOne checks that two ids lead to one contact, which has everything of both.
func (r *rig) checkOne(a, b string) {
	r.t.Helper()
	if one, other := r.json(200, "GET", "/contacts/"+a, "")["id"], r.json(200, "GET", "/contacts/"+b, "")["id"]; one != other {
		r.t.Errorf("%s leads to %v, %s to %v", a, one, b, other)
	}
	for path, want := range map[string]string{"/contacts": "1", "/deals?contact_id=" + a: "2", "/deals?contact_id=" + b: "2", "/activities?kind=call&contact=" + b: "6", "/activities?kind=note&contact=" + a: "1"} {
		if got := fmt.Sprint(r.json(200, "GET", path, "")["total"]); got != want {
			r.t.Errorf("GET %s has %s, want %s", path, got, want)
		}
	}
}

// TestMergesOfOnePairAtOnce confirms merges of one pair at once, in both directions: one is done, and
// the others find it done or not as planned.
func TestMergesOfOnePairAtOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		a, b := r.pair()
		paths := []string{"/contacts/" + a + "/merge", "/contacts/" + b + "/merge"}
		bodies := []string{`{"from":["` + b + `"]}`, `{"from":["` + a + `"]}`}
		answers, tokens := make([]answer, 8), make([]any, 8)
		for i := range tokens {
			tokens[i] = r.json(409, "POST", paths[i%2], bodies[i%2])["confirm"]
		}
		together(len(answers), func(i int) {
			answers[i] = r.call("POST", fmt.Sprint(paths[i%2], "?confirm=", tokens[i]), bodies[i%2])
		})
		merged := 0
		for i, a := range answers {
			switch {
			case a.status == 200 && strings.Contains(a.body, "# merged contact/"):
				merged++
			case a.status != 409 && !strings.Contains(a.body, "one record already"):
				t.Errorf("merge %d: %d %s", i, a.status, a.body)
			}
		}
		if merged != 1 {
			t.Errorf("%d merges were done", merged)
		}
		r.checkOne(a, b)
	})
}

// TestMergeBesideEdits edits both records while they are merged. No edit that was answered is lost: it is
// in the record, or in its note.
func TestMergeBesideEdits(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		a, b := r.pair()
		path, body := "/contacts/"+a+"/merge", `{"from":["`+b+`"]}`
		saved := make([]bool, 20)
		together(len(saved), func(i int) {
			if i == 7 {
				for range 50 { // an edit between both calls makes the plan stale
					if r.confirmed(path, body).status == 200 {
						return
					}
				}
				t.Error("50 plans in a row were stale")
				return
			}
			saved[i] = r.call("PATCH", "/contacts/"+[]string{a, b}[i%2], fmt.Sprintf(`{"custom":{"k%d":%d}}`, i, i)).status == 200
		})
		r.checkOne(a, b)
		custom := r.json(200, "GET", "/contacts/"+b, "")["custom"].(map[string]any)
		for i, was := range saved {
			if _, is := custom[fmt.Sprint("k", i)]; is != was {
				t.Errorf("edit %d: answered %t, there %t", i, was, is)
			}
		}
	})
}

// TestMergeInABatch merges in a batch, whose other lines use the merged handle.
func TestMergeInABatch(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a, b := r.pair()
	body := fmt.Sprintf(`[{"method":"POST","path":"/contacts/%s/merge","body":{"from":["%s"]}},{"method":"POST","path":"/tasks","body":{"title":"Call","contact_id":"%s"}}]`, a, b, b)
	if got := r.confirmed("/batch", body); got.status != 200 || !strings.Contains(got.body, "# 2 done") {
		t.Errorf("%d %s", got.status, got.body)
	}
	r.checkOne(a, b)
	if task := r.json(200, "GET", "/tasks", "")["items"].([]any)[0].(map[string]any); task["contact_id"] != a {
		t.Errorf("the task belongs to %v", task["contact_id"])
	}
}

// TestBatchesMergeWhatTheyMake merges a contact into one that a line before has made, and says that another
// one is not the same.
func TestBatchesMergeWhatTheyMake(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a, b := r.pair()
	body := fmt.Sprintf(`[{"method":"POST","path":"/contacts","body":{"name":"Jane"},"as":"new"},
		{"method":"POST","path":"/contacts/%s/merge","body":{"from":["$new","%s"],"take":{"name":"$new"}}},
		{"method":"POST","path":"/duplicates/dismiss","body":{"pair":["$new","%[1]s"]}}]`, a, b)
	text := r.want(400, "POST", "/batch", body)
	if !strings.Contains(text, "3 ERROR invalid_value pair names one record twice: one was merged into the other.") {
		t.Error(text)
	}
	body = body[:strings.Index(body, ",\n\t\t{\"method\":\"POST\",\"path\":\"/duplicates")] + "]"
	if got := r.confirmed("/batch", body); got.status != 200 || !strings.Contains(got.body, "name \"Jane 0\" -> Jane") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, id := range []string{b, r.id("contact", 3)} {
		if got := r.json(200, "GET", "/contacts/"+id, "")["id"]; got != a {
			t.Errorf("%s leads to %v", id, got)
		}
	}
}

// TestImportsFollowMerges imports rows that name a merged contact by its id, in a file of its own export
// and in references.
func TestImportsFollowMerges(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a, b := r.pair()
	export := r.want(200, "GET", "/export/contacts?format=csv&email=j1@acme.com", "")
	if got := r.confirmed("/contacts/"+a+"/merge", `{"from":["`+b+`"]}`); got.status != 200 {
		t.Fatal(got.body)
	}
	r.want(200, "POST", "/import/contacts", export)
	r.want(200, "POST", "/import/deals", "title,contact_id,source_id\nNew deal,"+b+",1\n")
	if got := fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]); got != "1" {
		t.Errorf("%s contacts", got)
	}
	if deal := r.json(200, "GET", "/deals?title=New+deal", "")["items"].([]any); len(deal) != 1 || deal[0].(map[string]any)["contact_id"] != a {
		t.Errorf("the deal is %v", deal)
	}
}

// TestMergeNeedsRights checks who may merge, and what.
func TestMergeNeedsRights(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a, _ := r.pair()
	for _, kind := range []string{"companies", "deals", "tickets"} {
		label := map[string]string{"companies": "name", "deals": "title", "tickets": "subject"}[kind]
		one := r.json(201, "POST", "/"+kind, `{"`+label+`":"A"}`)["id"].(string)
		other := r.json(201, "POST", "/"+kind, `{"`+label+`":"B"}`)["id"].(string)
		if got := r.confirmed("/"+kind+"/"+one+"/merge", `{"from":"`+other+`","take":{"`+label+`":"`+other+`"}}`); got.status != 200 || !strings.Contains(got.body, label+" A -> B") {
			t.Errorf("%s: %d %s", kind, got.status, got.body)
		}
	}
	var many []string
	for range 21 {
		many = append(many, `"`+a+`"`)
	}
	r.want(400, "POST", "/contacts/"+a+"/merge", `{"from":[`+strings.Join(many, ",")+`]}`)
	if got := r.want(200, "POST", "/contacts/"+a+"/merge", `{"from":["`+a+`"]}`); !strings.Contains(got, "one record already") {
		t.Error(got)
	}
}

// TestMergeMovesAnyReference merges contacts to which records of a kind refer that only this test has.
func TestMergeMovesAnyReference(t *testing.T) {
	for _, engine := range []string{"memory", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			r := setup{engine, 1}.newRig(t, store.Options{Schema: schema(t, widget), Migrations: widgetMigration(t)}).as("jane@acme.com")
			a, b := r.pair()
			for range 250 { // more than follow at once
				r.want(201, "POST", "/widgets", `{"label":"w","contact_id":"`+b+`"}`)
			}
			if got := r.confirmed("/contacts/"+a+"/merge", `{"from":["`+b+`"]}`); got.status != 200 {
				t.Fatal(got.body)
			}
			for range 2 { // while they follow, and afterwards
				if got := fmt.Sprint(r.json(200, "GET", "/widgets?contact_id="+a, "")["total"]); got != "250" {
					t.Errorf("%s widgets", got)
				}
				if err := r.store.Settle(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r.checkOne(a, b)
			r.want(200, "DELETE", fmt.Sprint("/contacts/", a, "?confirm=", r.json(409, "DELETE", "/contacts/"+a, "")["confirm"]), "")
			if got := r.want(200, "GET", "/widgets?contact_id=not:null", ""); !strings.Contains(got, "# 0 ") {
				t.Errorf("widgets refer to a deleted contact: %s", got)
			}
		})
	}
}

// TestExportsKeepMergedIDs restores the export of a workspace elsewhere. Files of the old workspace that
// name a merged contact mean the one that it is part of.
func TestExportsKeepMergedIDs(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a, b := r.pair()
	if got := r.confirmed("/contacts/"+a+"/merge", `{"from":["`+b+`"]}`); got.status != 200 {
		t.Fatal(got.body)
	}
	dump := r.want(200, "GET", "/export", "")
	if !strings.Contains(dump, `"merged_ids":["`+b+`"]`) {
		t.Fatalf("the export does not name the merged contact: %s", dump)
	}
	r.want(200, "POST", "/import", dump) // into itself, which changes nothing
	r.checkOne(a, b)
	lines := strings.SplitAfter(dump, "\n")
	late := lines[0] + `{"handle":"deal/` + r.id("deal", 9) + `","title":"New deal","contact_id":"` + b + `"}` + "\n" + `{"end":true,"counts":{"deals":1}}` + "\n"
	r.as("bob@other.com")
	for range 2 {
		for _, file := range []string{dump, late} {
			if got := r.want(200, "POST", "/import", file); !strings.Contains(got, ", 0 failed\n") {
				t.Fatal(got)
			}
		}
	}
	wrong := strings.Replace(late, `"title"`, `"merged_ids":["x"],"title"`, 1)
	if got := r.want(200, "POST", "/import", wrong); !strings.Contains(got, `merged_ids takes the ids of deals that were merged into this one, not x;`) {
		t.Error(got)
	}
	if deals := r.json(200, "GET", "/deals?contact.email=j0@acme.com", ""); fmt.Sprint(deals["total"]) != "3" {
		t.Errorf("the contact has %v deals", deals["total"])
	}
	if contacts := r.json(200, "GET", "/contacts", ""); fmt.Sprint(contacts["total"]) != "1" {
		t.Errorf("%v contacts", contacts["total"])
	}
}

// TestMergeOfMembers merges two members of one campaign, of whom each has a reason, and one of another
// one: the answer tells what moved from what became one, and the log has the reason that is gone.
func TestMergeOfMembers(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, name := range []string{"A", "B"} {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":%q}`, name))
		r.want(201, "POST", "/campaigns", fmt.Sprintf(`{"name":%q}`, name))
	}
	first, second := r.id("contact", 1), r.id("contact", 2)
	both, other := r.id("campaign", 1), r.id("campaign", 2)
	var members []any
	for _, tie := range [][3]string{{both, first, "asked"}, {both, second, "met"}, {other, second, "called"}} {
		members = append(members, r.json(201, "POST", "/campaign_members", fmt.Sprintf(`{"campaign_id":%q,"contact_id":%q,"reason":%q}`, tie[0], tie[1], tie[2]))["id"])
	}
	path, from := "/contacts/"+first+"/merge", fmt.Sprintf(`{"from":[%q]}`, second)
	refused := r.json(409, "POST", path, from)
	if text := fmt.Sprint(refused); !strings.Contains(text, "; moves 1 campaign_member; joins 1 campaign_member to what it has;") {
		t.Error(text)
	}
	body := r.want(200, "POST", fmt.Sprint(path, "?confirm=", refused["confirm"]), from)
	if !strings.Contains(body, "# moved 1 campaign_member\n# joined 1 campaign_member to what this one had\n") {
		t.Error(body)
	}
	if log := r.want(200, "GET", fmt.Sprint("/audit?target=", members[1]), ""); !strings.Contains(log, "reason=met") {
		t.Errorf("the log lacks the reason:\n%s", log)
	}
}
