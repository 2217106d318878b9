package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// undone sends an undo, confirms it if that is needed, and returns its answer.
func (r *rig) undone(body string) string {
	r.t.Helper()
	a := r.call("POST", "/undo", body)
	if found := tokenIs.FindStringSubmatch(a.body); a.status == 409 && found != nil {
		a = r.call("POST", "/undo?confirm="+found[1], body)
	}
	if a.status != 200 {
		r.t.Errorf("%s: %d %s", body, a.status, a.body)
	}
	return a.body
}

// undoneGroup undoes a change group, and returns the group of the undo.
func (r *rig) undoneGroup(group string) string {
	r.t.Helper()
	done := r.undone(`{"change":"` + group + `"}`)
	return regexpChange.FindString(done[max(strings.LastIndex(done, "# change"), 0):])
}

// merged merges one record into another one, and returns the change group.
func (r *rig) merged(into, from string) string {
	r.t.Helper()
	return regexpChange.FindString(r.confirmed(into+"/merge", `{"from":["`+from+`"]}`).body)
}

// made makes a record and returns its id.
func (r *rig) made(path, body string) string {
	r.t.Helper()
	return r.json(201, "POST", path, body)["id"].(string)
}

// undoEdges are undos of what others have changed since: what they do with the rig, and words that the last answer has.
var undoEdges = map[string]struct {
	does func(jane, bob *rig) string
	want []string
}{
	"a tie is taken": {func(r, _ *rig) string {
		c, a, b := r.made("/contacts", `{"name":"Ann"}`), r.made("/campaigns", `{"name":"A"}`), r.made("/campaigns", `{"name":"B"}`)
		m := r.made("/campaigns/"+a+"/members", `{"contact_id":"`+c+`"}`)
		r.want(200, "PATCH", "/campaign_members/"+m, `{"campaign_id":"`+b+`"}`)
		r.made("/campaigns/"+a+"/members", `{"contact_id":"`+c+`"}`)
		return r.undone(`{"record":"` + m + `"}`)
	}, []string{"campaign_id: it belongs to campaign_member/"}},
	"a part was merged into another record since": {func(r, _ *rig) string {
		a, b, c, d := r.made("/contacts", `{"name":"A"}`), r.made("/contacts", `{"name":"B"}`), r.made("/contacts", `{"name":"C"}`), r.made("/contacts", `{"name":"D"}`)
		first, second := r.merged("/contacts/"+b, a), r.merged("/contacts/"+c, b)
		r.undoneGroup(first)
		r.merged("/contacts/"+d, a)
		r.undoneGroup(second)
		return r.want(200, "GET", "/contacts/"+a, "")
	}, []string{"name=D "}},
	"what was made became a part of another record": {func(r, bob *rig) string {
		into := r.made("/contacts", `{"name":"Winner"}`)
		made := idIn(r.want(201, "POST", "/contacts", `{"name":"Made","email":"made@x.test"}`, "Crmkit-Run", "x"))
		bob.merged("/contacts/"+into, made)
		return r.undone(`{"run":"x"}`)
	}, []string{"kept contact/", "bob@acme.com merged it into contact/"}},
	"what was changed was deleted": {func(r, bob *rig) string {
		a := r.made("/contacts", `{"name":"Ann"}`)
		r.want(200, "PATCH", "/contacts/"+a, `{"stage":"lead"}`, "Crmkit-Run", "x")
		bob.confirmedDelete("/contacts/" + a)
		return r.undone(`{"run":"x"}`)
	}, []string{"kept contact/", "bob@acme.com deleted it"}},
	"what was referred to was deleted": {func(r, bob *rig) string {
		co := r.made("/companies", `{"name":"Acme"}`)
		a := r.made("/contacts", `{"name":"Ann","company_id":"`+co+`"}`)
		r.want(200, "PATCH", "/contacts/"+a, `{"company_id":null}`, "Crmkit-Run", "x")
		bob.confirmedDelete("/companies/" + co)
		return r.undone(`{"run":"x"}`)
	}, []string{"company_id: company/", "is not there: bob@acme.com deleted it"}},
	"a merge that is done again cannot give all": {func(r, bob *rig) string {
		w, l := r.made("/contacts", `{"name":"Winner"}`), r.made("/contacts", `{"name":"Loser","email":"l@x.test"}`)
		back := r.undoneGroup(r.merged("/contacts/"+w, l))
		bob.want(200, "PATCH", "/contacts/"+w, `{"email":"w@x.test"}`)
		r.undoneGroup(back)
		return r.want(200, "GET", "/contacts/"+w, "") + r.want(200, "GET", "/activities?contact_id="+w, "")
	}, []string{"email=w@x.test", "email: l@x.test"}},
}

