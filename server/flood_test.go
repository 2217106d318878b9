package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRegistrationFloodsBlockNobody floods a server with registrations from the network of a
// client, before the client registers and at each step of the sign-in.
func TestRegistrationFloodsBlockNobody(t *testing.T) {
	r := newRig(t)
	flood := func() {
		for range 120 {
			r.register("Flood", callback)
		}
	}
	flood()
	jane := r.register("Claude", callback)
	first := r.register("Flood", callback)
	jane.begin()
	flood()
	jane.post("step", "email", "email", "jane@acme.com")
	flood()
	jane.post("step", "code", "code", jane.code())
	flood()
	sent := jane.sentTo(jane.post("step", "access", "workspace", workspace.FindStringSubmatch(jane.html)[1], "scope", "read"))
	flood()
	p := jane.pair(jane.redeem(sent.Get("code")))
	flood()
	if p = jane.pair(jane.refresh(p.refresh)); jane.works(p.access) != 200 {
		t.Error("a client that a person signed in with was dropped")
	}
	if a := first.call("GET", "/authorize?"+first.asking().Encode(), ""); a.status != 400 || !strings.Contains(a.body, "add it again") {
		t.Errorf("the oldest registration of the flood: %d", a.status)
	}
}

// TestAbandonedSignInsAreReplaced begins any number of sign-ins in the network of a person who
// signs in.
func TestAbandonedSignInsAreReplaced(t *testing.T) {
	r := newRig(t)
	stranger, jane := r.register("Stranger", callback), r.register("Claude", callback)
	flood := func() {
		for range 250 {
			if a := stranger.call("GET", "/authorize?"+stranger.asking().Encode(), ""); a.status != 303 {
				t.Fatalf("GET /authorize: %d %s", a.status, a.body)
			}
		}
	}
	flood()
	jane.begin()
	jane.post("step", "email", "email", "jane@acme.com")
	flood()
	code := jane.code()
	jane.post("step", "code", "code", code)
	flood()
	jane.sentTo(jane.post("step", "access", "workspace", workspace.FindStringSubmatch(jane.html)[1], "scope", "read"))

	left := r.register("Claude", callback)
	left.begin()
	flood()
	if a := left.post("step", "email", "email", "bob@acme.com"); a.status != 400 || !strings.Contains(a.body, "This sign-in has ended") {
		t.Errorf("the oldest page without a code: %d %s", a.status, a.body)
	}
}

// TestSignUpsShareANetwork signs more new people in from a network than may have unfinished
// sign-ins there at once, then lets a stranger use up the codes of the network.
func TestSignUpsShareANetwork(t *testing.T) {
	r := newRig(t)
	for i := range 80 {
		r.signIn(fmt.Sprintf("new%d@acme.com", i))
	}
	ask := func(i int) answer {
		return r.call("POST", "/auth/request", fmt.Sprintf(`{"email":"u%d@example.com"}`, i))
	}
	i := 0
	for ; ask(i).status == 200; i++ {
	}
	a := ask(1000)
	if i != 61 || a.status != 429 || a.header.Get("Retry-After") != "10" {
		t.Errorf("after %d codes that nobody used: %d, Retry-After %s", i, a.status, a.header.Get("Retry-After"))
	}
	r.signIn("new0@acme.com")
}
