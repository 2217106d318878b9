package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"crmkit/server"
)

func TestInternalErrorsAreHidden(t *testing.T) {
	r := newRig(t)
	r.tune((*server.Server).AddFaults)
	for _, path := range []string{"/panic", "/fault"} {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8080"+path, nil))
		id := w.Header().Get("X-Request-Id")
		if w.Code != 500 || strings.Contains(w.Body.String(), "kaboom") || !strings.Contains(w.Body.String(), id) {
			t.Errorf("GET %s: status %d\n%s", path, w.Code, w.Body)
		}
		if logs := r.logs.String(); !strings.Contains(logs, "kaboom") || !strings.Contains(logs, "request_id="+id) {
			t.Errorf("GET %s is not in the log with its id:\n%s", path, logs)
		}
	}
	if r.want(200, "GET", "/healthz", "") != "ok\n" {
		t.Error("the server does not go on after a panic")
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	r := newRig(t)
	code := r.json(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)["local_code"].(string)
	token := r.json(200, "POST", "/auth/verify", `{"email":"jane@acme.com","code":"`+code+`"}`)["token"].(string)
	r.header.Set("Authorization", "Bearer "+token)
	id := r.json(201, "POST", "/contacts", `{"name":"Body secret"}`)["id"].(string)
	confirm := r.json(409, "DELETE", "/contacts/"+id, "")["confirm"].(string)
	r.want(200, "DELETE", "/contacts/"+id+"?confirm="+confirm, "")
	r.want(200, "GET", "/contacts?search=querysecret", "")
	r.call("GET", "/"+token, "")
	r.call("GET", "/contacts/"+token, "")
	logs := r.logs.String()
	for _, secret := range []string{code, token, token[3:], confirm, "Body secret", "querysecret", "Bearer"} {
		if strings.Contains(logs, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	lines := strings.Split(strings.TrimSpace(logs), "\n")
	if len(lines) != 8 {
		t.Errorf("%d lines for 8 requests:\n%s", len(lines), logs)
	}
	want := regexp.MustCompile(`msg=request method=DELETE route=/contacts/\{id\} status=200 bytes=\d+ took_ms=\S+ workspace=ws_\w+ token=tok_\w+ addr=127\.0\.0\.1 request_id=[0-9a-f-]{36}`)
	if !want.MatchString(logs) {
		t.Errorf("no line like %s in\n%s", want, logs)
	}
}

// TestClientsThatAreGoneAreNoErrors checks the log line of a request whose client left before its
// answer.
func TestClientsThatAreGoneAreNoErrors(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ctx, leave := context.WithCancel(t.Context())
	leave()
	for _, method := range []string{"GET", "POST"} {
		req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:8080/contacts", strings.NewReader(`{"name":"Ann"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		line := "level=INFO msg=request method=" + method + " route=/contacts status=503 "
		if logs := r.logs.String(); w.Code != 503 || !strings.Contains(logs, line) || strings.Contains(logs, "ERROR") {
			t.Errorf("%d, want %s in\n%s", w.Code, line, logs)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	frame := `{"name":"x","custom":{"a":""}}`
	pad := func(n int) string {
		return frame[:len(frame)-3] + strings.Repeat("y", n-len(frame)) + frame[len(frame)-3:]
	}
	if a := r.call("POST", "/contacts", pad(1<<20+1)); a.status != 413 || !strings.Contains(a.body, "ERROR body_too_large") {
		t.Errorf("a body of 1 MiB and a byte: status %d\n%s", a.status, a.body)
	}
	if a := r.call("POST", "/contacts", pad(1<<20)); a.status != 400 || !strings.Contains(a.body, "values together may have 65536 bytes") {
		t.Errorf("a body of 1 MiB: status %d\n%s", a.status, a.body)
	}
	r.want(201, "POST", "/contacts", pad(60_000))
}

func TestFormatNegotiation(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		accept, query string
		json          bool
	}{
		{"", "", false}, {"*/*", "", false}, {"application/json", "", true}, {"text/plain", "", false},
		{"application/json, text/plain", "", true}, {"application/json, text/plain, */*", "", true}, {"text/plain, application/json", "", false},
		{"*/*, application/json", "", false}, {"text/*, application/json", "", false}, {"application/json;q=0.8, text/plain;q=0.8", "", true}, {"application/json;q=0, text/plain;q=0", "", false},
		{"application/json;q=0.9, text/plain;q=0.5", "", true},
		{"text/plain, application/json;q=0.9", "", false}, {"application/json, */*;q=0.1", "", true},
		{"application/json;q=0, */*", "", false}, {"APPLICATION/JSON", "", true}, {"application/*", "", true},
		{"text/html,application/xhtml+xml,*/*;q=0.8", "", false}, {"application/json;q=bad", "", true},
		{"application/json;q=0.1, application/*;q=0.9, text/plain;q=0.5", "", false}, {"text/plain;q=0, */*, application/json", "", true},
		{"application/json", "?format=text", false}, {"text/plain", "?format=json", true},
	} {
		for _, path := range []string{"/healthz", "/nowhere", "/whoami"} {
			a := r.call("GET", path+c.query, "", "Accept", c.accept)
			if json := strings.HasPrefix(a.body, "{"); json != c.json || json != (a.header.Get("Content-Type") == "application/json") {
				t.Errorf("GET %s%s with Accept %q: JSON is %v, want %v", path, c.query, c.accept, json, c.json)
			}
		}
	}
}

func TestMethodsAndHeaders(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/contacts", `{"name":"Jane"}`)["id"].(string)
	get, head := r.call("GET", "/contacts/"+id, ""), r.call("HEAD", "/contacts/"+id, "")
	if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(get.body)) {
		t.Errorf("HEAD: status %d, length %s of %d, body %q", head.status, head.header.Get("Content-Length"), len(get.body), head.body)
	}
	for name, want := range map[string]string{"ETag": `"1"`, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "text/plain; charset=utf-8"} {
		if got := get.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, method := range []string{"PUT", "OPTIONS", "TRACE", "get"} {
		if a := r.call(method, "/contacts/"+id, ""); a.status != 405 || a.header.Get("Allow") != "GET, HEAD, PATCH, DELETE" {
			t.Errorf("%s: status %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	r.header.Del("Authorization")
	if a := r.call("GET", "/contacts", ""); a.header.Get("WWW-Authenticate") != `Bearer realm="crmkit"` {
		t.Errorf("WWW-Authenticate is %q", a.header.Get("WWW-Authenticate"))
	}
}

func TestLocalModeStaysLocal(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		host, name, value string
		status            int
	}{
		{"127.0.0.1:8080", "", "", 200}, {"localhost", "", "", 200}, {"LOCALHOST:9", "", "", 200}, {"[::1]:8080", "", "", 200}, {"127.8.9.1", "", "", 200},
		{"evil.example", "", "", 403}, {"localhost.evil.example", "", "", 403}, {"10.0.0.1:8080", "", "", 403}, {"", "", "", 403}, {"127.0.0.1.nip.io", "", "", 403},
		{"localhost", "X-Forwarded-For", "1.2.3.4", 403}, {"localhost", "Forwarded", "for=1.2.3.4", 403}, {"localhost", "Via", "1.1 x", 403}, {"localhost", "X-Real-IP", "1.2.3.4", 403},
		{"localhost", "X-Forwarded-Proto", "https", 403}, {"localhost", "X-Forwarded-For", "", 403}, {"localhost", "CF-Connecting-IP", "1.2.3.4", 403},
		{"localhost", "Origin", "https://evil.example", 403}, {"localhost", "Origin", "null", 403}, {"localhost", "Origin", "http://localhost:3000", 200},
	} {
		req := httptest.NewRequest("GET", "http://x/healthz", nil)
		req.Host = c.host
		if c.name != "" {
			req.Header.Set(c.name, c.value)
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("Host %q %s %q: status %d, want %d", c.host, c.name, c.value, w.Code, c.status)
		}
	}
}

// TestSlowHeadersAreCutOff sends half a request line, and checks that the server closes the
// connection by itself.
func TestSlowHeadersAreCutOff(t *testing.T) {
	t.Parallel()
	h := newRig(t).server().HTTPServer()
	if h.ReadHeaderTimeout <= 0 || h.ReadTimeout <= 0 || h.WriteTimeout <= 0 || h.IdleTimeout <= 0 {
		t.Fatalf("a timeout is missing: %+v", h)
	}
	h.ReadHeaderTimeout = 200 * time.Millisecond
	address := listen(t, h)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := bufio.NewReader(conn).ReadString(0); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the server still waits: %v", err)
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	address := listen(t, newRig(t).server().HTTPServer())
	req, _ := http.NewRequest("GET", "http://"+address+"/healthz", nil)
	req.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}

// listen serves on a free loopback port until the test ends.
func listen(t *testing.T, h *http.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.Serve(l) }()
	t.Cleanup(func() { _ = h.Close() })
	return l.Addr().String()
}
