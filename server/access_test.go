package server_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

// callers are who tries each route, seen from the workspace in its path. The
// stranger's token acts in a workspace of his own.
var callers = []struct{ who, email string }{{"stranger", "mallory@evil.example"}, {"member", "bob@acme.com"}, {"admin", "jane@acme.com"}}

// credentials are what a caller sends, with the code, and words of the hint, for
// those that serve nobody. The last may use up what the path names.
var credentials = []struct{ kind, code, hint string }{
	{"none", "auth_required", "send the header"}, {"malformed", "invalid_token", "is no crmkit token"},
	{"unknown", "invalid_token", "is unknown"}, {"revoked", "invalid_token", "was revoked"}, {"expired", "token_expired", "expired"},
	{kind: "read"}, {kind: "write"}, {kind: "full"},
}

// refusals are the codes by which access is refused.
var refusals = []string{"auth_required", "invalid_token", "token_expired", "scope_required", "not_a_member", "admin_required", "not_found"}

// TestAccess calls every row of the route table with every credential of every
// caller. Who gets in is compared with the words of the access column and, for
// review, with a table; who is refused must leave the workspace as it was.
func TestAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := "# Who gets in, by the scope of the token; own: only to the stranger's own workspace; self: only with his own id.\n"
	for _, row := range w.server().Rows() {
		table += w.row(row)
	}
	const file = "testdata/access.txt"
	if *update {
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != table {
		t.Errorf("who gets in differs from %s (see go test -update): %v\n%s", file, err, diff(string(data), table))
	}
	w.handedOn()
	w.unmarked()
}

// world is a workspace in a file, with all it may hold.
type world struct {
	*rig
	db     *sql.DB // reads the file beside the server
	admin  person
	ids    map[string]string // of what the workspace holds, by entity
	tokens map[string]string // like "admin full"
	fresh  int               // people made on the way
	counts string            // the query for the rows of the workspace

	seen, state string // version and look when the last path was made
}

// newWorld fills a workspace and gives every caller a token of each kind.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{tokens: map[string]string{}}
	w.rig, w.db = onFile(t)
	w.counts = counting(t, w.db)
	w.ids = fillTenant(w.as("jane@acme.com"))
	w.header = http.Header{}
	w.admin = w.mint("jane@acme.com")
	w.join(w.admin, "bob@acme.com", crm.RoleMember)
	for _, c := range callers {
		w.tokens[c.who+" malformed"], w.tokens[c.who+" unknown"] = "ck_short", unknownToken
		w.tokens[c.who+" expired"] = w.signInAs(c.email, crm.ScopeFull).Token
	}
	w.clock.Advance(store.IdleLimit + time.Minute)
	for _, c := range callers {
		for _, scope := range crm.Scopes() {
			w.tokens[c.who+" "+scope] = w.signInAs(c.email, scope).Token
		}
		revoked := w.signInAs(c.email, crm.ScopeFull)
		w.tokens[c.who+" revoked"] = revoked.Token
		if a := w.send(revoked.Token, "DELETE", "/tokens/"+revoked.TokenID, ""); a.status != 200 {
			t.Fatalf("a token cannot revoke itself: %s", a.body)
		}
	}
	return w
}

// unknownToken has the shape and the checksum of a token, and is none.
const unknownToken = "ck_000000000000000000000000000000002wjyrI"

