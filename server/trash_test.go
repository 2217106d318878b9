package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm/catalog"
	"crmkit/server"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// contains fails the test unless the text has all parts.
func contains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

// trashWorld is a company with a contact, activities, a task, a deal and a campaign.
func trashWorld(r *rig) {
	r.want(201, "POST", "/companies", `{"name":"Acme","domain":"acme.test"}`)
	co := r.id("company", 1)
	r.want(201, "POST", "/contacts", `{"name":"Jane Doe","email":"jane@acme.test","phone":"+49 30 1234","company_id":"`+co+`","stage":"lead","tags":["vip"],"custom":{"a":"x"},"notes":"likes tea"}`)
	c := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+c+"/activities", `{"body":"called","kind":"call"}`)
	r.want(201, "POST", "/contacts/"+c+"/tasks", `{"title":"call back"}`)
	r.want(201, "POST", "/deals", `{"title":"Seats","contact_id":"`+c+`","company_id":"`+co+`"}`)
	r.want(201, "POST", "/campaigns", `{"name":"Wave"}`)
	r.want(201, "POST", "/campaigns/"+r.id("campaign", 1)+"/members", `{"contact_id":"`+c+`"}`)
}

// TestRestore deletes a contact and brings it back with all that hung on it.
func TestRestore(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	trashWorld(r)
	c := r.id("contact", 1)
	state := func() string {
		return stamps.ReplaceAllString(strings.Join([]string{
			r.want(200, "GET", "/contacts/"+c+"?format=json", ""), r.want(200, "GET", "/contacts/"+c+"/activities?format=json", ""),
			r.want(200, "GET", "/tasks?format=json", ""), r.want(200, "GET", "/deals?format=json", ""), r.want(200, "GET", "/companies?format=json", ""),
			r.want(200, "GET", "/campaigns/"+r.id("campaign", 1)+"/members?format=json", ""), r.want(200, "GET", "/search?q=jane&format=json", ""),
		}, "\n"), "")
	}
	before := state()
	r.confirmedDelete("/contacts/" + c)
	if body := r.want(404, "GET", "/contacts/"+c, ""); !strings.Contains(body, "jane@acme.com deleted it on 2026-") || !strings.Contains(body, "POST /contacts/"+c+"/restore brings it back") || !strings.Contains(body, "/contacts/"+c+"?deleted=only") {
		t.Error(body)
	}
	contains(t, r.want(404, "PATCH", "/contacts/"+c, `{"name":"J"}`), "/contacts/"+c+"/restore")
	list := r.want(200, "GET", "/contacts?deleted=only", "")
	contains(t, list, "contact/"+c+" ", `name="Jane Doe"`, "email=jane@acme.test", "deleted_at=2026-", "deleted_by=jane@acme.com", "change=chg_")
	contains(t, r.want(200, "GET", "/activities?deleted=only", ""), "deleted_with=contact/"+c)
	contains(t, r.want(200, "GET", "/contacts/"+c+"?deleted=only", ""), `notes="likes tea"`, "deleted_at=", "brings it back")
	act := r.id("activity", 1)
	contains(t, r.want(409, "POST", "/activities/"+act+"/restore", ""), "part_of_change", "was deleted with contact/"+c, "POST /contacts/"+c+"/restore")
	contains(t, r.want(404, "GET", "/activities/"+act, ""), "with contact/"+c, "POST /contacts/"+c+"/restore")
	dry := r.want(200, "POST", "/contacts/"+c+"/restore?dry_run=1", "")
	contains(t, dry, "# nothing was saved", "confirm=")
	r.want(404, "GET", "/contacts/"+c, "")
	got := r.want(200, "POST", "/contacts/"+c+"/restore", "", "Idempotency-Key", "k1")
	contains(t, got, "contact/"+c+" ", "# restored", "# back with it: 1 deal_contact, 1 task, 1 campaign_member, 1 activity; referring to it again: 1 deal", "# change chg_")
	if after := state(); after != before {
		t.Error(diff(before, after))
	}
	if again := r.want(200, "POST", "/contacts/"+c+"/restore", "", "Idempotency-Key", "k1"); again != got+"# replayed\n" {
		t.Error(again)
	}
	contains(t, r.want(200, "POST", "/contacts/"+c+"/restore", ""), "# unchanged", "is not deleted")
	contains(t, r.want(200, "GET", "/contacts?deleted=only", ""), "# no contacts were deleted")
	contains(t, r.want(404, "GET", "/contacts/"+c+"?deleted=only", ""), "contact/"+c+" is not deleted: GET /contacts/"+c)
	contains(t, r.want(200, "GET", "/changes?summary=1", ""), "restore=")
	w := newUndoWorld(r, 1)
	group := regexpChange.FindString(got)
	back := w.undo(group)
	r.want(404, "GET", "/contacts/"+c, "")
	r.want(200, "POST", "/contacts/"+c+"/restore", "")
	if after := state(); after != before {
		t.Errorf("after %s and a restore: %s", back, diff(before, after))
	}
}

