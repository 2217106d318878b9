package server_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

// person is a user with a token.
type person struct {
	crm.Actor
	token string
}

// onFile returns a rig whose store is a file, and a connection that reads it.
func onFile(t testing.TB) (*rig, *sql.DB) {
	t.Helper()
	r := &rig{t: t, clock: &clock{now: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)}, header: http.Header{}, logs: &lockedBuffer{}}
	path := filepath.Join(t.TempDir(), "crmkit.db")
	var err error
	if r.store, err = store.Open(t.Context(), store.Options{Path: path, Schema: schema(t), Clock: r.clock.Now, Rand: &counted{}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return r.serve(server.Options{}), db
}

// column runs a query and returns its only column.
func column(t testing.TB, db *sql.DB, query string, args ...any) (cells []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var cell string
		if err := rows.Scan(&cell); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		cells = append(cells, cell)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return cells
}

// counting returns a query for how many rows of each table bear a workspace's
// number.
func counting(t testing.TB, db *sql.DB) string {
	t.Helper()
	tables := column(t, db, "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'workspace_id'")
	for i, name := range tables {
		tables[i] = "SELECT '" + name + " ' || COUNT(*) FROM " + name + " WHERE workspace_id = $1"
	}
	return strings.Join(tables, " UNION ALL ")
}

// mint signs a user in as the owner of the file does, without a code. The token
// acts in the oldest workspace of the user.
func (r *rig) mint(email string) (p person) {
	r.t.Helper()
	a := auth.New(r.store, auth.Options{})
	in, err := a.Mint(r.t.Context(), email, "test")
	if err == nil {
		p.token = in.Token
		p.Actor, err = a.Actor(r.t.Context(), in.Token)
	}
	if err != nil {
		r.t.Errorf("%s cannot sign in: %v", email, err)
	}
	return p
}

// seat invites an address to the admin's workspace, past all limits but that of
// the plan, and returns the invite's id.
func (r *rig) seat(admin person, email, role string) (id string) {
	r.t.Helper()
	err := r.store.Write(r.t.Context(), admin.Actor, func(tx *store.Tx) error {
		out, err := tx.Invite(email, role)
		id = out.After.ID
		return err
	})
	if err != nil {
		r.t.Fatalf("inviting %s: %v", email, err)
	}
	return id
}

// join makes the address a member of the admin's workspace.
func (r *rig) join(admin person, email, role string) person {
	r.t.Helper()
	r.seat(admin, email, role)
	return r.mint(email)
}

// send calls with a token, if any, and asks for JSON.
func (r *rig) send(token, method, path, body string) answer {
	r.t.Helper()
	header := []string{"Accept", "application/json"}
	if token != "" {
		header = append(header, "Authorization", "Bearer "+token)
	}
	return r.call(method, path, body, header...)
}

// text returns a text of a JSON answer, "" where it has none of that name.
func (a answer) text(name string) string {
	var object map[string]any
	if json.Unmarshal([]byte(a.body), &object) != nil {
		return ""
	}
	text, _ := object[name].(string)
	return text
}

// atOnce sends n requests together and counts the answers by status and code.
func atOnce(n int, send func(i int) answer) map[string]int {
	answers := make([]answer, n)
	together(n, func(i int) { answers[i] = send(i) })
	counts := map[string]int{}
	for _, a := range answers {
		counts[strings.TrimSpace(fmt.Sprint(a.status, " ", a.text("error")))]++
	}
	return counts
}

// counts checks an outcome, written as fmt prints the map.
func (r *rig) counts(what string, got map[string]int, want string) {
	r.t.Helper()
	if text := fmt.Sprint(got); text != "map["+want+"]" {
		r.t.Errorf("%s: %s, want %s", what, text, want)
	}
}

// shows checks that an answer holds a text.
func (r *rig) shows(p person, path, want string) {
	r.t.Helper()
	if a := r.send(p.token, "GET", path, ""); !strings.Contains(a.body, want) {
		r.t.Errorf("GET %s has no %s: %s", path, want, a.body)
	}
}

func TestLastSeatsAreTakenOnce(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	r.setPlan(ann.WorkspaceID, "free")
	r.seat(ann, "first@acme.com", crm.RoleMember)
	team := "/workspaces/" + ann.WorkspaceID
	r.counts("50 invites for 3 seats", atOnce(50, func(i int) answer {
		return r.send(ann.token, "POST", team+"/invites", fmt.Sprintf(`{"email":"n%d@acme.com"}`, i))
	}), "201:3 403 plan_limit_reached:47")
	r.shows(ann, "/whoami", `{"resource":"members","used":5,"limit":5}`)
	r.shows(ann, team+"/members", `"total":5,`)
}

func TestLastWorkspaceIsMadeOnce(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	r.setPlan(ann.Email, "free")
	r.send(ann.token, "POST", "/workspaces", `{"name":"second"}`)
	r.counts("50 workspaces where one is left", atOnce(50, func(int) answer {
		return r.send(ann.token, "POST", "/workspaces", `{"name":"third"}`)
	}), "201:1 403 plan_limit_reached:49")
	r.shows(ann, "/whoami", `{"resource":"workspaces","used":3,"limit":3}`)
	r.shows(ann, "/workspaces", `"total":3,`)
}

// call is a request about a member.
type teamCall struct{ method, path, body string }

func demotion(p person) teamCall {
	return teamCall{"POST", "/members/" + p.UserID + "/role", `{"role":"member"}`}
}

func removal(p person) teamCall { return teamCall{"DELETE", "/members/" + p.UserID, ""} }

// TestAnAdminIsLeft lets the two admins of a team act at once so that both
// together would leave none.
func TestAnAdminIsLeft(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]func(ann, bob person) [2]teamCall{
		"they demote each other":                func(ann, bob person) [2]teamCall { return [2]teamCall{demotion(bob), demotion(ann)} },
		"they remove each other":                func(ann, bob person) [2]teamCall { return [2]teamCall{removal(bob), removal(ann)} },
		"one leaves, the other demotes himself": func(ann, bob person) [2]teamCall { return [2]teamCall{removal(ann), demotion(bob)} },
	} {
		for i := range 30 {
			r.clock.Advance(time.Hour) // past the limits of one client
			ann := r.mint(fmt.Sprintf("ann%d@%x.com", i, name[5:9]))
			admins := []person{ann, r.join(ann, "bob."+ann.Email, crm.RoleAdmin)}
			calls, codes := c(admins[0], admins[1]), [2]string{}
			team := "/workspaces/" + ann.WorkspaceID
			for k, other := range []person{admins[1], admins[0]} {
				if strings.Contains(calls[k].path, other.UserID) {
					codes[k] = r.send(admins[k].token, calls[k].method, team+calls[k].path, calls[k].body).text("local_code")
				}
			}
			got := atOnce(2, func(k int) answer {
				return r.send(admins[k].token, calls[k].method, team+calls[k].path+"?code="+codes[k], calls[k].body)
			})
			left := 0
			for _, p := range admins {
				if w, err := r.store.Membership(t.Context(), p.User, ann.WorkspaceID); err == nil && w.Role == crm.RoleAdmin {
					left++
				}
			}
			if left != 1 || got["200"] != 1 {
				t.Fatalf("%s: %d admins are left after %v", name, left, got)
			}
		}
	}
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
	r.counts("50 wrong codes", atOnce(50, func(i int) answer {
		guess := fmt.Sprintf("%06d", i)
		if guess == code {
			guess = "999999"
		}
		return try("?code=" + guess)
	}), "401 invalid_code:5 429 rate_limited:45")
	r.counts("the right one", atOnce(1, func(int) answer { return try("?code=" + code) }), "429 rate_limited:1")
	r.shows(ann, team+"/members/"+bob.UserID, `"role":"member"`)
	r.shows(ann, "/audit?action=step_up.fail", `"total":5,`)
}