// signInAs gives a token that came by a code; it acts in the workspace, but a
// stranger's in his own.
func (w *world) signInAs(email, scope string) auth.SignedIn {
	w.t.Helper()
	a, c := auth.New(w.store, auth.Options{}), auth.Credentials{Email: email, Scope: scope, WorkspaceID: w.ids["workspace"]}
	if email == callers[0].email {
		c.WorkspaceID = ""
	}
	_, code, err := a.Request(w.t.Context(), "127.0.0.1", email)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Code = code
	in, err := a.Verify(w.t.Context(), "127.0.0.1", c)
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// path returns the path of a row with ids of the workspace. What a call can use
// up is made for it: a third member, an invite, a token of the caller or, for
// the stranger, of the admin.
func (w *world) path(row server.RouteRow, caller string) string {
	w.t.Helper()
	w.fresh++
	email := fmt.Sprintf("carl%d@acme.com", w.fresh)
	if strings.Contains(row.Path, "{userId}") {
		w.ids["member"] = w.join(w.admin, email, crm.RoleMember).UserID
	}
	if strings.Contains(row.Path, "{inviteId}") {
		w.ids["invite"] = w.seat(w.admin, email, crm.RoleMember)
	}
	if row.Entity != nil && row.Entity.Name == "token" {
		if caller == callers[0].email {
			caller = w.admin.Email
		}
		w.ids["token"] = w.mint(caller).TokenID
	}
	path := spellings(row.Path, above(w.rig, row.Path), w.ids)[0]
	if now := w.version(); now != w.seen {
		w.seen, w.state = now, w.look()
	}
	return path
}

// row tries a row with every credential of every caller and returns its line.
func (w *world) row(row server.RouteRow) string {
	w.t.Helper()
	in := map[string]string{}
	for _, c := range callers {
		path := w.path(row, c.email)
		for _, credential := range credentials {
			mark := "-"
			if w.try(row, path, c.who, credential.kind) {
				mark = map[string]string{"stranger": "own", "member": "yes", "admin": "yes"}[c.who]
			}
			in[credential.kind] += " " + c.who + " " + mark
		}
	}
	if row.Access == "leave" && w.leaves(row) {
		in["full"] = strings.Replace(in["full"], "member -", "member self", 1)
	}
	line := "anybody"
	if row.Access != "public" {
		line = fmt.Sprintf("read:%s | write:%s | full:%s", in["read"], in["write"], in["full"])
	}
	return fmt.Sprintf("%-6s %-40s %-6s %s\n", row.Method, row.Path, row.Access, line)
}

// try makes one call, checks how it ends and reports whether it was let in.
func (w *world) try(row server.RouteRow, path, who, kind string) bool {
	w.t.Helper()
	a := w.send(w.tokens[who+" "+kind], row.Method, path, bodyFor(row.Method+" "+row.Path))
	want, hint := verdict(row, who, kind)
	got := a.refusal()
	if row.Path == "/metrics" && got == "not_found" {
		got = "" // it is let in, and finds that metrics are off
	}
	if got != want || !strings.Contains(a.body, hint) {
		w.t.Errorf("%s %s by a %s, token %s: refused with %q, want %q %s\n%s", row.Method, path, who, kind, got, want, hint, a.body)
	}
	if want != "" {
		w.untouched(row.Method + " " + path + " by a " + who + ", token " + kind)
	}
	return got == ""
}

// refusal returns the code by which access was refused, "" when it was not.
func (a answer) refusal() string {
	if code := a.text("error"); slices.Contains(refusals, code) {
		return code
	}
	return ""
}

// verdict says by which code a call is refused, "" for none, and with what hint.
// It goes by the word of the access column and the path, not by what keeps them.
func verdict(row server.RouteRow, who, kind string) (code, hint string) {
	enough := map[string]string{"read": "read write full", "write": "write full", "full": "full", "leave": "full", "manage": "full"}
	if row.Access == "public" {
		return "", ""
	}
	for _, c := range credentials {
		if c.kind == kind && c.code != "" {
			return c.code, c.hint
		}
	}
	switch {
	case !strings.Contains(enough[row.Access], kind):
		return "scope_required", "needs a token of scope"
	case who == "stranger" && strings.HasPrefix(row.Path, "/workspaces/{id}"):
		return "not_a_member", "you do not belong"
	case who == "stranger" && strings.Contains(row.Path, "{id}"):
		return "not_found", ""
	case who == "member" && (row.Access == "manage" || row.Access == "leave"):
		return "admin_required", "only an admin"
	}
	return "", ""
}

// version tells writes apart: it differs after each, by whomever.
func (w *world) version() string {
	w.t.Helper()
	return column(w.t, w.db, "PRAGMA data_version")[0]
}

// look returns what the workspace holds, as far as a write could change it
// without a trace in the log.
func (w *world) look() string {
	w.t.Helper()
	var state []string
	for _, query := range []string{w.counts,
		"SELECT id || role || status FROM members WHERE workspace_id = $1 ORDER BY key",
		"SELECT id || scope FROM tokens WHERE workspace_id = $1 ORDER BY key",
		"SELECT name || version FROM workspaces WHERE number = $1"} {
		state = append(state, column(w.t, w.db, query, w.admin.Workspace)...)
	}
	return strings.Join(state, "\n")
}

// untouched fails the test when the workspace differs from when the path was
// made. While nobody wrote to the file, nothing needs counting.
func (w *world) untouched(call string) {
	w.t.Helper()
	if w.version() != w.seen && w.look() != w.state {
		w.t.Errorf("%s was refused, and yet the workspace changed:\n%s", call, diff(w.state, w.look()))
	}
}

// leaves reports whether a member may call the row with his own id.
func (w *world) leaves(row server.RouteRow) bool {
	w.t.Helper()
	path := w.path(row, w.admin.Email)
	self := w.mint(fmt.Sprintf("carl%d@acme.com", w.fresh))
	return w.send(self.token, row.Method, path, "").status == 200
}

// handedOn checks that a minted token stays in its workspace, although its user
// is admin of both.
func (w *world) handedOn() {
	w.t.Helper()
	full := w.tokens["admin full"]
	second := w.send(full, "POST", "/workspaces", `{"name":"second"}`).text("id")
	here := w.send(full, "POST", "/workspaces/"+w.ids["workspace"]+"/tokens", "{}").text("token")
	there := w.send(full, "POST", "/workspaces/"+second+"/tokens", "{}").text("token")
	for _, row := range w.server().Rows() {
		if !strings.HasPrefix(row.Path, "/workspaces/{id}") {
			continue
		}
		path, body := w.path(row, w.admin.Email), bodyFor(row.Method+" "+row.Path)
		if a := w.send(there, row.Method, path, body); a.text("error") != "scope_required" {
			w.t.Errorf("%s %s with a token handed on elsewhere: status %d\n%s", row.Method, path, a.status, a.body)
		}
		w.untouched(row.Method + " " + path + " with a token handed on elsewhere")
		if a := w.send(here, row.Method, path, body); a.status >= 300 && a.text("error") != "escalation_required" {
			w.t.Errorf("%s %s with a token handed on there: status %d\n%s", row.Method, path, a.status, a.body)
		}
	}
}

// unmarked checks that a row whose access was forgotten is closed to all but a
// full token of an admin.
func (w *world) unmarked() {
	w.t.Helper()
	w.server().AddUnmarked()
	found := 0
	for _, row := range w.server().Rows() {
		if !strings.HasSuffix(row.Path, "/unmarked") {
			continue
		}
		found++
		line := w.row(row)
		if !strings.Contains(line, "manage read: stranger - member - admin - | write: stranger - member - admin - | full: stranger") || !strings.HasSuffix(line, " member - admin yes\n") {
			w.t.Errorf("a row without Access lets in more than an admin:\n%s", line)
		}
	}
	if found != 2 {
		w.t.Errorf("%d rows without Access were tried", found)
	}
}

// roleStories are about a team in which ann is admin and bob a member. A line is
// who calls what, and what the answer holds. who! does it with a step-up code,
// who-team with a token that acts in the team. Who signs in gets a new token, and
// the workspace in which that acts.
var roleStories = []struct{ name, lines string }{
	{"the last admin can neither step down nor leave", `
		ann POST {team}/members/{ann}/role {"role":"member"} -> 409 "last_admin"
		ann DELETE {team}/members/{ann} -> 409 "last_admin"
		ann! POST {team}/members/{bob}/role {"role":"admin"} -> 200 "updated"
		ann POST {team}/members/{ann}/role {"role":"member"} -> 200 "updated"
		bob DELETE {team}/members/{bob} -> 409 "last_admin"
		ann DELETE {team}/members/{ann} -> 200 "deleted"`},
	{"an admin who is only invited is none yet", `
		ann! POST {team}/invites {"email":"carl@","role":"admin"} -> 201 "admin"
		ann DELETE {team}/members/{ann} -> 409 "last_admin"
		ann POST {team}/members/{ann}/role {"role":"member"} -> 409 "last_admin"
		carl signs in -> Workspace of carl@ admin
		carl PATCH {team} {"name":"Carl's"} -> 200 "updated"
		ann DELETE {team}/members/{ann} -> 200 "deleted"`},
	{"who is invited again needs a new token", `
		bob POST {team}/tokens {} -> 201
		bob-team POST /contacts {"name":"x"} -> 201
		ann DELETE {team}/members/{bob} -> 200
		bob-team GET /contacts -> 401 "invalid_token"
		bob GET {team} -> 403 "not_a_member"
		ann POST {team}/invites {"email":"bob@"} -> 201
		bob GET {team} -> 403 "not_a_member"
		bob signs in -> Workspace of bob@ admin
		bob GET {team} -> 200 "member"
		bob-team GET /contacts -> 401 "invalid_token"
		bob POST {team}/tokens {} -> 201
		bob-team GET /contacts -> 200`},
	{"who is removed from the default workspace gets the next oldest", `
		ann POST /workspaces {"name":"second"} -> 201
		ann POST /workspaces {"name":"third"} -> 201
		ann! POST {team}/members/{bob}/role {"role":"admin"} -> 200
		bob! DELETE {team}/members/{ann} -> 200
		ann GET /whoami -> 401 "invalid_token"
		ann signs in -> second admin`},
	{"who is removed from the only workspace gets a new one", `
		ann! POST {team}/members/{bob}/role {"role":"admin"} -> 200
		bob! DELETE {team}/members/{ann} -> 200
		ann signs in -> Workspace of ann@ admin
		ann GET /workspaces -> 200 "total":1,
		ann GET {team} -> 403 "not_a_member"`},
	{"a member of another workspace is invited like anybody", `
		carl signs in -> Workspace of carl@ admin
		ann POST {team}/invites {"email":"carl@"} -> 201
		carl GET {team} -> 403 "not_a_member"
		carl signs in -> Workspace of carl@ admin
		carl GET {team} -> 200 "member"
		ann POST {team}/invites {"email":"carl@"} -> 409 "already_exists"`},
	{"an address is the same in any case", `
		ann POST {team}/invites {"email":"BOB@"} -> 409 "already_exists"
		ann POST {team}/invites {"email":"Carl@"} -> 201 "carl@
		ann POST {team}/invites {"email":"cARL@"} -> 200 "unchanged"
		CARL signs in -> Workspace of carl@ admin
		CARL GET {team}/members -> 200 "total":3,`},
	{"a token dies with the workspace it acts in", `
		bob POST {team}/tokens {} -> 201
		ann! DELETE {team} -> 200 "deleted"
		ann GET /whoami -> 401 "invalid_token"
		bob-team GET /whoami -> 401 "invalid_token"
		bob GET {team} -> 403 "not_a_member"
		bob GET /whoami -> 200
		ann signs in -> Workspace of ann@ admin
		ann GET {team} -> 403 "not_a_member"`},
	{"a member may leave, and remove nobody else", `
		ann POST {team}/invites {"email":"carl@"} -> 201
		carl signs in -> Workspace of carl@ admin
		bob DELETE {team}/members/{carl} -> 403 "admin_required"
		bob DELETE {team}/members/{ann} -> 403 "admin_required"
		bob POST {team}/members/{bob}/role {"role":"admin"} -> 403 "admin_required"
		bob POST {team}/tokens {"scope":"write"} -> 201
		bob-team DELETE {team}/members/{bob} -> 403 "scope_required"
		bob DELETE {team}/members/{bob} -> 200 "deleted"
		bob GET {team} -> 403 "not_a_member"`},
	{"a step-up code works once, for one thing", `
		ann POST {team}/members/{bob}/role {"role":"admin"} -> 403 "escalation_required"
		ann DELETE {team}?code={code} -> 401 "invalid_code"
		ann POST {team}/members/{bob}/role?code={code} {"role":"admin"} -> 200 "updated"
		bob POST {team}/members/{bob}/role {"role":"member"} -> 200 "updated"
		ann POST {team}/members/{bob}/role?code={code} {"role":"admin"} -> 401 "invalid_code"
		bob GET {team} -> 200 "member"`},
	{"a handle is taken wherever an id is", `
		bob GET /workspace/{ws} -> 200
		bob GET /workspaces/workspace/{ws}/members/member/{ann} -> 200
		bob DELETE /workspaces/workspace/{ws}/members/member/{ann} -> 403 "admin_required"
		bob POST /workspace/{ws}/members/member/{bob}/role {"role":"admin"} -> 403 "admin_required"
		ann! POST /workspaces/workspace/{ws}/members/member/{bob}/role {"role":"admin"} -> 200 "updated"
		bob DELETE /workspace/{ws}/members/member/{bob} -> 200 "deleted"
		bob GET /workspaces/workspace/{ws} -> 403 "not_a_member"
		ann POST /workspace/{ws}/invites {"email":"carl@"} -> 201
		ann DELETE /workspaces/workspace/{ws}/members/invite/{id} -> 404 "not_found"
		ann DELETE /workspaces/workspace/{ws}/invites/member/{ann} -> 404 "not_found"
		ann DELETE /workspaces/workspace/{ws}/invites/invite/{id} -> 200 "deleted"`},
}

func TestRoles(t *testing.T) {
	r := newRig(t)
	for i, c := range roleStories {
		s := &story{rig: r, name: c.name, domain: fmt.Sprintf("@s%d.com", i), people: map[string]person{}, words: map[string]string{}}
		s.people["ann"] = r.mint("ann" + s.domain)
		s.people["bob"] = r.join(s.people["ann"], "bob"+s.domain, crm.RoleMember)
		s.words["{ws}"] = s.people["ann"].WorkspaceID
		for line := range strings.Lines(strings.TrimSpace(c.lines)) {
			call, want, _ := strings.Cut(strings.TrimSpace(line), " -> ")
			s.tell(call, want)
		}
	}
}

// story is a team as it stands in the middle of a test.
type story struct {
	*rig
	name, domain string
	people       map[string]person
	words        map[string]string // what stands for an id in a line
}

// tell runs one line.
func (s *story) tell(call, want string) {
	s.t.Helper()
	who, rest, _ := strings.Cut(s.expand(call), " ")
	who, stepUp := strings.CutSuffix(who, "!")
	method, rest, _ := strings.Cut(rest, " ")
	if method == "signs" {
		p := s.mint(who + s.domain)
		s.people[who] = p
		if got := p.WorkspaceName + " " + p.Role; got != s.expand(want) {
			s.t.Errorf("%s: %s gets %s, want %s", s.name, call, got, want)
		}
		return
	}
	path, body, _ := strings.Cut(rest, " ")
	if stepUp {
		path += "?code=" + s.send(s.people[who].token, method, path, body).text("local_code")
	}
	a := s.send(s.people[who].token, method, path, body)
	status, text, _ := strings.Cut(s.expand(want), " ")
	if fmt.Sprint(a.status) != status || !strings.Contains(a.body, text) {
		s.t.Errorf("%s: %s: status %d, want %s\n%s", s.name, call, a.status, want, a.body)
	}
	if token := a.text("token"); token != "" {
		s.people[who+"-team"] = person{token: token}
	}
	for word, name := range map[string]string{"{id}": "id", "{code}": "local_code"} {
		if text := a.text(name); text != "" {
			s.words[word] = text
		}
	}
}

// expand puts ids and addresses in the place of the words of a line.
func (s *story) expand(line string) string {
	line = strings.ReplaceAll(strings.ReplaceAll(line, "@", s.domain), "{team}", "/workspaces/{ws}")
	for word, id := range s.words {
		line = strings.ReplaceAll(line, word, id)
	}
	for who, p := range s.people {
		line = strings.ReplaceAll(line, "{"+who+"}", p.UserID)
	}
	return line
}