// TestTrashLists reads lists of deleted records with filters and in pages.
func TestTrashLists(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	co := r.id("company", 1)
	for i := range 7 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Änn %d","email":"ann%d@acme.test","phone":"+49 30 55%d","company_id":%q}`, i, i, i, co))
	}
	r.want(201, "POST", "/contacts", `{"name":"There"}`)
	for i := range 7 {
		r.clock.Advance(24 * time.Hour)
		r.confirmedDelete("/contacts/" + r.id("contact", int64(i+1)))
	}
	names := func(query string) string {
		var list []string
		for _, item := range r.json(200, "GET", "/contacts?deleted=only&"+query, "")["items"].([]any) {
			list = append(list, strings.TrimPrefix(item.(map[string]any)["name"].(string), "Änn "))
		}
		return strings.Join(list, "")
	}
	for query, want := range map[string]string{
		"": "6543210", "sort=deleted_at": "0123456", "limit=2": "65", "search=ann": "6543210", "search=ann3@": "3", "search=30553": "3", "search=acme.test+nn4@": "4",
		"name=%C3%84nn+3": "3", "name=like:nn": "6543210", "email=ann2@acme.test": "2", "email=in:ann2@acme.test,ann4@acme.test": "42", "name=ne:ann+1": "6543210", "name=ne:Änn+1": "654320",
		"company=" + co: "6543210", "company_id=is:null": "", "deleted_by=me": "6543210", "deleted_by=bob@acme.com": "", "deleted_with=is:null": "6543210",
		"deleted_at=gte:-2d": "654", "deleted_at=lt:-2d": "3210", "deleted_at=gte:-4d&deleted_at=lt:-2d": "32",
	} {
		if got := names(query); got != want {
			t.Errorf("%s: %s, not %s", query, got, want)
		}
	}
	checkTrashPages(r)
	checkTrashRefusals(t, r)
	contains(t, r.want(200, "GET", "/contacts?deleted=only&name=x", ""), "# no deleted contacts match; GET /contacts?deleted=only lists all")
	contains(t, r.want(200, "GET", "/contacts?deleted=only&fields=email&limit=1", ""), "email=ann6@acme.test deleted_at=")
	r.want(201, "POST", "/companies/"+co+"/activities", `{"body":"one"}`)
	r.want(201, "POST", "/contacts/"+r.id("contact", 8)+"/activities", `{"body":"two"}`)
	r.confirmedDelete("/activities/" + r.id("activity", 1))
	r.confirmedDelete("/activities/" + r.id("activity", 2))
	if list := r.want(200, "GET", "/companies/"+co+"/activities?deleted=only", ""); !strings.Contains(list, "body=one") || strings.Contains(list, "body=two") {
		t.Error(list)
	}
}

