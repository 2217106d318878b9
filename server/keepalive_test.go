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

// loneConnection is a client that has at most one connection, with the rights of a rig's token.
type loneConnection struct {
	r      *rig
	client *http.Client
	base   string
	reused bool // the last request was on the connection of the one before
}

// loneConnectionTo serves r at a real port with the timeouts of h, and returns a client of it.
func loneConnectionTo(t *testing.T, r *rig, h *http.Server) *loneConnection {
	c := &loneConnection{r: r, base: "http://" + listen(t, h), client: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// want sends a request, and checks its status and that the server leaves the connection open.
func (c *loneConnection) want(status int, method, path, body string) {
	c.r.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { c.reused = i.Reused }}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(c.r.t.Context(), trace), method, c.base+path, in)
	req.Header = c.r.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		c.r.t.Fatalf("%s %s: %v", method, path, err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != status || res.Close {
		c.r.t.Errorf("%s %s: status %d, want %d, close %v: %s", method, path, res.StatusCode, status, res.Close, text)
	}
}

// A connection works for one request after another: after a request that took longer
// than a request may take to arrive, and after it was idle for that long.
func TestConnectionsSurviveSlowRequests(t *testing.T) {
	t.Parallel()
	const most = 100 * time.Millisecond
	r := newRig(t)
	r.as("ann@acme.com")
	h := r.server().HTTPServer()
	h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout = most, most, most
	c := loneConnectionTo(t, r, h)
	c.want(200, "GET", "/whoami", "")
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
		c.want(slow.status, slow.method, slow.path, slow.body)
		if !c.reused {
			t.Errorf("%s %s: a new connection", slow.method, slow.path)
		}
		c.want(200, "GET", "/whoami", "")
	}
	<-time.After(3 * most)
	c.want(200, "PATCH", "/contacts/"+r.id("contact", 1), `{"stage":"lead"}`)
	if !c.reused {
		t.Error("an idle connection was closed")
	}
	if text := r.want(200, "GET", "/contacts?total=exact", ""); !strings.Contains(text, "3 of 3 contacts") {
		t.Errorf("an answered write is missing:\n%s", text)
	}
}

// An answer after the end of its request's context is the last one on its connection, since
// net/http would give the ended context to later requests too.
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
