package server_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/server"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/storetest/kit"
)

// rig is a server whose clock and random source are the same in every run, with a client of it.
type rig struct {
	addr    string // of the client; empty: this machine
	t       testing.TB
	store   *store.Store   // of the first server
	stores  []*store.Store // of all
	servers []*server.Server
	handler http.Handler // gives the requests to the servers in turn
	clock   *kit.Clock
	header  http.Header // sent with every request
	logs    *lockedBuffer
	opts    store.Options // of its stores
}

// lockedBuffer collects the log lines of parallel requests.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tail returns the last lines.
func (l *lockedBuffer) tail() string {
	const last = 3000
	text := l.String()
	return text[max(0, len(text)-last):]
}

// fixedRand is a random source that gives the same bytes in every run.
type fixedRand struct {
	n    uint64
	rest []byte
}

func (c *fixedRand) Read(p []byte) (int, error) {
	for len(c.rest) < len(p) {
		c.n++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, c.n))
		c.rest = append(c.rest, sum[:]...)
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigWith(t, store.Options{})
}

func newRigWith(t testing.TB, opts store.Options) *rig {
	t.Helper()
	return setup{*engineFlag, *serversFlag}.newRig(t, opts)
}

// newRig returns a rig. A test that names a file has one server.
func (s setup) newRig(t testing.TB, opts store.Options) *rig {
	t.Helper()
	r := &rig{t: t, clock: kit.NewClock(), header: http.Header{}, logs: &lockedBuffer{}}
	if opts.Schema == nil {
		opts.Schema = schema(t)
	}
	n := 1
	if opts.Path == "" {
		opts.Path, n = s.address(t), s.servers
	}
	opts.Clock, opts.Rand, opts.Log = r.clock.Now, &sharedRand{}, slog.New(slog.NewTextHandler(r.logs, nil))
	opts.MaxWrite = cmp.Or(opts.MaxWrite, time.Minute) // of a busy machine
	r.opts = opts
	r.openStores(n)
	return r.serve(server.Options{})
}

// openStores opens n stores.
func (r *rig) openStores(n int) {
	r.t.Helper()
	r.stores = nil
	for range n {
		st, err := store.Open(context.Background(), r.opts)
		if err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { st.Close() })
		r.stores = append(r.stores, st)
	}
	r.store = r.stores[0]
}

// beside returns a rig with a server of its own on the same database, with the same clock and random
// source, and the same client. Its store has these further migrations.
func (r *rig) beside(migrations fs.FS) *rig {
	r.t.Helper()
	other := *r
	other.header, other.opts.Migrations = r.header.Clone(), migrations
	other.openStores(1)
	return other.serve(server.Options{})
}

// serve replaces the servers of the rig with some that have the options: local ones if
// they name no mail server.
func (r *rig) serve(opts server.Options) *rig {
	r.t.Helper()
	opts.Version, opts.Log = "test", slog.New(slog.NewTextHandler(r.logs, nil))
	opts.Local = opts.Mail == nil
	r.servers = nil
	for _, opts.Store = range r.stores {
		srv, err := server.New(opts)
		if err != nil {
			r.t.Fatal(err)
		}
		r.servers = append(r.servers, srv)
	}
	r.handler = &inTurn{servers: r.servers}
	return r
}

// tune changes all servers.
func (r *rig) tune(change func(*server.Server)) {
	for _, s := range r.servers {
		change(s)
	}
}

// watch has see called after every transaction of any server.
func (r *rig) watch(see func(store.Batch)) {
	var mu sync.Mutex
	for _, st := range r.stores {
		st.Watch(func(b store.Batch) {
			mu.Lock()
			defer mu.Unlock()
			see(b)
		})
	}
}

// setPlan puts a workspace or a user on a plan, as the owner of the file does.
func (r *rig) setPlan(of, plan string) {
	r.t.Helper()
	err := r.store.Write(r.t.Context(), crm.Actor{}, func(tx *store.Tx) error {
		_, err := account.SetPlan(tx, of, plan)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.clock.Advance(2 * time.Second) // until other processes see it
}

func schema(t testing.TB, more ...crm.Entity) *crm.Schema {
	t.Helper()
	s, err := catalog.Schema(more...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is the answer to a request.
type answer struct {
	status int
	body   string
	header http.Header
}

// call sends one request. Any 5xx fails the test.
func (r *rig) call(method, path, body string, header ...string) answer {
	r.t.Helper()
	a := r.answer(method, path, body, header...)
	if a.status >= 500 {
		r.t.Errorf("%s %.200s: status %d: %s\n%s", method, path, a.status, a.body, r.logs.tail())
	}
	return a
}

// answer sends one request.
func (r *rig) answer(method, path, body string, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.RemoteAddr = cmp.Or(r.addr, "127.0.0.1:40000")
	req.Header = r.header.Clone()
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return answer{w.Code, w.Body.String(), w.Header()}
}

// want sends one request and fails the test unless it gets the status.
func (r *rig) want(status int, method, path, body string, header ...string) string {
	r.t.Helper()
	a := r.call(method, path, body, header...)
	if a.status != status {
		r.t.Fatalf("%s %s %s: status %d, want %d\n%s", method, path, body, a.status, status, a.body)
	}
	return a.body
}

// json sends one request and returns the decoded JSON answer.
func (r *rig) json(status int, method, path, body string) map[string]any {
	r.t.Helper()
	text := r.want(status, method, path, body, "Accept", "application/json")
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		r.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return object
}

// filled makes a record and returns it. A person of a deal may be there already, since a deal makes its main contact one.
func (r *rig) filled(e *crm.Entity, body string) (object map[string]any) {
	r.t.Helper()
	a := r.call("POST", "/"+e.Route(), body, "Accept", "application/json")
	if err := json.Unmarshal([]byte(a.body), &object); err != nil || a.status != http.StatusCreated && (a.status != http.StatusOK || e.Name != "deal_contact") {
		r.t.Fatalf("POST /%s %s: %d %s", e.Route(), body, a.status, a.body)
	}
	return object
}

// total returns how many records of a kind there are.
func (r *rig) total(e *crm.Entity) string {
	r.t.Helper()
	return fmt.Sprint(r.json(200, "GET", "/"+e.Route()+"?limit=1&total=exact", "")["total"])
}

// signIn returns a token for the address.
func (r *rig) signIn(email string) string {
	r.t.Helper()
	quoted, _ := json.Marshal(email)
	code := r.json(200, "POST", "/auth/request", `{"email":`+string(quoted)+`}`)["local_code"].(string)
	return r.json(200, "POST", "/auth/verify", `{"email":`+string(quoted)+`,"code":"`+code+`","token_name":"test"}`)["token"].(string)
}

// as signs in and sends the token from now on.
func (r *rig) as(email string) *rig {
	r.t.Helper()
	r.header = http.Header{"Authorization": {"Bearer " + r.signIn(email)}}
	return r
}

// id returns the id that the nth record of a kind has in the rig's first
// workspace.
func (r *rig) id(kind string, n int64) string {
	return crm.RecordID(r.store.Schema.ByName(kind).Prefix, crm.RecordKey(1, n))
}
