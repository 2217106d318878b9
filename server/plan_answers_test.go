package server_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDoneAlreadyUnderAnotherKey asks for the answer of a confirmation with another Idempotency-Key, first
// as text and then as JSON. Each answer has the format that is asked for.
func TestDoneAlreadyUnderAnotherKey(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const body = `{"name":"Joe"}`
	path := "/contacts?confirm=" + r.planned("POST", "/contacts?dry_run=1", body)
	r.call("POST", path, body)
	for range 2 {
		if a := r.call("POST", path, body, "Idempotency-Key", "other"); a.status != 201 || !strings.HasPrefix(a.body, "contact/") || !strings.HasSuffix(a.body, "# already done\n") {
			t.Errorf("%d %s", a.status, a.body)
		}
		a := r.call("POST", path, body, "Idempotency-Key", "other", "Accept", "application/json")
		if !json.Valid([]byte(a.body)) || !strings.HasSuffix(a.body, `,"already_done":true}`+"\n") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

// TestLinesSayOnceWhatTheyFollowed checks that a batch does not repeat what its lines say.
func TestLinesSayOnceWhatTheyFollowed(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	winner, loser := r.pair()
	if a := r.confirmed("/contacts/"+winner+"/merge", `{"from":["`+loser+`"]}`); a.status != 200 {
		t.Fatal(a.body)
	}
	text := r.want(200, "POST", "/batch", `[{"method":"PATCH","path":"/contacts/`+loser+`","body":{"title":"CTO"}}]`)
	if want := "1 updated contact/" + winner + " title (unset) -> CTO\n# 1: " + loser + " was merged into " + winner + "\n# 1 done\n"; changeLine.ReplaceAllString(text, "") != want {
		t.Errorf("%s, want %s", text, want)
	}
}
