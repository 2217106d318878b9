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

	"crmkit/crm/catalog"
	"crmkit/store"
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

// TestOneTokenLinksOnce confirms a request that takes several steps at once, on one server and on two: one
// request does it, and the others hear that it runs or get its answer.
func TestOneTokenLinksOnce(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		rows := "name,email\n"
		for i := range 1100 {
			rows += fmt.Sprintf("Contact,c%d@acme.com\n", i)
		}
		r.want(200, "POST", "/import/contacts", rows)
		path, body := "/campaigns/"+r.json(201, "POST", "/campaigns", `{"name":"Spring"}`)["id"].(string)+"/members", `{"filter":"name=Contact"}`
		token := r.planned("POST", path+"?dry_run=1", body)
		answers := make([]answer, 6)
		together(len(answers), func(i int) { answers[i] = r.call("POST", path+"?confirm="+token, body) })
		done := 0
		for i, got := range append(answers, r.call("POST", path+"?confirm="+token, body)) {
			switch again := strings.HasSuffix(got.body, "# already done\n"); {
			case got.status == 200 && strings.Contains(got.body, "# 1100 added, 0 were already members"):
				if !again {
					done++
				}
			case got.status != 429 || i == len(answers) || !strings.Contains(got.body, "is running now"):
				t.Errorf("answer %d: %d %s", i, got.status, got.body)
			}
		}
		if done != 1 {
			t.Errorf("it was done %d times", done)
		}
		if text := r.want(200, "GET", path+"?limit=1", ""); !strings.Contains(text, "of 1100 campaign_members") {
			t.Error(text)
		}
	})
}

// TestLostAnswersAreReplayed lets clients go away at a random moment of a confirmation, and asks
// again: the write is done once.
func TestLostAnswersAreReplayed(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	lost, took := 0, time.Second
	for i := range 60 {
		body := fmt.Sprintf(`{"name":"Joe %d"}`, i)
		path := "/contacts?confirm=" + r.planned("POST", "/contacts?dry_run=1", body)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(took))))
		req := httptest.NewRequestWithContext(ctx, "POST", "http://127.0.0.1:8080"+path, strings.NewReader(body))
		req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
		began := time.Now()
		r.handler.ServeHTTP(httptest.NewRecorder(), req)
		if ctx.Err() == nil {
			took = time.Since(began) * 5 / 4
		}
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
		{"another method", "POST", "/contacts?confirm=" + token, `{"name":"Ann"}`, "the token stays as it was"},
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
	if text := r.want(400, "PATCH", path+"?confirm="+late, body); !strings.Contains(text, "over 15 minutes old") {
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

// TestDryRunsMeetTheCaps fills workspaces up to a cap of their plan by confirmed dry runs. The one that
// meets the cap is refused as the write is, and all before it can be confirmed: the answers that are
// stored for repeated confirmations do not meet the cap.
func TestDryRunsMeetTheCaps(t *testing.T) {
	for _, limit := range []catalog.Cap{{Resource: "contacts", Max: 5}, {Resource: catalog.Storage, Max: 20_000}} {
		r := newRigWith(t, store.Options{Plans: catalog.Plans{{Name: "small", Caps: []catalog.Cap{limit}}}, Plan: "small"}).as("jane@acme.com")
		refused := answer{}
		for n := 0; refused.status == 0 && n < 1000; n++ {
			body := fmt.Sprintf(`{"name":"Joe %d"}`, n)
			a := r.call("POST", "/contacts?dry_run=1", body)
			if a.status != 200 {
				refused = a
				continue
			}
			r.want(201, "POST", "/contacts?confirm="+tokenIs.FindStringSubmatch(a.body)[1], body)
		}
		if a := r.call("POST", "/contacts", `{"name":"Joe 1000"}`); a.status != 403 || refused.status != 403 || limit.Resource == "contacts" && a.body != refused.body {
			t.Errorf("%+v: the dry run %d %s\nthe write %d %s", limit, refused.status, refused.body, a.status, a.body)
		}
	}
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
	if !strings.Contains(text, "plan_stale") || !strings.Contains(text, "stage is now new; jane@acme.com changed it") {
		t.Fatal(text)
	}
	confirmed = `{"path":"` + path + `?confirm=` + tokenIs.FindStringSubmatch(text)[1] + `"}`
	for _, end := range []string{"", "# already done\n"} {
		if text, _ := r.tool("/mcp/tools", "delete", confirmed); text != "deleted contact/"+r.id("contact", 1)+"\n"+end {
			t.Error(text)
		}
	}
}