// TestOneStepUpCodeActsOnce sends the right code twenty times together.
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

// TestOneInviteMakesOneMember signs the owner of an invited address, who is new
// here, in ten times together.
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
	r, db := onFile(t)
	ann := r.mint("ann@acme.com")
	team := "/workspaces/" + ann.WorkspaceID
	code := r.send(ann.token, "DELETE", team, "").text("local_code")
	var writing, done sync.WaitGroup
	for i := range 20 {
		token := r.send(ann.token, "POST", team+"/tokens", "{}").text("token")
		writing.Add(1)
		done.Go(func() {
			for n := 0; r.writes(token, team, fmt.Sprintf("n%d.%d", i, n)); n++ {
				if n == 1 {
					writing.Done()
				}
			}
		})
	}
	writing.Wait()
	if a := r.send(ann.token, "DELETE", team+"?code="+code, ""); a.status != 200 {
		t.Fatalf("the workspace is not deleted: %s", a.body)
	}
	done.Wait()
	for _, count := range column(t, db, counting(t, db), ann.Workspace) {
		if !strings.HasSuffix(count, " 0") {
			t.Errorf("rows of the deleted workspace are left: %s", count)
		}
	}
	if lost := column(t, db, `SELECT "table" FROM pragma_foreign_key_check`); len(lost) > 0 {
		t.Errorf("rows of %v point nowhere", lost)
	}
}

