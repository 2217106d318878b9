package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestParallelRepeatsAreDoneOnce sends each of ten requests 20 times at once: each is executed
// once, and all of its answers are the first one.
func TestParallelRepeatsAreDoneOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for n := range 200 {
		wg.Go(func() {
			key := fmt.Sprint("key-", n%10)
			a := r.call("POST", "/deals", fmt.Sprintf(`{"title":"deal %d"}`, n%10), "Idempotency-Key", key)
			first, replayed := strings.CutSuffix(a.body, "# replayed\n")
			if a.status != 201 || replayed != (a.header.Get("Idempotency-Replayed") == "true") {
				t.Errorf("%d %s", a.status, a.body)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[first]++
		})
	}
	wg.Wait()
	if list := r.want(200, "GET", "/deals?total=exact", ""); !strings.Contains(list, "# 10 of 10 deals\n") || len(answers) != 10 {
		t.Errorf("%d different answers, and\n%s", len(answers), list)
	}
}

// TestLargeAnswersAreRepeatedAsReceipts checks that a repeated request is not executed again if
// its answer is too large to be saved, and that the answer names the record.
func TestLargeAnswersAreRepeatedAsReceipts(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	body := `{"name":"Jane","notes":"` + strings.Repeat("n", 60000) + `"}`
	first := r.call("POST", "/contacts", body, "Idempotency-Key", "large")
	again := r.call("POST", "/contacts", body, "Idempotency-Key", "large")
	handle, _, _ := strings.Cut(first.body, " ")
	want := handle + "\n# created\n# the request was executed once, but its answer was too large to be stored: GET /" + handle + " shows the result\n# replayed\n"
	if first.status != 201 || again.status != 201 || again.body != want {
		t.Errorf("%d, then %d\n%s\nwant\n%s", first.status, again.status, again.body, want)
	}
	json := decoded(t, r.call("POST", "/contacts?format=json", body, "Idempotency-Key", "large").body)
	if json["handle"] != handle || json["result"] != "created" || json["replayed"] != true {
		t.Errorf("in JSON it is %v", json)
	}
	if list := r.want(200, "GET", "/contacts", ""); !strings.Contains(list, "# 1 of 1 contact\n") {
		t.Errorf("it was done again:\n%s", list)
	}
}

// TestOpenAPIHasIdempotencyKey checks that OpenAPI has the header for the routes that use it.
func TestOpenAPIHasIdempotencyKey(t *testing.T) {
	text := newRig(t).want(200, "GET", "/openapi.json", "")
	paths := decoded(t, text)["paths"].(map[string]any)
	for path, want := range map[string]bool{"post /contacts": true, "patch /contacts/{id}": true, "delete /deals/{id}": true, "post /workspaces/{id}/tokens": true,
		"get /contacts": false, "post /auth/verify": false, "post /import/contacts": false, "post /import": false, "post /mcp": false} {
		method, path, _ := strings.Cut(path, " ")
		operations, found := paths[path].(map[string]any)
		if !found || operations[method] == nil {
			t.Errorf("there is no %s %s", method, path)
		}
		if has := strings.Contains(fmt.Sprint(operations[method]), "Idempotency-Key"); has != want {
			t.Errorf("%s %s: %v, want %v", method, path, has, want)
		}
	}
}

// An empty key is an error of every write, also of one that uses no keys.
func TestEmptyKeysAreRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
	for _, c := range [][3]string{{"POST", "/contacts", `{"name":"Bob"}`}, {"PATCH", "/contacts/" + id, `{"name":"Bob"}`}, {"DELETE", "/contacts/" + id, ""}, {"POST", "/import/contacts", "name\nBob\n"},
		{"POST", "/import/contacts?dry_run=1", "name\nBob\n"}, {"POST", "/workspaces", `{"name":"Other"}`}} {
		for _, key := range []string{"", " ", `""`, "a b"} {
			if a := r.call(c[0], c[1], c[2], "Idempotency-Key", key); a.status != 400 || !strings.Contains(a.body, "Idempotency-Key must be one key of 1 to 255") {
				t.Errorf("%s %s with %q: %d %s", c[0], c[1], key, a.status, a.body)
			}
		}
	}
	if list := r.want(200, "GET", "/contacts", "", "Idempotency-Key", ""); !strings.Contains(list, "name=Ann") || !strings.Contains(list, "# 1 of 1 contact\n") {
		t.Errorf("something was done:\n%s", list)
	}
}

// Imports do not save answers, and say so if a key is sent.
func TestImportsSayThatTheyTakeNoKey(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, want := range []string{"1 created", "1 unchanged"} {
		text := r.want(200, "POST", "/import/contacts", "name\nBob\n", "Idempotency-Key", "k1")
		if !strings.Contains(text, want) || !strings.Contains(text, "# imports ignore Idempotency-Key") {
			t.Error(text)
		}
	}
	if text := r.want(200, "POST", "/import", r.want(200, "GET", "/export", ""), "Idempotency-Key", "k1", "Accept", "application/json"); !strings.Contains(text, `{"remarks":["imports ignore Idempotency-Key`) {
		t.Error(text)
	}
}
