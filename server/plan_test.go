package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// planned returns the token of a dry run.
func (r *rig) planned(method, path, body string) string {
	r.t.Helper()
	token := tokenIs.FindStringSubmatch(r.want(200, method, path, body))
	if token == nil {
		r.t.Fatalf("%s %s has no token", method, path)
	}
	return token[1]
}

// TestOneTokenWritesOnce confirms one dry run many times at once.
func TestOneTokenWritesOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const body = `{"name":"Joe","custom":{"seats":1}}`
	token := r.planned("POST", "/contacts?dry_run=1", body)
	bodies := make([]string, 20)
	together(len(bodies), func(i int) { bodies[i] = r.call("POST", "/contacts?confirm="+token, body).body })
	handle, _, _ := strings.Cut(bodies[0], " ")
	text := strings.Join(bodies, "")
	if strings.Count(text, handle+" name=Joe") != 20 || strings.Count(text, "# created\n") != 20 || strings.Count(text, "# already done\n") != 19 {
		t.Errorf("answers %s", text)
	}
	if text := r.want(200, "GET", "/contacts", ""); !strings.Contains(text, "# 1 of 1 contact") {
		t.Error(text)
	}
}

// TestLostAnswersAreReplayed lets clients go away at a random moment of a confirmation, and asks
// again: the write is done once.
func TestLostAnswersAreReplayed(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	lost := 0
	for i := range 60 {
		body := fmt.Sprintf(`{"name":"Joe %d"}`, i)
		path := "/contacts?confirm=" + r.planned("POST", "/contacts?dry_run=1", body)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(300))*time.Microsecond)
		req := httptest.NewRequestWithContext(ctx, "POST", "http://127.0.0.1:8080"+path, strings.NewReader(body))
		req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
		r.handler.ServeHTTP(httptest.NewRecorder(), req)
		cancel()
		a := r.call("POST", path, body)
		if a.status != http.StatusCreated || !strings.HasPrefix(a.body, "contact/") {
			t.Errorf("round %d: %d %s", i, a.status, a.body)
		}
		if strings.Contains(a.body, "# already done") {
			lost++
		}
		if text := r.want(200, "GET", "/contacts", ""); !strings.Contains(text, fmt.Sprintf("of %d contact", i+1)) {
			t.Fatalf("after %d writes: %s", i+1, text)
		}
	}
	t.Logf("%d of 60 were done before the client left", lost)
}

// TestTokensAreBound tries a token with another request, user and workspace, and after its time.
func TestTokensAreBound(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Joe"}`)
	path, body := "/contacts/"+r.id("contact", 1), `{"stage":"lead"}`
	token := r.planned("PATCH", path+"?dry_run=1", body)
	for _, test := range []struct{ what, method, path, body, says string }{
		{"another method", "POST", "/contacts?confirm=" + token, `{"name":"Ann"}`, "the token is still valid"},
		{"another body", "PATCH", path + "?confirm=" + token, `{"stage":"new"}`, "belongs to another body"},
		{"another token", "PATCH", path + "?confirm=x" + token, body, "is not valid"},
	} {
		if text := r.want(400, test.method, test.path, test.body); !strings.Contains(text, test.says) {
			t.Errorf("%s: %s", test.what, text)
		}
	}
	jane := r.header
	r.as("bob@else.com")
	if text := r.want(404, "PATCH", path+"?confirm="+token, body); !strings.Contains(text, "not_found") {
		t.Error(text)
	}
	if text := r.want(400, "POST", "/contacts?confirm="+token, body); !strings.Contains(text, "is not valid") {
		t.Error(text)
	}
	r.header = jane
	r.clock.Advance(15*time.Minute - time.Second)
	late := r.planned("PATCH", path+"?dry_run=1", body)
	r.want(200, "PATCH", path+"?confirm="+token, body)
	r.clock.Advance(15 * time.Minute)
	if text := r.want(400, "PATCH", path+"?confirm="+late, body); !strings.Contains(text, "is over 15 minutes old") {
		t.Error(text)
	}
	r.clock.Advance(23 * time.Hour)
	if text := r.want(200, "PATCH", path+"?confirm="+token, body); !strings.HasSuffix(text, "# already done\n") {
		t.Error(text)
	}
	r.clock.Advance(time.Hour)
	r.want(400, "PATCH", path+"?confirm="+token, body)
}

// TestBodiesMayBeWrittenOtherwise confirms a body whose JSON is arranged in another way.
func TestBodiesMayBeWrittenOtherwise(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.planned("POST", "/contacts?dry_run=1", `{"name":"Zoë","custom":{"a":1,"b":[1.0]}}`)
	r.want(201, "POST", "/contacts?confirm="+token, "{ \"custom\":{\"b\": [1.0],\"a\":1},\n\"name\":\"Zo\\u00eb\"}")
}

// TestPlansOverMCP confirms by the tools what a dry run of a tool showed.
func TestPlansOverMCP(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Joe"}`)
	path := "/contacts/" + r.id("contact", 1)
	text, _ := r.tool("/mcp/tools", "write", `{"method":"PATCH","path":"`+path+`?dry_run=1","body":{"stage":"lead"}}`)
	token := tokenIs.FindStringSubmatch(text)
	if token == nil || !strings.Contains(text, "# updated: stage (unset) -> lead\n# nothing was saved\n") {
		t.Fatal(text)
	}
	confirmed := `{"method":"PATCH","path":"` + path + `?confirm=` + token[1] + `","body":{"stage":"lead"}}`
	for _, tool := range []struct{ path, name, end string }{{"/mcp", "request", "-> lead\n"}, {"/mcp/tools", "write", "-> lead\n# already done\n"}} {
		if text, _ := r.tool(tool.path, tool.name, confirmed); !strings.HasSuffix(text, tool.end) {
			t.Errorf("%s: %s", tool.name, text)
		}
	}
	text, _ = r.tool("/mcp/tools", "delete", `{"path":"`+path+`"}`)
	r.want(200, "PATCH", path, `{"stage":"new"}`)
	text, _ = r.tool("/mcp/tools", "delete", `{"path":"`+path+`?confirm=`+tokenIs.FindStringSubmatch(text)[1]+`"}`)
	if !strings.Contains(text, "plan_stale") || !strings.Contains(text, "stage is now new, changed by jane@acme.com") {
		t.Fatal(text)
	}
	confirmed = `{"path":"` + path + `?confirm=` + tokenIs.FindStringSubmatch(text)[1] + `"}`
	for _, end := range []string{"", "# already done\n"} {
		if text, _ := r.tool("/mcp/tools", "delete", confirmed); text != "deleted contact/"+r.id("contact", 1)+"\n"+end {
			t.Error(text)
		}
	}
}
