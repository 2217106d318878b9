package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
)

// holding is a credential that a member got. use reports whether it is still valid.
type holding struct {
	name string
	get  func(h *holder) (use func() bool)
}

// holder is bob, a member of ann's team, and the connector through which he signs
// in.
type holder struct {
	*connector
	ann, bob person
	team     string // path of the workspace
}

// inTeam returns a token that bob signed in for, by a code, in the team.
func (h *holder) inTeam() string {
	h.t.Helper()
	code := h.json(200, "POST", "/auth/request", `{"email":"`+h.bob.Email+`"}`)["local_code"].(string)
	return h.json(200, "POST", "/auth/verify", `{"email":"`+h.bob.Email+`","code":"`+code+`","workspace_id":"`+h.ann.WorkspaceID+`"}`)["token"].(string)
}

// toPage signs bob in on the page, as far as the choice of a workspace.
func (h *holder) toPage() {
	h.t.Helper()
	h.begin()
	h.post("step", "email", "email", h.bob.Email)
	h.post("step", "code", "code", h.code())
}

// allow sends the last form of the page for the team.
func (h *holder) allow() answer {
	return h.post("step", "access", "workspace", h.ann.WorkspaceID, "scope", "full")
}

// reaches reports whether a token acts in the team.
func (h *holder) reaches(token string) bool {
	a := h.send(token, "GET", "/whoami", "")
	return a.status == 200 && a.text("workspace_id") == h.ann.WorkspaceID
}

// holdings are the credentials that a member may have in a workspace.
var holdings = []holding{
	{"a token by a code", func(h *holder) func() bool {
		token := h.inTeam()
		return func() bool { return h.reaches(token) }
	}},
	{"a token made in the workspace", func(h *holder) func() bool {
		token := h.send(h.inTeam(), "POST", h.team+"/tokens", "{}").text("token")
		return func() bool { return h.reaches(token) }
	}},
	{"a token made from another workspace", func(h *holder) func() bool {
		token := h.send(h.bob.token, "POST", h.team+"/tokens", "{}").text("token")
		return func() bool { return h.reaches(token) }
	}},
	{"the access token of a connection", func(h *holder) func() bool {
		h.toPage()
		p := h.pair(h.redeem(h.sentTo(h.allow()).Get("code")))
		return func() bool { return h.reaches(p.access) }
	}},
	{"the refresh token of a connection", func(h *holder) func() bool {
		h.toPage()
		p := h.pair(h.redeem(h.sentTo(h.allow()).Get("code")))
		return func() bool { return h.refresh(p.refresh).status == http.StatusOK }
	}},
	{"an authorization code", func(h *holder) func() bool {
		h.toPage()
		code := h.sentTo(h.allow()).Get("code")
		return func() bool { return h.redeem(code).status == http.StatusOK }
	}},
	{"a sign-in on the page", func(h *holder) func() bool {
		h.toPage()
		page, cookie := h.page, h.cookie
		return func() bool {
			h.page, h.cookie = page, cookie
			a := h.allow()
			return a.status == http.StatusSeeOther && strings.Contains(a.header.Get("Location"), "code=")
		}
	}},
	{"the yes to a delete", func(h *holder) func() bool {
		contact := "/contacts/" + h.send(h.ann.token, "POST", "/contacts", `{"name":"x"}`).text("id")
		confirm := regexp.MustCompile(`"confirm":"(\w+)"`).FindStringSubmatch(h.send(h.inTeam(), "DELETE", contact, "").body)
		return func() bool {
			if confirm == nil {
				h.t.Fatal("no confirm token")
			}
			return h.send(h.ann.token, "GET", h.team, "").status == http.StatusOK &&
				h.send(h.inTeam(), "DELETE", contact+"?confirm="+confirm[1], "").status == http.StatusOK
		}
	}},
	{"a step-up code", func(h *holder) func() bool {
		call := teamCall{"POST", h.team + "/invites", `{"email":"eve@acme.com","role":"admin"}`}
		code := h.send(h.bob.token, call.method, call.path, call.body).text("local_code")
		return func() bool {
			return h.send(h.bob.token, call.method, call.path+"?code="+code, call.body).status == http.StatusCreated
		}
	}},
}

