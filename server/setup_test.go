package server_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"crmkit/server"
	"crmkit/store"
	"crmkit/store/postgres/pgtest"
)

// setup is the database of a rig, and how many servers use it.
type setup struct {
	engine  string // memory, postgres, or pgbouncer: PostgreSQL through a pooler in transaction mode
	servers int
}

// setups are those in which all transcripts run: with two and three servers, the requests go to them
// in turn.
var setups = []setup{{"postgres", 1}, {"pgbouncer", 1}, {"postgres", 2}, {"postgres", 3}}

func (s setup) String() string { return fmt.Sprintf("%d on %s", s.servers, s.engine) }

// The setup of the tests that do not choose one.
var (
	engineFlag  = flag.String("engine", "memory", "database of the tests: memory, postgres or pgbouncer")
	serversFlag = flag.Int("servers", 1, "how many servers use the database; requests go to them in turn")
)

// poolSize is how many connections PgBouncer has to the server. It must not be fewer than one server of
// ours writes with, or writers would wait for each other.
const poolSize = 20

// address returns where the store of a rig is.
func (s setup) address(t testing.TB) string {
	t.Helper()
	if s.engine == "memory" {
		return store.Memory
	}
	cluster := pgtest.Shared(t)
	address := cluster.DatabaseFrom(t, "server", func(address string) error {
		return store.Upgrade(context.Background(), store.Options{Path: address})
	})
	switch s.engine {
	case "postgres":
	case "pgbouncer":
		address = pgtest.Through(address, cluster.Pooler(t, poolSize))
	default:
		t.Fatalf("-engine %q: write memory, postgres or pgbouncer", s.engine)
	}
	return address
}

// onlyOnSQLite skips a test if -engine names another engine, and says why.
func onlyOnSQLite(t testing.TB, why string) {
	t.Helper()
	if *engineFlag != "memory" {
		t.Skip("only on SQLite: " + why)
	}
}

// onlyOneServer skips a test if -servers names more, and says why.
func onlyOneServer(t testing.TB, why string) {
	t.Helper()
	if *serversFlag > 1 {
		t.Skip("only with one server: " + why)
	}
}

// inTurn gives requests to several servers in turn.
type inTurn struct {
	servers []*server.Server
	next    atomic.Uint64
}

func (s *inTurn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.next.Add(1) - 1
	s.servers[n%uint64(len(s.servers))].ServeHTTP(w, r)
}

// sharedRand is a random source for several stores.
type sharedRand struct {
	mu   sync.Mutex
	from fixedRand
}

func (r *sharedRand) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from.Read(p)
}
