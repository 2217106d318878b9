package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// TestPlanLimitHoldsUnderConcurrency uses the rest of a plan fifty times at once.
func TestPlanLimitHoldsUnderConcurrency(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	team := "/workspaces/" + ann.WorkspaceID
	r.seat(ann, "first@acme.com", crm.RoleMember)
	r.send(ann.token, "POST", "/workspaces", `{"name":"second"}`)
	r.setPlan(ann.WorkspaceID, "free")
	r.setPlan(ann.Email, "free")
	for _, c := range []struct{ path, body, want, used, total string }{
		{team + "/invites", `{"email":"n%d@acme.com"}`, "201:3 403 plan_limit_reached:47", `{"resource":"members","used":5,"limit":5}`, `"total":4,`},
		{"/workspaces", `{"name":"n%d"}`, "201:1 403 plan_limit_reached:49", `{"resource":"workspaces","used":3,"limit":3}`, `"total":3,`},
	} {
		r.wantCounts("50 times POST "+c.path, atOnce(50, func(i int) answer {
			return r.send(ann.token, "POST", c.path, fmt.Sprintf(c.body, i))
		}), c.want)
		r.shows(ann, "/whoami", c.used)
		r.shows(ann, c.path, c.total)
	}
}

// teamCall is a request in which words in braces stand for ids and paths.
type teamCall struct{ method, path, body string }

// TestParallelDemotionsLeaveAnAdmin lets the two admins of a team leave, or demote each other, at
// the same time: one of them stays.
func TestParallelDemotionsLeaveAnAdmin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	demote := `{"role":"member"}`
	for k, calls := range [][2]teamCall{
		{{"POST", "/members/{bob}/role", demote}, {"POST", "/members/{ann}/role", demote}},
		{{"DELETE", "/members/{bob}", ""}, {"DELETE", "/members/{ann}", ""}},
		{{"DELETE", "/members/{ann}", ""}, {"POST", "/members/{bob}/role", demote}},
	} {
		ann, bob := r.mint(fmt.Sprintf("ann%d@acme.com", k)), r.mint(fmt.Sprintf("bob%d@acme.com", k))
		r.setPlan(ann.Email, "unlimited")
		for range 30 {
			team := r.sharedTeam(ann, bob)
			ids, now := strings.NewReplacer("{ann}", ann.UserID, "{bob}", bob.UserID), calls
			for i := range now {
				now[i].path = "/workspaces/" + team + ids.Replace(now[i].path)
			}
			got := r.collide([2]person{ann, bob}, now)
			left := 0
			for _, p := range []person{ann, bob} {
				if w, err := account.FindWorkspace(t.Context(), r.store, p.User, team); err == nil && w.Role == crm.RoleAdmin {
					left++
				}
			}
			if left != 1 || got["200"] != 1 {
				t.Fatalf("%v: %d admins are left after %v", calls, left, got)
			}
		}
	}
}

// collide sends a call of each of two admins at once. Step-up codes are requested before.
func (r *rig) collide(admins [2]person, calls [2]teamCall) map[string]int {
	r.t.Helper()
	r.clock.Advance(3 * time.Hour) // keeps within ten codes a day
	for i, p := range admins {
		if strings.Contains(calls[i].path, admins[1-i].UserID) {
			calls[i].path += "?code=" + r.send(p.token, calls[i].method, calls[i].path, calls[i].body).text("local_code")
		}
	}
	return atOnce(len(calls), func(i int) answer {
		return r.send(admins[i].token, calls[i].method, calls[i].path, calls[i].body)
	})
}

// sharedTeam makes a workspace of which both are admins.
func (r *rig) sharedTeam(ann, bob person) (id string) {
	r.t.Helper()
	e := r.store.Schema.ByName("workspace")
	err := r.store.Write(r.t.Context(), ann.Actor, func(tx *store.Tx) error {
		out, err := account.CreateWorkspace(tx, store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field("name"), Value: crm.Str("shared")}}})
		if err != nil {
			return err
		}
		id = out.After.ID
		_, err = account.Invite(tx, bob.Email, crm.RoleAdmin)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.mint(bob.Email) // accepts the invite
	return id
}

func TestParallelStepUpCodesShareFiveTries(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	bob := r.join(ann, "bob@acme.com", crm.RoleMember)
	team := "/workspaces/" + ann.WorkspaceID
	try := func(query string) answer {
		return r.send(ann.token, "POST", team+"/members/"+bob.UserID+"/role"+query, `{"role":"admin"}`)
	}
	code := try("").text("local_code")
	r.wantCounts("50 wrong codes", atOnce(50, func(i int) answer {
		guess := fmt.Sprintf("%06d", i)
		if guess == code {
			guess = "999999"
		}
		return try("?code=" + guess)
	}), "403 invalid_code:5 429 rate_limited:45")
	r.wantCounts("the right one", atOnce(1, func(int) answer { return try("?code=" + code) }), "429 rate_limited:1")
	r.shows(ann, team+"/members/"+bob.UserID, `"role":"member"`)
	r.shows(ann, "/audit?action=step_up.fail", `"total":5,`)
}