// endings are the ways in which a right ends, and how it is given again, if it can be.
var endings = []struct {
	name string
	only string // the one holding that it ends; empty: all
	end  func(h *holder)
}{
	{"removal", "", func(h *holder) {
		h.sure("DELETE", h.team+"/members/"+h.bob.UserID, "")
		h.bob = h.again()
	}},
	{"leaving", "", func(h *holder) {
		if a := h.send(h.bob.token, "DELETE", h.team+"/members/"+h.bob.UserID, ""); a.status != 200 {
			h.t.Fatal(a.body)
		}
		h.bob = h.again()
	}},
	{"demotion and promotion", "a step-up code", func(h *holder) {
		h.sure("POST", h.team+"/members/"+h.bob.UserID+"/role", `{"role":"member"}`)
		h.sure("POST", h.team+"/members/"+h.bob.UserID+"/role", `{"role":"admin"}`)
	}},
	{"the end of the workspace", "", func(h *holder) { h.sure("DELETE", h.team, "") }},
}

// sure sends a request of ann that needs a step-up code.
func (h *holder) sure(method, path, body string) {
	h.t.Helper()
	a := h.send(h.ann.token, method, path, body)
	if code := a.text("local_code"); code != "" {
		a = h.send(h.ann.token, method, path+"?code="+code, body)
	}
	if a.status != 200 {
		h.t.Fatalf("%s %s: %s", method, path, a.body)
	}
}

// again invites bob again, and signs him in, so that he is a member as before.
func (h *holder) again() person {
	h.t.Helper()
	h.clock.Advance(1e9)
	return h.join(h.ann, h.bob.Email, crm.RoleAdmin)
}

// TestCredentialsEndWithTheRight checks that the credentials of a member end with the membership,
// the role or the workspace, and stay invalid when the right is given again.
func TestCredentialsEndWithTheRight(t *testing.T) {
	for _, held := range holdings {
		for _, by := range endings {
			t.Run(held.name+"/"+by.name, func(t *testing.T) {
				h := newHolder(t)
				if use := held.get(h); !use() {
					t.Fatal("it opens nothing in the first place")
				}
				h = newHolder(t)
				use := held.get(h)
				by.end(h)
				if opens, stays := use(), by.only != "" && by.only != held.name; opens != stays {
					t.Errorf("it opens something: %t, want %t", opens, stays)
				}
			})
		}
	}
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	r := newRig(t)
	h := &holder{connector: r.register("Claude", callback), ann: r.mint("ann@acme.com")}
	h.team = "/workspaces/" + h.ann.WorkspaceID
	h.bob = r.join(h.ann, "bob@acme.com", crm.RoleAdmin)
	return h
}

// TestSignInPageIgnoresLaterInvites checks that a sign-in on the page is valid for the workspaces
// of the user at the time of the code, and that it can be finished for these.
func TestSignInPageIgnoresLaterInvites(t *testing.T) {
	h := newHolder(t)
	h.toPage()
	own := h.bob.WorkspaceID
	h.sure("DELETE", h.team+"/members/"+h.bob.UserID, "")
	h.seat(h.ann, h.bob.Email, crm.RoleAdmin)
	if a := h.allow(); a.status != http.StatusForbidden || !strings.Contains(a.body, "Choose another") {
		t.Errorf("a workspace that bob was removed from: %d %s", a.status, a.body)
	}
	if strings.Contains(h.want(200, "GET", "/authorize?request="+h.page, "", "Cookie", h.cookie), h.ann.WorkspaceID) {
		t.Error("the page offers it")
	}
	if got := h.sentTo(h.post("step", "access", "workspace", own, "scope", "read")); got.Get("code") == "" {
		t.Errorf("his own workspace: %v", got)
	}
	if list := h.send(h.bob.token, "GET", "/workspaces", "").body; strings.Contains(list, h.ann.WorkspaceID) {
		t.Errorf("the sign-in accepted the invite: %s", list)
	}
}
