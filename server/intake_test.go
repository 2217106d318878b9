package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// bare returns a local server on an empty database, and a place to reach it.
func bare(t *testing.T) (*Server, *httptest.Server) {
	t.Helper()
	schema, err := crm.NewSchema(crm.Entities...)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(context.Background(), store.Options{Path: store.Memory, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s, err := New(Options{Store: st, Local: true, Version: "test", TrustProxy: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv
}

// unfinished begins a request whose body never ends, and returns its connection once
// the server has made room for the body, or has refused it.
func unfinished(t *testing.T, s *Server, srv *httptest.Server, length int) net.Conn {
	t.Helper()
	before := s.publicBodies.Held()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "POST /auth/request HTTP/1.1\r\nHost: localhost\r\nContent-Length: "+strconv.Itoa(length)+"\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	for s.publicBodies.Held() == before {
		time.Sleep(time.Millisecond) // the count is the signal
	}
	return conn
}

// One network holds its share of unfinished bodies and no more: a further one is
// refused at once, and the others go on.
func TestUnfinishedBodiesHaveShares(t *testing.T) {
	s, srv := bare(t)
	s.publicBodyTime = time.Hour
	s.publicBodies = newBodyAdmission(1<<20, 4*(bodyCost+maxPublicBody))
	for range 4 {
		unfinished(t, s, srv, maxPublicBody)
	}
	res, err := http.Post(srv.URL+"/auth/request", "application/json", strings.NewReader(`{"email":"ann@acme.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	// Another network, as seen by the counter that the adapter asks.
	if fault := s.publicBodies.Enter("client 192.0.2.1", bodyCost+100); fault != nil {
		t.Errorf("another network: %s", fault.Hint)
	}
}

// A body before sign-in that does not arrive is given up, with its connection, and its room
// is free again.
func TestSlowBodiesAreGivenUp(t *testing.T) {
	s, srv := bare(t)
	s.publicBodyTime = 50 * time.Millisecond
	conn := unfinished(t, s, srv, 100)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "400 Bad Request") || !strings.Contains(string(answer), "did not arrive within") {
		t.Errorf("%v: %s", err, answer)
	}
	for s.publicBodies.Held() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// Bodies before sign-in have 16 KiB; a length that says more is refused unread.
func TestPublicBodiesAreSmall(t *testing.T) {
	s, srv := bare(t)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /auth/request HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n{")
	head := make([]byte, 64)
	if _, err := io.ReadFull(conn, head); err != nil || !strings.Contains(string(head), "413") {
		t.Errorf("%v: %s", err, head)
	}
	for _, path := range []string{"/auth/request", "/auth/verify", "/register"} {
		body := `{"email":[` + strings.Repeat("1,", maxPublicBody) + `1]}`
		res, err := http.Post(srv.URL+path, "application/json", struct{ io.Reader }{strings.NewReader(body)}) // no length is sent
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusRequestEntityTooLarge && path != "/register" || res.StatusCode < 400 {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
		res.Body.Close()
	}
	if n := s.publicBodies.Held(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}