// TestUndoEdges has others change what an undo is about. The answer says what it kept, and who changed it.
func TestUndoEdges(t *testing.T) {
	for name, c := range undoEdges {
		t.Run(name, func(t *testing.T) {
			jane, bob := undoTeam(t)
			got := c.does(jane, bob)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		})
	}
}

// TestUndoNeedsTheRightOfItsWrites has an admin change the activity of another user. Undone by them as a member it stays,
// but what followed from a delete of their own is undone.
func TestUndoNeedsTheRightOfItsWrites(t *testing.T) {
	jane, bob := undoTeam(t)
	role := func(to string) {
		if err := jane.store.Write(t.Context(), crm.Actor{Workspace: 1}, func(tx *store.Tx) error {
			return tx.Exec("UPDATE members SET role = $1 WHERE email = 'bob@acme.com' AND workspace_id = 1", to)
		}); err != nil {
			t.Fatal(err)
		}
	}
	co, c := jane.made("/companies", `{"name":"Acme"}`), jane.made("/contacts", `{"name":"Ann"}`)
	act := jane.made("/contacts/"+c+"/activities", `{"body":"by Jane","company_id":"`+co+`"}`)
	role(crm.RoleAdmin)
	bob.want(200, "PATCH", "/activities/"+act, `{"body":"by Bob"}`)
	role(crm.RoleMember)
	if got := bob.want(403, "POST", "/undo", `{"record":"`+act+`"}`); !strings.Contains(got, "admin_required") {
		t.Error(got)
	}
	bob.confirmedDelete("/companies/" + co)
	group := regexpChange.FindString(bob.want(409, "POST", "/undo", `{"record":"`+act+`"}`))
	back := bob.undoneGroup(group)
	if is := jane.json(200, "GET", "/activities/"+act, ""); is["company_id"] != co || is["body"] != "by Bob" {
		t.Error(is)
	}
	bob.undoneGroup(back)
	if is := jane.json(200, "GET", "/activities/"+act, ""); is["company_id"] != nil {
		t.Error(is)
	}
}

// TestUndoOfARecordThatWasMerged undoes a merge. The last change of each record came with others then, so that it is not
// undone alone, and the answer does not say that they are merged.
func TestUndoOfARecordThatWasMerged(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	w, l := r.made("/companies", `{"name":"Winner"}`), r.made("/companies", `{"name":"Loser","domain":"l.test"}`)
	c := r.made("/contacts", `{"name":"Ann","company_id":"`+l+`"}`)
	group := r.merged("/companies/"+w, l)
	if got := r.undone(`{"change":"` + group + `"}`); strings.Contains(got, "was merged into") {
		t.Error(got)
	}
	for _, record := range []string{"company/" + l, "company/" + w, "contact/" + c} {
		if got := r.want(409, "POST", "/undo", `{"record":"`+record+`"}`); !strings.Contains(got, "part_of_change") {
			t.Error(got)
		}
	}
}

