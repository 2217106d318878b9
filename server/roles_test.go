package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
)

// roleStories are about a team in which ann is admin and bob a member. A line has a user, a
// request, and texts of the answer. "ann!" sends a step-up code, "ann-team" a token that acts in
// the team. A user who signs in gets a new token and the workspace in which it acts.
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
		carl signs in -> Workspace of ann@ admin
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
		CARL signs in -> Workspace of ann@ member
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
		carl signs in -> Workspace of ann@ member
		bob DELETE {team}/members/{carl} -> 403 "admin_required"
		bob DELETE {team}/members/{ann} -> 403 "admin_required"
		bob POST {team}/members/{bob}/role {"role":"admin"} -> 403 "admin_required"
		bob POST {team}/tokens {"scope":"write"} -> 201
		bob-team DELETE {team}/members/{bob} -> 403 "scope_required"
		bob DELETE {team}/members/{bob} -> 200 "deleted"
		bob GET {team} -> 403 "not_a_member"`},
	{"a step-up code works once, for one thing", `
		ann POST {team}/members/{bob}/role {"role":"admin"} -> 403 "escalation_required"
		ann DELETE {team}?code={code} -> 403 "invalid_code"
		ann POST {team}/members/{bob}/role?code={code} {"role":"admin"} -> 200 "updated"
		bob POST {team}/members/{bob}/role {"role":"member"} -> 200 "updated"
		ann POST {team}/members/{bob}/role?code={code} {"role":"admin"} -> 403 "invalid_code"
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

// story is the state of a team in the middle of a test.
type story struct {
	*rig
	name, domain string
	people       map[string]person
	words        map[string]string // the ids for words of a line
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

// expand replaces the words of a line with ids and addresses.
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