// checkTrashPages reads the trash of TestTrashLists in pages.
func checkTrashPages(r *rig) {
	r.t.Helper()
	var all []string
	for cursor := ""; ; {
		page := r.json(200, "GET", "/contacts?deleted=only&limit=3"+cursor, "")
		for _, item := range page["items"].([]any) {
			all = append(all, item.(map[string]any)["name"].(string)[len("Änn "):])
		}
		next, more := page["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if strings.Join(all, "") != "6543210" {
		r.t.Error(all)
	}
}

// checkTrashRefusals sends questions that the trash refuses.
func checkTrashRefusals(t *testing.T, r *rig) {
	t.Helper()
	for query, want := range map[string]string{
		"stage=lead": "invalid_filter", "sort=name": "invalid_sort", "cursor=x": "invalid_cursor", "total=exact": "invalid_filter", "deleted_at=like:x": "invalid_value", "deleted_at=in:2026-01-01": "invalid_op",
		"name=gt:a": "invalid_op", "fields=nix": "unknown_field", "limit=0": "invalid_value", "deleted_by=x": "invalid_value", "company=co_zzz": "invalid_value", "sort=deleted_at&sort=deleted_at": "invalid_filter",
	} {
		contains(t, r.want(400, "GET", "/contacts?deleted=only&"+query, ""), want)
	}
	contains(t, r.want(400, "GET", "/contacts?deleted=1", ""), "deleted=only")
	contains(t, r.want(400, "GET", "/audit?deleted=only", ""), "deleted")
}

// TestTrashEnds restores at the end of --trash-days, and after it.
func TestTrashEnds(t *testing.T) {
	r := newRigWith(t, store.Options{TrashDays: 30}).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"A"}`)
	r.want(201, "POST", "/contacts", `{"name":"B"}`)
	r.confirmedDelete("/contacts/" + r.id("contact", 1))
	r.clock.Advance(time.Hour)
	r.confirmedDelete("/contacts/" + r.id("contact", 2))
	r.clock.Advance(30*24*time.Hour - 30*time.Minute)
	r.as("jane@acme.com")
	list := r.want(200, "GET", "/contacts?deleted=only", "")
	if strings.Contains(list, "name=A") || !strings.Contains(list, "name=B") {
		t.Error(list)
	}
	contains(t, r.want(404, "POST", "/contacts/"+r.id("contact", 1)+"/restore", ""), "restored for 30 days only")
	contains(t, r.want(404, "GET", "/contacts/"+r.id("contact", 1)+"?deleted=only", ""), "restored for 30 days only")
	if body := r.want(404, "GET", "/contacts/"+r.id("contact", 1), ""); strings.Contains(body, "restore") {
		t.Error(body)
	}
	r.want(200, "POST", "/contacts/"+r.id("contact", 2)+"/restore", "")
	contains(t, r.want(200, "GET", "/contacts?deleted=only", ""), "# no contacts were deleted in the last 30 days")
	contains(t, r.want(404, "POST", "/contacts/"+r.id("contact", 99)+"/restore", ""), "there never was")
	r.clock.Advance(time.Hour) // a restore that began in the last moment has had its time
	r.as("jane@acme.com")
	r.store.Purge(t.Context())
	contains(t, r.want(410, "POST", "/contacts/"+r.id("contact", 1)+"/restore", ""), "purged", "erased for good")
	contains(t, r.want(410, "GET", "/contacts/"+r.id("contact", 1)+"?deleted=only", ""), "purged")
	r.want(200, "GET", "/contacts/"+r.id("contact", 2), "")
}

// TestRestoreRefused restores records whose place is taken, that were merged, or whose parent is not there.
func TestRestoreRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann","email":"ann@acme.test","other_emails":["ann@home.test"]}`)
	a := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+a+"/activities", `{"body":"first"}`)
	r.confirmedDelete("/activities/" + r.id("activity", 1))
	r.confirmedDelete("/contacts/" + a)
	contains(t, r.want(409, "POST", "/activities/"+r.id("activity", 1)+"/restore", ""), "part_of_change", "cannot come back", "contact/"+a+" is in the trash: POST /contacts/"+a+"/restore first")
	r.want(201, "POST", "/contacts", `{"name":"Ann 2","email":"ann@acme.test"}`)
	b := r.id("contact", 2)
	body := r.want(409, "POST", "/contacts/"+a+"/restore", "")
	contains(t, body, "already_exists", "email of contact/"+a+" is taken: it belongs to contact/"+b, "POST /contacts/"+a+"/restore?without=email", `POST /contacts/`+b+`/merge {"from":["`+a+`"]}`)
	contains(t, r.want(400, "POST", "/contacts/"+a+"/restore?without=name", ""), "invalid_value", "email")
	contains(t, r.want(200, "POST", "/contacts/"+a+"/restore?without=email", ""), "# restored", "# email stays unset: it belongs to contact/"+b, "ann@home.test")
	r.want(200, "POST", "/activities/"+r.id("activity", 1)+"/restore", "")
	asked := r.json(409, "POST", "/contacts/"+b+"/merge", `{"from":["`+a+`"]}`)
	r.want(200, "POST", "/contacts/"+b+"/merge?confirm="+asked["confirm"].(string), `{"from":["`+a+`"]}`)
	contains(t, r.want(409, "POST", "/contacts/"+a+"/restore", ""), "part_of_change", "was merged into contact/"+b, `POST /undo {"change":"chg_`)
	contains(t, r.want(409, "GET", "/contacts/"+a+"?deleted=only", ""), "merged")
}

