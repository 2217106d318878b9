package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"
)

// A connection works for one request after another: after a request that took longer
// than a request may take to arrive, and after it was idle for that long.
func TestConnectionsSurviveSlowRequests(t *testing.T) {
	t.Parallel()
	const most = 100 * time.Millisecond
	r := newRig(t)
	r.as("ann@acme.com")
	h := r.server().HTTPServer()
	h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout = most, most, most
	base := "http://" + listen(t, h)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	reused := false
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	ask := func(method, path, body string, want int) {
		t.Helper()
		var in io.Reader
		if body != "" {
			in = strings.NewReader(body)
		}
		req, _ := http.NewRequestWithContext(ctx, method, base+path, in)
		req.Header = r.header.Clone()
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want || res.Close {
			t.Errorf("%s %s: status %d, want %d, close %v: %s", method, path, res.StatusCode, want, res.Close, text)
		}
	}
	ask("GET", "/whoami", "", 200)
	for _, slow := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/contacts", "", 200},
		{"POST", "/contacts", `{"name":"Jane"}`, 201},
		{"POST", "/import/contacts", `[{"name":"Joe"}]`, 200},
		{"GET", "/export/contacts", "", 200},
		{"POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"POST","path":"/contacts","body":{"name":"Jim"}}}}`, 200},
	} {
		time.AfterFunc(3*most, r.hold())
		ask(slow.method, slow.path, slow.body, slow.status)
		if !reused {
			t.Errorf("%s %s: a new connection", slow.method, slow.path)
		}
		ask("GET", "/whoami", "", 200)
	}
	<-time.After(3 * most)
	ask("PATCH", "/contacts/"+r.id("contact", 1), `{"stage":"lead"}`, 200)
	if !reused {
		t.Error("an idle connection was closed")
	}
	if text := r.want(200, "GET", "/contacts?total=exact", ""); !strings.Contains(text, "3 of 3 contacts") {
		t.Errorf("what was answered is not there:\n%s", text)
	}
}

// What is answered after the context of the request has ended is the last answer of its
// connection, for net/http gives the ended context to later requests too.
func TestEndedContextsEndTheConnection(t *testing.T) {
	r := newRig(t)
	r.as("ann@acme.com")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1:8080/contacts", nil)
	req.Header = r.header
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Connection") != "close" {
		t.Errorf("status %d, Connection %q", w.Code, w.Header().Get("Connection"))
	}
}