// TestOneStepUpCodeActsOnce sends the right code twenty times at once.
func TestOneStepUpCodeActsOnce(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]teamCall{
		"remove an admin":      {"DELETE", "/members/{bob}", ""},
		"demote an admin":      {"POST", "/members/{bob}/role", `{"role":"member"}`},
		"promote a member":     {"POST", "/members/{carl}/role", `{"role":"admin"}`},
		"invite an admin":      {"POST", "/invites", `{"email":"dora@acme.com","role":"admin"}`},
		"delete the workspace": {"DELETE", "", ""},
	} {
		at := "@" + strings.ReplaceAll(name, " ", "") + ".com"
		ann := r.mint("ann" + at)
		bob, carl := r.join(ann, "bob"+at, crm.RoleAdmin), r.join(ann, "carl"+at, crm.RoleMember)
		path := "/workspaces/" + ann.WorkspaceID + strings.NewReplacer("{bob}", bob.UserID, "{carl}", carl.UserID).Replace(c.path)
		code := r.send(ann.token, c.method, path, c.body).text("local_code")
		done := make([]bool, 20)
		got := atOnce(len(done), func(i int) answer {
			a := r.send(ann.token, c.method, path+"?code="+code, c.body)
			done[i] = a.status < 300 && a.text("result") != store.Unchanged
			return a
		})
		if n := strings.Count(fmt.Sprint(done), "true"); n != 1 {
			t.Errorf("%s: done %d times: %v", name, n, got)
		}
		r.clock.Advance(time.Hour)
	}
}

// TestOneInviteMakesOneMember signs a new user with an invited address in ten times at once.
func TestOneInviteMakesOneMember(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	r.seat(ann, "bob@acme.com", crm.RoleMember)
	users := make([]person, 10)
	together(len(users), func(i int) { users[i] = r.mint("bob@acme.com") })
	for _, bob := range users {
		if bob.UserID != users[0].UserID || bob.WorkspaceID != users[0].WorkspaceID {
			t.Errorf("one address is two users: %+v and %+v", bob.Actor, users[0].Actor)
		}
		r.shows(bob, "/workspaces", `"total":2,`)
	}
	r.shows(ann, "/workspaces/"+ann.WorkspaceID+"/members", `"total":2,`)
	r.shows(ann, "/whoami", `{"resource":"members","used":2,`)
	r.shows(ann, "/audit?action=member.join", `"total":1,`)
}