// TestRestoreWithoutParent restores a deal whose company is deleted too: it comes back without it, and says how to keep it.
func TestRestoreWithoutParent(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	co, d := r.id("company", 1), r.id("deal", 1)
	r.want(201, "POST", "/deals", `{"title":"Seats","company_id":"`+co+`"}`)
	r.confirmedDelete("/deals/" + d)
	r.confirmedDelete("/companies/" + co)
	contains(t, r.want(200, "POST", "/deals/"+d+"/restore?dry_run=1", ""), "# company_id stays unset: company/"+co+" is not there", "POST /companies/"+co+"/restore first keeps the reference")
	r.want(200, "POST", "/companies/"+co+"/restore", "")
	contains(t, r.want(200, "POST", "/deals/"+d+"/restore", ""), "company_id="+co)
}

// TestRestoreRights checks who may restore.
func TestRestoreRights(t *testing.T) {
	jane, bob := undoTeam(t)
	jane.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	c := jane.id("contact", 1)
	jane.want(201, "POST", "/contacts/"+c+"/activities", `{"body":"mine"}`)
	jane.confirmedDelete("/activities/" + jane.id("activity", 1))
	contains(t, bob.want(403, "POST", "/activities/"+jane.id("activity", 1)+"/restore", ""), "admin_required")
	jane.want(200, "POST", "/activities/"+jane.id("activity", 1)+"/restore", "")
	jane.confirmedDelete("/contacts/" + c)
	contains(t, jane.withScope("read").want(403, "POST", "/contacts/"+c+"/restore", ""), "scope_required")
	jane.withScope("read").want(200, "GET", "/contacts?deleted=only", "")
	bob.withScope("write").want(200, "POST", "/contacts/"+c+"/restore", "")
	bob.want(200, "GET", "/activities/"+jane.id("activity", 1), "")
}

