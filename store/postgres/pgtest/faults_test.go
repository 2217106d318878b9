package pgtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// write adds a row to the table notes, which it makes if necessary.
func write(t testing.TB, databaseURL string) {
	t.Helper()
	if _, err := connect(t, databaseURL).Exec(t.Context(), "CREATE TABLE IF NOT EXISTS notes (body text); INSERT INTO notes VALUES ('hello')"); err != nil {
		t.Fatal(err)
	}
}

func wantRows(t testing.TB, databaseURL, want string) {
	t.Helper()
	if n := value(t, databaseURL, "SELECT count(*)::text FROM notes"); n != want {
		t.Errorf("%s rows, want %s", n, want)
	}
}

// TestServerStopsAndStarts stops one server in every way. What was committed is there after the next
// start, at the same address.
func TestServerStopsAndStarts(t *testing.T) {
	c := New(t, Options{})
	databaseURL := c.Database(t)
	for _, way := range []struct {
		name string
		stop func(testing.TB)
	}{{"stop", c.Stop}, {"hard", c.StopHard}, {"kill", c.Kill}, {"kill again", c.Kill}} {
		t.Run(way.name, func(t *testing.T) {
			busy := connect(t, databaseURL)
			failed := make(chan error, 1)
			go func() { _, err := busy.Exec(context.Background(), "SELECT pg_sleep(60)"); failed <- err }()
			write(t, databaseURL)
			way.stop(t)
			if err := <-failed; err == nil {
				t.Error("a statement succeeds while its server stops")
			}
			if conn, err := pgx.Connect(t.Context(), databaseURL); err == nil {
				t.Error("a server that was stopped accepts a connection")
				_ = conn.Close(t.Context())
			}
			c.Start(t)
		})
	}
	wantRows(t, databaseURL, "4")
}

func TestTerminateBackends(t *testing.T) {
	c, databaseURL, other := Shared(t), Database(t), Database(t)
	conn, spared := connect(t, databaseURL), connect(t, other)
	if n := c.TerminateBackends(t, databaseURL); n != 1 {
		t.Errorf("%d connections were ended", n)
	}
	_, err := conn.Exec(t.Context(), "SELECT 1")
	var reported *pgconn.PgError
	if !errors.As(err, &reported) || reported.Code != "57P01" {
		t.Errorf("a connection that was ended: %v", err)
	}
	if _, err := spared.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("a connection to another database: %v", err)
	}
}

// TestStandbyTakesOver kills a primary and promotes its standby. A client that knows both addresses
// finds the one that accepts writes, with every commit that was answered.
func TestStandbyTakesOver(t *testing.T) {
	c := New(t, Options{})
	databaseURL := c.Database(t)
	s := c.Standby(t)
	both := Through(databaseURL, s.Address(), c.Address()) + "&target_session_attrs=read-write"
	write(t, both)
	_, err := connect(t, Through(databaseURL, s.Address())).Exec(t.Context(), "CREATE TABLE refused (n bigint)")
	var reported *pgconn.PgError
	if !errors.As(err, &reported) || reported.Code != "25006" {
		t.Errorf("a write on the standby: %v", err)
	}
	c.Kill(t)
	s.Promote(t)
	wantRows(t, both, "1")
	write(t, both)
	wantRows(t, Through(databaseURL, s.Address()), "2")
}

// TestCommitsWaitForTheStandby stops the standby: a commit is answered after its next start.
func TestCommitsWaitForTheStandby(t *testing.T) {
	c := New(t, Options{})
	databaseURL := c.Database(t)
	write(t, databaseURL)
	s := c.Standby(t)
	s.Stop(t)
	conn := connect(t, databaseURL)
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "INSERT INTO notes VALUES ('late')")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("a commit is answered without the standby: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	s.Start(t)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// TestTwoStandbys checks that one of two standbys is enough, and that a promoted one waits for none.
func TestTwoStandbys(t *testing.T) {
	c := New(t, Options{})
	databaseURL := c.Database(t)
	first, second := c.Standby(t), c.Standby(t)
	first.Kill(t)
	write(t, databaseURL)
	c.StopHard(t)
	second.Promote(t)
	write(t, Through(databaseURL, second.Address()))
	wantRows(t, Through(databaseURL, second.Address()), "2")
}

// refusal is a test that keeps the reason of its failure.
type refusal struct {
	testing.TB
	reason string
}

func (r *refusal) Helper() {}
func (r *refusal) Fatal(args ...any) {
	r.reason, _ = args[0].(string)
	panic(r)
}

// TestSharedClusterIsNotStopped checks that no test stops the server of the others.
func TestSharedClusterIsNotStopped(t *testing.T) {
	c := Shared(t)
	for name, call := range map[string]func(testing.TB){"Stop": c.Stop, "StopHard": c.StopHard, "Kill": c.Kill, "Start": c.Start, "Standby": func(t testing.TB) { c.Standby(t) }} {
		r := &refusal{TB: t}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s works on the shared cluster", name)
				}
			}()
			call(r)
		}()
		if r.reason == "" {
			t.Errorf("%s is refused without a reason", name)
		}
	}
}
