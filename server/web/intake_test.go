package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm/catalog"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/store"
)

// newTestAdapter returns an adapter with one public route that reads a body, and a server
// to reach it.
func newTestAdapter(t *testing.T) (*Adapter, *httptest.Server) {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(context.Background(), store.Options{Path: store.Memory, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	proxies, err := edge.ParseProxies("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	a := New(Options{Store: st, Auth: auth.New(st, auth.Options{}), Log: slog.New(slog.DiscardHandler), Metrics: edge.NewMetrics("test"), Local: true, Proxies: proxies})
	a.SetRoutes([]Route{{Method: http.MethodPost, Path: "/auth/request", Access: Public, Handle: func(rq *Request) (*render.Response, error) {
		if _, err := rq.Members(); err != nil {
			return nil, err
		}
		return &render.Response{}, nil
	}}})
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return a, srv
}

// unfinished begins a request whose body never ends, and returns its connection when the server
// has reserved room for the body, or has refused it.
func unfinished(t *testing.T, a *Adapter, srv *httptest.Server, length int) net.Conn {
	t.Helper()
	before := a.publicBodies.Held()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "POST /auth/request HTTP/1.1\r\nHost: localhost\r\nContent-Length: "+strconv.Itoa(length)+"\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	for a.publicBodies.Held() == before {
		time.Sleep(time.Millisecond) // the count is the signal
	}
	return conn
}

// A network has a share of unfinished bodies: a further one is refused at once, and the others go
// on.
func TestUnfinishedBodiesHaveShares(t *testing.T) {
	a, srv := newTestAdapter(t)
	a.publicBodyTime = time.Hour
	a.publicBodies = newBodyAdmission(1<<20, 4*(bodyCost+maxPublicBody))
	for range 4 {
		unfinished(t, a, srv, maxPublicBody)
	}
	res, err := http.Post(srv.URL+"/auth/request", "application/json", strings.NewReader(`{"email":"ann@acme.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	// Another network has room.
	if fault := a.publicBodies.Enter("client 192.0.2.1", bodyCost+100); fault != nil {
		t.Errorf("another network: %s", fault.Hint)
	}
}

// The server closes the connection of a body before sign-in that does not arrive, and its room is
// free again.
func TestSlowBodiesAreGivenUp(t *testing.T) {
	a, srv := newTestAdapter(t)
	a.publicBodyTime = 50 * time.Millisecond
	conn := unfinished(t, a, srv, 100)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "400 Bad Request") || !strings.Contains(string(answer), "did not arrive within") {
		t.Errorf("%v: %s", err, answer)
	}
	for a.publicBodies.Held() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// Bodies before sign-in have at most 16 KiB; a larger Content-Length is refused without reading.
func TestPublicBodiesAreSmall(t *testing.T) {
	a, srv := newTestAdapter(t)
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
	body := `{"email":[` + strings.Repeat("1,", maxPublicBody) + `1]}`
	res, err := http.Post(srv.URL+"/auth/request", "application/json", struct{ io.Reader }{strings.NewReader(body)}) // no length is sent
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
	if n := a.publicBodies.Held(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}