// TestDeletedWorkspaceLeavesNothing deletes a workspace while twenty clients
// write into it.
func TestDeletedWorkspaceLeavesNothing(t *testing.T) {
	t.Parallel()
	r := onFile(t)
	ann := r.mint("ann@acme.com")
	team := "/workspaces/" + ann.WorkspaceID
	contact := "/contacts/" + r.send(ann.token, "POST", "/contacts", `{"name":"x"}`).text("id")
	writes := []teamCall{
		{"POST", "/contacts", `{"name":"{n}","tags":["{n}"],"custom":{"k":1}}`}, {"PATCH", contact, `{"notes":"{n}"}`}, {"DELETE", contact, ""},
		{"POST", contact + "/activities", `{"body":"{n}"}`}, {"POST", team + "/invites", `{"email":"{n}@acme.com"}`}, {"POST", team + "/tokens", `{"token_name":"{n}"}`},
	}
	code := r.send(ann.token, "DELETE", team, "").text("local_code")
	var begun, ended sync.WaitGroup
	for i := range 20 {
		token := r.send(ann.token, "POST", team+"/tokens", "{}").text("token")
		begun.Add(1)
		ended.Go(func() {
			for n := range 1000 {
				c := writes[(i+n)%len(writes)]
				if a := r.send(token, c.method, c.path, strings.ReplaceAll(c.body, "{n}", fmt.Sprintf("n%d.%d", i, n))); a.status == 401 {
					return
				}
				if n == 1 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	if a := r.send(ann.token, "DELETE", team+"?code="+code, ""); a.status != 200 {
		t.Errorf("the workspace is not deleted: %s", a.body)
	}
	ended.Wait()
	if err := r.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, count := range r.column(r.counting(), ann.Workspace) {
		if !strings.HasSuffix(count, " 0") {
			t.Errorf("rows of the deleted workspace are left: %s", count)
		}
	}
	if r.store.Shared() {
		return // PostgreSQL has checked every reference
	}
	if lost := r.column(`SELECT "table" FROM pragma_foreign_key_check`); len(lost) > 0 {
		t.Errorf("rows of %v point nowhere", lost)
	}
}

// TestRevokedTokensWriteNothing revokes tokens with which four clients write all the time: the log
// has no write of theirs after the entry of the revocation.
func TestRevokedTokensWriteNothing(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	team := "/workspaces/" + ann.WorkspaceID
	for round := range 10 {
		bob := r.join(ann, fmt.Sprintf("bob%d@acme.com", round), crm.RoleMember)
		in := r.send(bob.token, "POST", team+"/tokens", "{}")
		token, by, path, action := in.text("token"), ann, team+"/members/"+bob.UserID, "member.remove"
		if round%2 == 1 {
			by, path, action = bob, "/tokens/"+in.text("token_id"), "token.revoke"
		}
		var begun, ended sync.WaitGroup
		for range 4 {
			begun.Add(1)
			ended.Go(func() {
				r.send(token, "POST", "/contacts", `{"name":"x"}`)
				begun.Done()
				for n := 0; n < 1000 && r.send(token, "POST", "/contacts", `{"name":"x"}`).status == 201; n++ {
				}
			})
		}
		begun.Wait()
		if a := r.send(by.token, "DELETE", path, ""); a.status != 200 {
			t.Errorf("DELETE %s: %s", path, a.body)
		}
		ended.Wait()
		r.shows(ann, "/audit?limit=1", `"action":"`+action+`"`)
	}
}

// pausedBody is a body that calls a function before it is read. The client reads it when the
// server asks for it (RFC 9110 section 10.1.1), which ours does after it has checked the token.
type pausedBody struct {
	io.Reader
	before func()
	once   sync.Once
}

func (b *pausedBody) Read(p []byte) (int, error) {
	b.once.Do(b.before)
	return b.Reader.Read(p)
}

// TestSlowBodiesAreCheckedAgain ends a right after the token of a request was checked and before
// its body has arrived.
func TestSlowBodiesAreCheckedAgain(t *testing.T) {
	r := newRig(t)
	web := httptest.NewServer(r.handler)
	defer web.Close()
	contact, rename, mint := teamCall{"POST", "/contacts", `{"name":"late"}`}, teamCall{"PATCH", "{team}", `{"name":"late"}`}, teamCall{"POST", "{team}/tokens", `{}`}
	remove, drop, demote := teamCall{"DELETE", "{team}/members/{bob}", ""}, teamCall{"DELETE", "{team}", ""}, teamCall{"POST", "{team}/members/{bob}/role", `{"role":"member"}`}
	for i, c := range []struct {
		token        string // of bob: one that acts in the team, or one of his own workspace
		late, during teamCall
		want         string
	}{
		{"team", contact, remove, "401 invalid_token"},
		{"team", contact, drop, "401 invalid_token"},
		{"team", mint, remove, "401 invalid_token"},
		{"own", mint, remove, "403 not_a_member"},
		{"own", rename, remove, "403 not_a_member"},
		{"own", rename, drop, "403 not_a_member"},
		{"own", rename, demote, "403 admin_required"},
	} {
		ann := r.mint(fmt.Sprintf("ann%d@acme.com", i))
		bob := r.join(ann, fmt.Sprintf("bob%d@acme.com", i), crm.RoleAdmin)
		paths := strings.NewReplacer("{team}", "/workspaces/"+ann.WorkspaceID, "{bob}", bob.UserID)
		if c.token == "team" {
			bob.token = r.send(bob.token, "POST", paths.Replace("{team}/tokens"), "{}").text("token")
		}
		c.during.path = paths.Replace(c.during.path)
		code := r.send(ann.token, c.during.method, c.during.path, c.during.body).text("local_code")
		c.late.path = web.URL + paths.Replace(c.late.path)
		a := sendLate(t, bob, c.late, func() {
			if a := r.send(ann.token, c.during.method, c.during.path+"?code="+code, c.during.body); a.status != 200 {
				t.Errorf("%v: %s", c.during, a.body)
			}
		})
		if got := fmt.Sprint(a.status, " ", a.text("error")); got != c.want {
			t.Errorf("%v, and meanwhile %v: %s, want %s", c.late, c.during, got, c.want)
		}
	}
}

// sendLate sends a request, and calls before between the header and the body.
func sendLate(t *testing.T, p person, c teamCall, before func()) answer {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), c.method, c.path, &pausedBody{Reader: strings.NewReader(c.body), before: before})
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Expect": {"100-continue"}, "Accept": {"application/json"}, "Authorization": {"Bearer " + p.token}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(data), resp.Header}
}