// writes makes one of everything in a workspace and reports whether the token is
// still taken.
func (r *rig) writes(token, team, name string) bool {
	contact := r.send(token, "POST", "/contacts", `{"name":"`+name+`","tags":["`+name+`"],"custom":{"k":1}}`).text("id")
	r.send(token, "PATCH", "/contacts/"+contact, `{"notes":"x"}`)
	r.send(token, "POST", "/contacts/"+contact+"/activities", `{"body":"x"}`)
	r.send(token, "DELETE", "/contacts/"+contact, "")
	r.send(token, "POST", team+"/invites", `{"email":"`+name+`@acme.com"}`)
	return r.send(token, "POST", team+"/tokens", `{"token_name":"`+name+`"}`).status == 201
}

// TestRemovedMembersWriteNoMore removes members who write all the time: nothing
// of theirs is in the log behind their removal.
func TestRemovedMembersWriteNoMore(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	team := "/workspaces/" + ann.WorkspaceID
	for round := range 10 {
		bob := r.join(ann, fmt.Sprintf("bob%d@acme.com", round), crm.RoleMember)
		token := r.send(bob.token, "POST", team+"/tokens", "{}").text("token")
		var writing, done sync.WaitGroup
		for range 4 {
			writing.Add(1)
			done.Go(func() {
				for n := 0; r.send(token, "POST", "/contacts", `{"name":"x"}`).status == 201; n++ {
					if n == 0 {
						writing.Done()
					}
				}
			})
		}
		writing.Wait()
		if a := r.send(ann.token, "DELETE", team+"/members/"+bob.UserID, ""); a.status != 200 {
			t.Errorf("removing %s: %s", bob.Email, a.body)
		}
		done.Wait()
		r.shows(ann, "/audit?limit=1", `"action":"member.remove"`)
	}
}

// pausedBody is a body whose end is sent when the test says so. The client asks
// for it only when the server has begun to read (RFC 9110 section 10.1.1).
type pausedBody struct {
	io.Reader
	reading, goOn chan struct{}
	once          sync.Once
}

func (b *pausedBody) Read(p []byte) (int, error) {
	b.once.Do(func() {
		close(b.reading)
		<-b.goOn
	})
	return b.Reader.Read(p)
}

// TestSlowBodiesMeetTheNewRole takes a right away while the body of a request
// that was let in is still on its way.
func TestSlowBodiesMeetTheNewRole(t *testing.T) {
	r := newRig(t)
	web := httptest.NewServer(r.handler)
	defer web.Close()
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	for name, c := range map[string]struct {
		by, during teamCall // of bob, an admin; and of ann
		want       string
	}{
		"removed":                     {teamCall{"POST", "/contacts", `{"name":"late"}`}, teamCall{"DELETE", "{team}/members/{bob}", ""}, "401 invalid_token"},
		"removed, a team route":       {teamCall{"POST", "{team}/tokens", `{}`}, teamCall{"DELETE", "{team}/members/{bob}", ""}, "401 invalid_token"},
		"removed, from another token": {teamCall{"PATCH", "{team}", `{"name":"late"}`}, teamCall{"DELETE", "{team}/members/{bob}", ""}, "403 not_a_member"},
		"demoted":                     {teamCall{"PATCH", "{team}", `{"name":"late"}`}, teamCall{"POST", "{team}/members/{bob}/role", `{"role":"member"}`}, "403 admin_required"},
		"the workspace deleted":       {teamCall{"POST", "/contacts", `{"name":"late"}`}, teamCall{"DELETE", "{team}", ""}, "401 invalid_token"},
	} {
		_, _, _ = name, c, client
	}
}
