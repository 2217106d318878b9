package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/server"
	"crmkit/store"
)

const (
	benchContacts  = 10_000
	benchCompanies = 500
)

// benchSeed is a database file full of contacts, made through the API and
// closed again. Benchmarks work on copies.
type benchSeed struct {
	path      string
	token     string
	workspace int64
	contacts  int64
	cursors   []string     // of pages deep in a walk
	serial    atomic.Int64 // numbers the requests of the whole run
}

func newBenchSeed(b *testing.B) *benchSeed {
	b.Helper()
	s := &benchSeed{path: filepath.Join(b.TempDir(), "seed.db"), contacts: benchContacts}
	s.seed(b)
	s.lift(b)
	return s
}

// seed makes the records, and closes the database again.
func (s *benchSeed) seed(b *testing.B) {
	b.Helper()
	addr, stop := s.open(b, s.path)
	company := benchOp{method: "POST", request: func(_ *benchSeed, n int64) (string, string) {
		return "/companies", fmt.Sprintf(`{"name":"Company %d Ltd","domain":"company%d.example"}`, n, n)
	}}
	contact := benchOp{method: "POST", request: func(s *benchSeed, n int64) (string, string) {
		return "/contacts", s.contact(n - benchCompanies)
	}}
	patch := benchOp{method: "PATCH", request: func(s *benchSeed, n int64) (string, string) {
		return "/contacts/" + s.id(n), `{"phone":"+1 555 0100"}`
	}}
	drive(b, s.callers(b, company, addr, benchClients), times(benchCompanies))
	drive(b, s.callers(b, contact, addr, benchClients), times(benchContacts))
	drive(b, s.callers(b, patch, addr, 1), times(1))
	stop()
}

// open serves the file at path as the binary does; the request lines are
// written in full, to nowhere.
func (s *benchSeed) open(b *testing.B, path string) (addr string, stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	scheme, err := catalog.Schema()
	check(b, err)
	st, err := store.Open(ctx, store.Options{Path: path, Schema: scheme, Log: log})
	check(b, err)
	if s.token == "" {
		in, err := auth.New(st, auth.Options{}).MintToken(ctx, "jane@acme.com", "bench")
		check(b, err)
		s.token, s.workspace = in.Token, in.Workspace.Number
	}
	srv, err := server.New(server.Options{Store: st, Log: log, Local: true})
	check(b, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, listener) }()
	return listener.Addr().String(), func() {
		cancel()
		check(b, <-ended)
		check(b, st.Close())
	}
}

// lift removes the cap of the plan, which long runs would reach.
func (s *benchSeed) lift(b *testing.B) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path)
	check(b, err)
	_, err = db.Exec("UPDATE workspaces SET plan = 'unlimited'; UPDATE users SET plan = 'unlimited'")
	check(b, err)
	check(b, db.Close())
}

// serve serves a copy of the file until the benchmark ends.
func (s *benchSeed) serve(b *testing.B) (path, addr string) {
	b.Helper()
	path = s.copy(b)
	addr, stop := s.open(b, path)
	b.Cleanup(stop)
	return path, addr
}

func (s *benchSeed) copy(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "copy.db")
	data, err := os.ReadFile(s.path)
	check(b, err)
	check(b, os.WriteFile(path, data, 0o600))
	return path
}

// callers returns clients that send an operation's requests to a server, each
// on a connection of its own.
func (s *benchSeed) callers(b *testing.B, op benchOp, addr string, n int) []benchCaller {
	b.Helper()
	callers := make([]benchCaller, n)
	for i := range callers {
		wire := newBenchWire(b, addr, s.token)
		callers[i] = func() error {
			path, body := op.request(s, s.serial.Add(1)-1)
			_, _, err := wire.do(op.method, path, body)
			return err
		}
	}
	return callers
}

// contact returns the body of the n-th contact.
func (s *benchSeed) contact(n int64) string {
	first, last := benchName(n)
	company := crm.RecordID("co", crm.RecordKey(s.workspace, 1+n%benchCompanies))
	return `{"name":"` + first + " " + last + `","email":"` + benchEmail(n) + `","phone":"+1 555 ` + strconv.FormatInt(n, 10) +
		`","stage":"` + benchStage(n) + `","company_id":"` + company + `","owner":"jane@acme.com","tags":["vip","region-` +
		strconv.FormatInt(n%20, 10) + `"],"custom":{"plan":"pro","seats":` + strconv.FormatInt(n%100, 10) + `}}`
}

// key returns the key of one of the seeded contacts, id its id.
func (s *benchSeed) key(n int64) int64 { return crm.RecordKey(s.workspace, 1+n*benchPrime%s.contacts) }

func (s *benchSeed) id(n int64) string { return crm.RecordID("c", s.key(n)) }

// benchPrime scatters serial numbers over the contacts, so that all are used.
const benchPrime = 7919

func benchEmail(n int64) string { return "person" + strconv.FormatInt(n, 10) + "@company.example" }

func benchStage(n int64) string {
	return [...]string{"lead", "qualified", "proposal", "negotiation", "customer", "lost"}[n%6]
}

// benchName returns one of 2,000 names, so that five contacts have each.
func benchName(n int64) (first, last string) {
	firsts := [...]string{"Anna", "Boris", "Clara", "David", "Elena", "Fritz", "Greta", "Hugo", "Irene", "Jonas",
		"Karin", "Lukas", "Maria", "Nils", "Olga", "Peter", "Quinn", "Rosa", "Stefan", "Tanja",
		"Umberto", "Vera", "Walter", "Xenia", "Yusuf", "Zora", "Amelie", "Bruno", "Carmen", "Dennis",
		"Emil", "Frida", "Gustav", "Helga", "Ingo", "Julia", "Konrad", "Lotte", "Moritz", "Nora"}
	ends := [...]string{"son", "mann", "berg", "feld", "wood"}
	starts := [...]string{"Ander", "Berg", "Carl", "Dahl", "Eriks", "Frank", "Gold", "Hart", "Johan", "Lind"}
	n %= 2000
	return firsts[n%40], starts[n/40%10] + ends[n/400]
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