// TestUndoAnswersAgain sends requests again for which something else would be undone by now: with the same Idempotency-Key,
// and with a spent token.
func TestUndoAnswersAgain(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	co, a, b := r.made("/companies", `{"name":"Acme"}`), r.made("/contacts", `{"name":"Ann"}`), r.made("/contacts", `{"name":"Bea"}`)
	r.want(200, "PATCH", "/contacts/"+a, `{"stage":"lead"}`)
	keyed := func() string {
		return r.want(200, "POST", "/undo", `{"record":"`+a+`"}`, "Idempotency-Key", "k1")
	}
	body := `{"record":"` + b + `"}`
	confirm := "/undo?confirm=" + tokenIs.FindStringSubmatch(r.want(409, "POST", "/undo", body))[1]
	first, second := keyed(), r.want(200, "POST", confirm, body)
	r.want(200, "POST", "/undo", body)
	for _, id := range []string{a, b} {
		r.want(200, "PATCH", "/contacts/"+id, `{"company_id":"`+co+`"}`)
	}
	r.confirmedDelete("/companies/" + co)
	if again := keyed(); again != first+"# replayed\n" {
		t.Errorf("%s\nnot %s", again, first)
	}
	if again := r.want(200, "POST", confirm, body); again != second+"# already done\n" {
		t.Errorf("%s\nnot %s", again, second)
	}
}

// smallSteps are limits with which most that follows from a change does so in steps.
var smallSteps = store.Options{CascadeAtOnce: 3, CascadeStep: 2}

// TestUndoOfTwoDeletes deletes two records in a run, to which the same activities belong. After the undo these
// belong to both again.
func TestUndoOfTwoDeletes(t *testing.T) {
	r := newRigWith(t, smallSteps).as("jane@acme.com")
	for _, order := range [][2]string{{"companies", "contacts"}, {"contacts", "companies"}} {
		id := map[string]string{"companies": r.made("/companies", `{"name":"Acme"}`), "contacts": r.made("/contacts", `{"name":"Ann"}`)}
		for i := range 12 {
			r.made("/contacts/"+id["contacts"]+"/activities", fmt.Sprintf(`{"body":"said %d","company_id":%q}`, i, id["companies"]))
		}
		r.header.Set("Crmkit-Run", "delete-"+order[0])
		for _, plural := range order {
			r.confirmedDelete("/" + plural + "/" + id[plural])
		}
		r.header.Del("Crmkit-Run")
		if err := r.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := r.undone(`{"run":"delete-` + order[0] + `"}`)
		if n := len(r.json(200, "GET", "/activities?contact_id="+id["contacts"]+"&company_id="+id["companies"], "")["items"].([]any)); n != 12 || strings.Contains(got, "kept,") {
			t.Errorf("%v: %d activities belong to both\n%s", order, n, got)
		}
	}
}

// TestUndoOfWhatOthersFinished has another user write to a record before a delete or merge reaches it in steps. The change
// that this makes in it is one of the delete or merge, and undone with it.
func TestUndoOfWhatOthersFinished(t *testing.T) {
	for _, write := range []string{"delete", "merge"} {
		t.Run(write, func(t *testing.T) {
			jane, bob := undoTeamWith(t, store.Options{CascadeAtOnce: 3, CascadeStep: 100})
			co, other := jane.made("/companies", `{"name":"Acme"}`), jane.made("/companies", `{"name":"Other"}`)
			var rows strings.Builder
			for i := range 400 {
				fmt.Fprintf(&rows, `{"name":"Joe %d","company_id":%q}`+"\n", i, co)
			}
			jane.want(200, "POST", "/import/contacts?dry_run=0", rows.String())
			last := jane.id("contact", 400)
			var group string
			if write == "merge" {
				group = jane.merged("/companies/"+other, co)
			} else {
				token := tokenIs.FindStringSubmatch(jane.want(409, "DELETE", "/companies/"+co, ""))[1]
				group = regexpChange.FindString(jane.want(200, "DELETE", "/companies/"+co+"?confirm="+token, ""))
			}
			bob.want(200, "PATCH", "/contacts/"+last, `{"title":"CTO"}`, "Crmkit-Run", "bob")
			if err := jane.store.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := bob.want(200, "GET", "/changes?record=contact/"+last+"&by=bob@acme.com&since="+(&undoWorld{rig: jane}).start(), ""); strings.Contains(got, "company_id") {
				t.Errorf("it is a change of the other user: %s", got)
			}
			jane.undoneGroup(group)
			if is := jane.json(200, "GET", "/contacts/"+last, ""); is["company_id"] != co || is["title"] != "CTO" {
				t.Error(is)
			}
		})
	}
}

