package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"crmkit/crm"
)

// heldAnswer is a client that stops reading at the first piece of an answer until it
// is released.
type heldAnswer struct {
	header  http.Header
	reached chan struct{} // closed at the first piece
	release chan struct{}
	body    strings.Builder
	after   strings.Builder // the answer after the first piece
}

func (h *heldAnswer) Header() http.Header { return h.header }
func (h *heldAnswer) WriteHeader(int)     {}

func (h *heldAnswer) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if h.body.Len() > 0 {
		h.after.Write(p)
		return h.body.Write(p)
	}
	close(h.reached)
	<-h.release
	return h.body.Write(p)
}

// during starts a request, calls meanwhile when the first piece of its answer was sent, and
// returns the answer when it has ended. broken says that the connection was cut.
func (r *rig) during(p person, method, path string, body io.Reader, meanwhile func()) (h *heldAnswer, broken bool) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:8080"+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.RemoteAddr = "127.0.0.1:40000"
	req.Header.Set("Authorization", "Bearer "+p.token)
	h = &heldAnswer{header: http.Header{}, reached: make(chan struct{}), release: make(chan struct{})}
	ended := make(chan bool)
	go func() {
		defer func() { ended <- recover() == http.ErrAbortHandler }()
		r.handler.ServeHTTP(h, req)
	}()
	<-h.reached
	meanwhile()
	close(h.release)
	return h, <-ended
}

// taking are the ways in which a right ends. Each is called as an admin of the team;
// bob is a member of it.
var taking = map[string]func(r *rig, admin, bob person) teamCall{
	"revoked": func(_ *rig, _, bob person) teamCall { return teamCall{"DELETE", "/tokens/" + bob.TokenID, ""} },
	"removed": func(_ *rig, admin, bob person) teamCall {
		return teamCall{"DELETE", "/workspaces/" + admin.WorkspaceID + "/members/" + bob.UserID, ""}
	},
	"workspace deleted": func(_ *rig, admin, _ person) teamCall {
		return teamCall{"DELETE", "/workspaces/" + admin.WorkspaceID, ""}
	},
}

// take ends bob's right to be in the admin's workspace.
func (r *rig) take(how string, admin, bob person) {
	r.t.Helper()
	c, by := taking[how](r, admin, bob), admin
	if how == "revoked" {
		by = bob
	}
	a := r.send(by.token, c.method, c.path, c.body)
	if code := a.text("local_code"); code != "" {
		a = r.send(by.token, c.method, c.path+"?code="+code, c.body)
	}
	if a.status != 200 {
		r.t.Fatalf("%s: %s", how, a.body)
	}
}

// teamOfTwo returns an admin and a member whose token acts in the admin's workspace.
func (r *rig) teamOfTwo() (admin, bob person) {
	r.t.Helper()
	admin = r.mint("ann@acme.com")
	bob = r.join(admin, "bob@acme.com", crm.RoleMember)
	minted := r.send(bob.token, "POST", "/workspaces/"+admin.WorkspaceID+"/tokens", "{}")
	bob.token, bob.TokenID = minted.text("token"), minted.text("id")
	if bob.token == "" {
		r.t.Fatal(minted.body)
	}
	if bob.TokenID == "" {
		_, rest, _ := strings.Cut(r.want(200, "GET", "/whoami", "", "Authorization", "Bearer "+bob.token), "token_id=")
		bob.TokenID, _, _ = strings.Cut(rest, " ")
	}
	return admin, bob
}

// TestStreamsEndWithTheRight ends a right while an export runs: nothing that would be read
// afterwards is sent, and the answer ends like a broken one.
func TestStreamsEndWithTheRight(t *testing.T) {
	for how := range taking {
		for path, want := range map[string]string{
			"/export/companies":               "# error: ",
			"/export/companies?format=ndjson": `{"error":"`,
			"/export/companies?format=csv":    "",
			"/export":                         `{"error":"`,
		} {
			t.Run(how+" "+path, func(t *testing.T) {
				r := newRig(t)
				admin, bob := r.teamOfTwo()
				for i := range 40 { // more than one piece
					r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"x%d","notes":%q}`, i, strings.Repeat("y", 4000)), "Authorization", "Bearer "+admin.token)
				}
				h, broken := r.during(bob, "GET", path, nil, func() { r.take(how, admin, bob) })
				if !broken || !strings.HasPrefix(h.after.String(), want) || strings.Contains(h.after.String(), "yyy") || (want == "") != (h.after.Len() == 0) {
					t.Errorf("broken %v, and behind the first piece: %.300q", broken, h.after.String())
				}
			})
		}
	}
}

// TestExportsEndWithTheWorkspace deletes a workspace after the first page of an export was sent:
// the next page is empty, which must not be taken for the end.
func TestExportsEndWithTheWorkspace(t *testing.T) {
	r := newRig(t)
	admin, bob := r.teamOfTwo()
	for i := range 201 { // a page and one
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"x%d","notes":%q}`, i, strings.Repeat("y", 200)), "Authorization", "Bearer "+admin.token)
	}
	h, broken := r.during(bob, "GET", "/export/companies?format=csv", nil, func() { r.take("workspace deleted", admin, bob) })
	if !broken || h.after.Len() > 0 {
		t.Errorf("broken %v, and behind the first piece: %.300q", broken, h.after.String())
	}
}

// interrupted is a body that calls a function once, when a part of it was read.
type interrupted struct {
	io.Reader
	left int
	call func()
}

func (b *interrupted) Read(p []byte) (int, error) {
	if b.left <= 0 && b.call != nil {
		b.call()
		b.call = nil
	}
	n, err := b.Reader.Read(p[:min(len(p), 16<<10)])
	b.left -= n
	return n, err
}

// TestImportsEndWithTheRight ends a right while an import reads its second batch, which is not
// saved. The answer says why it ends.
func TestImportsEndWithTheRight(t *testing.T) {
	for how := range taking {
		t.Run(how, func(t *testing.T) {
			r := newRig(t)
			admin, bob := r.teamOfTwo()
			var rows strings.Builder
			for i := range 400 {
				fmt.Fprintf(&rows, `{"name":"c%d","notes":%q}`+"\n", i, strings.Repeat("y", 1000))
			}
			body := &interrupted{strings.NewReader(rows.String()), 300_000, func() { r.take(how, admin, bob) }}
			h, _ := r.during(bob, "POST", "/import/companies", body, func() {})
			answer := h.body.String()
			if !strings.Contains(answer, "invalid_token") || strings.Contains(answer, "row 201 ") || strings.Contains(answer, "# imported") {
				t.Errorf("the answer ends %q", answer[max(0, len(answer)-300):])
			}
			list := r.send(admin.token, "GET", "/companies?name=c200", "")
			if how != "workspace deleted" && !strings.Contains(list.body, `"items":[],`) {
				t.Errorf("a row behind the first batch was saved: %s", list.body)
			}
		})
	}
}
