package server_test

import (
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

// callers are the users that call each route, named by their part in the workspace of its path.
// The token of the stranger acts in a workspace of his own.
var callers = []struct{ who, email string }{{"stranger", "mallory@evil.example"}, {"member", "bob@acme.com"}, {"admin", "jane@acme.com"}}

// credentials are the tokens that a caller sends. Those that are valid for nobody have the code
// and words of the hint. The last one may delete the record of the path.
var credentials = []struct{ kind, code, hint string }{
	{"none", "auth_required", "Send the header"}, {"malformed", "invalid_token", "is not a valid crmkit token"},
	{"unknown", "invalid_token", "is unknown"}, {"revoked", "invalid_token", "was revoked"}, {"expired", "token_expired", "expired"},
	{kind: "read"}, {kind: "write"}, {kind: "full"},
}

// refusals are the codes by which access is refused.
var refusals = []string{"auth_required", "invalid_token", "token_expired", "scope_required", "not_a_member", "admin_required", "not_found"}

// TestAccess calls every row of the route table with every credential of every
// caller. The calls that are let in are compared with the access column and, for review, with a
// table. A refused call must leave the workspace as it was.
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
	w.mintedTokens()
	w.unmarked()
}

// world is a workspace in a file, with records of every kind, members and an invite.
type world struct {
	*rig
	admin  person
	ids    map[string]string // of records and members of the workspace, by entity
	tokens map[string]string // like "admin full"
	fresh  int               // users created so far
	counts string            // the query for the rows of the workspace

	state string // the contents when the last path was made
}

// newWorld fills a workspace and gives every caller a token of each kind.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{tokens: map[string]string{}}
	w.rig = onFile(t)
	w.counts = w.counting()
	w.ids = fillTenant(w.as("jane@acme.com"))
	w.ids["group"] = w.json(200, "GET", "/changes?limit=1", "")["items"].([]any)[0].(map[string]any)["change"].(string)
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

// unknownToken has the shape and the checksum of a token, but was never issued.
const unknownToken = "ck_000000000000000000000000000000002wjyrI"

// signInAs returns a token by a mailed code. It acts in the workspace, or for a stranger in his own.
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

// path returns the path of a row with ids of the workspace. If the call can delete its record,
// one is created for it: a third member, an invite, or a token of the caller, for the stranger
// one of the admin.
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
	if row.Entity != nil && row.Entity.Parents.AuthorOwned { // which its author may change
		author := map[bool]string{true: "member full", false: "admin full"}[caller == callers[1].email]
		w.ids[row.Entity.Name] = w.send(w.tokens[author], "POST", "/"+row.Entity.Route(), `{"body":"mine","contact_id":"`+w.ids["contact"]+`"}`).text("id")
	}
	path := spellings(row.Path, above(w.rig, row.Path), w.ids)[0]
	if row.Path == "/changes/{id}" {
		path = "/changes/" + w.ids["group"]
	}
	if row.Path == "/schema/{topic}" {
		path = "/schema/contact"
	}
	w.state = w.contents()
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
	a := w.send(w.tokens[who+" "+kind], row.Method, path, bodyFor(row))
	want, hint := verdict(row, who, kind)
	got := a.refusal()
	if got == "not_found" && (row.Path == "/metrics" || strings.Contains(a.body, "is not in campaign/")) {
		got = "" // it is let in, and finds that metrics are off, or the member out
	}
	if got != want || !strings.Contains(a.body, hint) {
		w.t.Errorf("%s %s by a %s, token %s: refused with %q, want %q %s\n%s", row.Method, path, who, kind, got, want, hint, a.body)
	}
	if want != "" {
		w.untouched(row.Method + " " + path + " by a " + who + ", token " + kind)
	}
	return got == ""
}

// refusal returns the code with which access was refused, "" if it was not.
func (a answer) refusal() string {
	code := a.text("error")
	if _, message, found := strings.Cut(a.body, `"message":"`); found { // JSON-RPC
		code, _, _ = strings.Cut(message, ":")
	}
	if slices.Contains(refusals, code) {
		return code
	}
	return ""
}

// verdict returns the code with which a call must be refused, "" if it must be let in, and words
// of the hint. It follows from the access column and the path alone, not from the code under test.
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

// contents returns the parts of the workspace that a write could change without an entry in the log.
func (w *world) contents() string {
	w.t.Helper()
	var state []string
	for _, query := range []string{w.counts,
		"SELECT id || role || status FROM members WHERE workspace_id = $1 ORDER BY key",
		"SELECT id || scope FROM tokens WHERE workspace_id = $1 ORDER BY key",
		"SELECT name || version FROM workspaces WHERE number = $1"} {
		state = append(state, w.column(query, w.admin.Workspace)...)
	}
	return strings.Join(state, "\n")
}

// untouched fails the test if the workspace has changed since the path was made.
func (w *world) untouched(call string) {
	w.t.Helper()
	if now := w.contents(); now != w.state {
		w.t.Errorf("%s was refused, and yet the workspace changed:\n%s", call, diff(w.state, now))
	}
}

// leaves reports whether a member may call the row with his own id.
func (w *world) leaves(row server.RouteRow) bool {
	w.t.Helper()
	path := w.path(row, w.admin.Email)
	self := w.mint(fmt.Sprintf("carl%d@acme.com", w.fresh))
	return w.send(self.token, row.Method, path, "").status == 200
}

// mintedTokens checks that a token for one workspace cannot act in another, although its user is
// admin of both.
func (w *world) mintedTokens() {
	w.t.Helper()
	full := w.tokens["admin full"]
	second := w.send(full, "POST", "/workspaces", `{"name":"second"}`).text("id")
	here := w.send(full, "POST", "/workspaces/"+w.ids["workspace"]+"/tokens", "{}").text("token")
	there := w.send(full, "POST", "/workspaces/"+second+"/tokens", "{}").text("token")
	for _, row := range w.server().Rows() {
		if !strings.HasPrefix(row.Path, "/workspaces/{id}") {
			continue
		}
		path, body := w.path(row, w.admin.Email), bodyFor(row)
		if a := w.send(there, row.Method, path, body); a.text("error") != "scope_required" {
			w.t.Errorf("%s %s with a token handed on elsewhere: status %d\n%s", row.Method, path, a.status, a.body)
		}
		w.untouched(row.Method + " " + path + " with a token handed on elsewhere")
		if a := w.send(here, row.Method, path, body); a.status >= 300 && a.text("error") != "escalation_required" {
			w.t.Errorf("%s %s with a token handed on there: status %d\n%s", row.Method, path, a.status, a.body)
		}
	}
}

// unmarked checks that a row without an access column is closed to all but a full token of an admin.
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