// TestRedoOfAMerge merges companies, of whose contacts one has more activities than follow at once, and undoes that twice.
func TestRedoOfAMerge(t *testing.T) {
	r := newRigWith(t, smallSteps).as("jane@acme.com")
	w, l := r.made("/companies", `{"name":"Winner"}`), r.made("/companies", `{"name":"Loser"}`)
	c := r.made("/contacts", `{"name":"Ann","company_id":"`+l+`"}`)
	for i := range 8 {
		r.made("/contacts/"+c+"/activities", fmt.Sprintf(`{"body":"said %d"}`, i))
	}
	group := r.merged("/companies/"+w, l)
	for i, of := range []string{l, w, l, w} {
		if err := r.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		group = r.undoneGroup(group)
		if err := r.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if is := r.json(200, "GET", "/companies/"+of, ""); fmt.Sprint(is["activities"]) != fmt.Sprint(8+i%2) { // the merge adds one
			t.Errorf("undo %d: %v", i+1, is)
		}
	}
}

// TestMergeOfTies merges two companies of one campaign into a third one, of which one has more contacts than
// follow at once. One tie is left.
func TestMergeOfTies(t *testing.T) {
	for _, names := range [][]string{{"1", "2"}, {"2", "1"}, {"1", "W", "2"}, {"2", "W", "1"}} {
		r := newRigWith(t, smallSteps).as("jane@acme.com")
		camp, id := r.made("/campaigns", `{"name":"A"}`), map[string]string{"W": r.made("/companies", `{"name":"W"}`)}
		for _, name := range []string{"1", "2"} {
			id[name] = r.made("/companies", `{"name":"`+name+`"}`)
		}
		for _, name := range names {
			r.made("/campaigns/"+camp+"/members", `{"company_id":"`+id[name]+`"}`)
		}
		for i := range 10 {
			r.made("/contacts", fmt.Sprintf(`{"name":"C %d","company_id":%q}`, i, id["1"]))
		}
		for _, from := range []string{`"` + id["1"] + `","` + id["2"] + `"`, `"` + id["2"] + `","` + id["1"] + `"`} {
			group := regexpChange.FindString(r.confirmed("/companies/"+id["W"]+"/merge", `{"from":[`+from+`]}`).body)
			if err := r.store.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(r.json(200, "GET", "/campaigns/"+camp+"/members", "")["items"].([]any)); n != 1 {
				t.Errorf("%v, %s: %d ties", names, from, n)
			}
			r.undoneGroup(group)
			if n := len(r.json(200, "GET", "/campaigns/"+camp+"/members", "")["items"].([]any)); n != len(names) {
				t.Errorf("%v, %s: %d ties after the undo", names, from, n)
			}
		}
	}
}

// undoLimits are the usual limits, and some with which cascades and undos run in steps.
var undoLimits = map[string]func(t *testing.T) *rig{
	"usual": func(t *testing.T) *rig { return newRig(t) },
	"steps": func(t *testing.T) *rig { return newRigWith(t, smallSteps) },
	"steps of undos": func(t *testing.T) *rig {
		r := newRigWith(t, smallSteps)
		for _, s := range slices.Compact(r.servers) {
			s.SetUndoSteps(2, 3)
		}
		return r
	},
}

// TestUndoNamesTheGroupOfAChange sends the number of a change that is not the first one of its group.
func TestUndoNamesTheGroupOfAChange(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/batch", `[{"method":"POST","path":"/companies","body":{"name":"D"}},{"method":"POST","path":"/companies","body":{"name":"E"}}]`)
	page := r.json(200, "GET", "/changes?kind=company", "")["items"].([]any)
	group := page[1].(map[string]any)["change"].(string)
	number, fault := changelog.ParseGroupID(1, group)
	if fault != crm.IDOK {
		t.Fatal(group)
	}
	got := r.want(404, "POST", "/undo", `{"change":"`+changelog.GroupID(1, number+1)+`"}`)
	if !strings.Contains(got, `POST /undo {"change":"`+group+`"}`) {
		t.Error(got)
	}
}