// TestRestoreAboveCap restores above a cap of the plan, which frees a deleted record's place at once.
func TestRestoreAboveCap(t *testing.T) {
	r := newRigWith(t, store.Options{Plans: catalog.Plans{{Name: "small", Caps: []catalog.Cap{{Resource: "deals", Max: 3}}}}, Plan: "small"}).as("jane@acme.com")
	for range 3 {
		r.want(201, "POST", "/deals", `{"title":"D"}`)
	}
	contains(t, r.want(403, "POST", "/deals", `{"title":"D"}`), "plan_limit_reached")
	r.confirmedDelete("/deals/" + r.id("deal", 1))
	r.want(201, "POST", "/deals", `{"title":"E"}`)
	contains(t, r.want(403, "POST", "/deals/"+r.id("deal", 1)+"/restore", ""), "plan_limit_reached")
	r.want(404, "GET", "/deals/"+r.id("deal", 1), "")
	r.confirmedDelete("/deals/" + r.id("deal", 2))
	r.want(200, "POST", "/deals/"+r.id("deal", 1)+"/restore", "")
}

// TestRestoreInBatch restores in a batch, after a delete of the same batch too.
func TestRestoreInBatch(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	c := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+c+"/activities", `{"body":"said"}`)
	body := `[{"method":"DELETE","path":"/contacts/` + c + `"},{"method":"POST","path":"/contacts/` + c + `/restore"}]`
	token := tokenIs.FindStringSubmatch(r.want(409, "POST", "/batch", body))[1]
	contains(t, r.want(200, "POST", "/batch?confirm="+token, body), "2 restored contact/"+c)
	contains(t, r.want(200, "GET", "/contacts/"+c+"/activities", ""), "said")
}

// TestRestoresOfMany restores records with more dependents than one transaction may change.
func TestRestoresOfMany(t *testing.T) {
	seed := kit.Seed(t)
	r := newRig(t).as("jane@acme.com")
	w := newUndoWorld(r, seed)
	r.tune(func(s *server.Server) { s.SetRestoreSteps(20, 5) })
	r.want(201, "POST", "/companies", `{"name":"Zeta","domain":"zeta.test"}`)
	co := r.id("company", 1)
	var rows strings.Builder
	rows.WriteString("name,email,company\n")
	for i := range 700 {
		fmt.Fprintf(&rows, "Zoe %d,zoe%d@zeta.test,Zeta\n", i, i)
	}
	r.want(200, "POST", "/import/contacts?dry_run=0", rows.String(), "Content-Type", "text/csv")
	for range 12 {
		w.create()
	}
	before := w.state()
	r.confirmedDelete("/companies/" + co)
	got := r.want(200, "POST", "/companies/"+co+"/restore", "")
	contains(t, got, "# restored", "# 5 of 70", " records are back; the others follow within seconds")
	w.wantState("restored", before)
	group := regexpChange.FindString(got)
	back := w.undo(group)
	r.want(404, "GET", "/companies/"+co, "")
	r.want(200, "POST", "/companies/"+co+"/restore", "")
	w.wantState("restored after "+back, before)
}

// TestRestoreGivesBackTheState deletes records at random, and restores them in the reverse order: after each, all is as
// it was before the delete.
func TestRestoreGivesBackTheState(t *testing.T) {
	seed := kit.Seed(t)
	w := newUndoWorld(newRig(t).as("jane@acme.com"), seed)
	w.tune(func(s *server.Server) { s.SetRestoreSteps(6, 2) })
	for range 50 {
		w.create()
	}
	restored := 0
	for range 12 {
		for range 3 {
			w.write()
		}
		var states, paths []string
		for range 1 + w.random.IntN(4) {
			path := w.path(w.word(undoKinds...))
			state := w.state()
			if w.do("DELETE", path, "") == "" {
				continue
			}
			states, paths = append(states, state), append(paths, path)
		}
		for i, path := range slices.Backward(paths) {
			if w.do("POST", path+"/restore", "") == "" {
				t.Fatal(w.last)
			}
			w.wantState("restored", states[i])
			restored++
			if w.random.IntN(3) == 0 && i > 0 { // delete it by an undo of the restore, and restore that
				group := w.do("DELETE", path, "")
				w.undo(w.undo(group))
				w.do("POST", path+"/restore", "")
				w.wantState("restored after undos", states[i])
			}
		}
	}
	if restored < 5 {
		t.Errorf("only %d were restored", restored)
	}
}
