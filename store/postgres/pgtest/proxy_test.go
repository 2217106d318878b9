package pgtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// proxied returns a connection to a new database and the proxy in between.
func proxied(t *testing.T) (*Proxy, *pgx.Conn) {
	t.Helper()
	p := NewProxy(t, Shared(t).Address())
	return p, connect(t, Through(Database(t), p.Address())+"&default_query_exec_mode=exec")
}

func TestProxyCountsRoundTrips(t *testing.T) {
	p, conn := proxied(t)
	trips := func(do func() error) int64 {
		before := p.RoundTrips()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		return p.RoundTrips() - before
	}
	if n := trips(func() error { _, err := conn.Exec(t.Context(), "SELECT $1::bigint", 1); return err }); n != 1 {
		t.Errorf("a statement takes %d round trips", n)
	}
	// Each statement is longer than a segment, and all answers together than the server's buffer.
	batch := &pgx.Batch{}
	for range 2000 {
		batch.Queue("SELECT repeat('x', 100), $1::text", strings.Repeat("y", 2000))
	}
	if n := trips(func() error { return conn.SendBatch(t.Context(), batch).Close() }); n != 1 {
		t.Errorf("a batch of 2000 statements takes %d round trips", n)
	}
	transaction := func() error {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), "SELECT 1"); err != nil {
			return err
		}
		return tx.Commit(t.Context())
	}
	if n := trips(transaction); n != 3 {
		t.Errorf("begin, a statement and commit take %d round trips", n)
	}
	copied := func() error {
		_, err := conn.Exec(t.Context(), "CREATE TEMP TABLE notes (body text)")
		if err == nil {
			rows := pgx.CopyFromRows([][]any{{"one"}, {"two"}})
			_, err = conn.CopyFrom(t.Context(), pgx.Identifier{"notes"}, []string{"body"}, rows)
		}
		return err
	}
	// The table, the types of its columns, COPY and its rows.
	if n := trips(copied); n != 3 {
		t.Errorf("a COPY takes %d round trips", n)
	}
}

func TestProxyDelays(t *testing.T) {
	p, conn := proxied(t)
	p.Delay(20 * time.Millisecond)
	start := time.Now()
	for range 5 {
		if _, err := conn.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("5 round trips with 20 ms each take %v", took)
	}
}

func TestProxyHolds(t *testing.T) {
	p, conn := proxied(t)
	release := p.Hold()
	answered := make(chan error, 2)
	go func() { _, err := conn.Exec(t.Context(), "SELECT 1"); answered <- err }()
	go func() {
		second, err := pgx.Connect(t.Context(), conn.Config().ConnString())
		if err == nil {
			err = second.Close(context.Background())
		}
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("an answer while traffic is held: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	release()
	for range 2 {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
}

// TestProxyCuts cuts connections, also while traffic is held. The next connection works.
func TestProxyCuts(t *testing.T) {
	for _, held := range []bool{false, true} {
		p, conn := proxied(t)
		if held {
			defer p.Hold()()
		}
		failed := make(chan error, 1)
		go func() { _, err := conn.Exec(context.Background(), "SELECT pg_sleep(30)"); failed <- err }()
		time.Sleep(20 * time.Millisecond)
		p.Cut()
		select {
		case err := <-failed:
			if err == nil {
				t.Error("a statement succeeds over a connection that was cut")
			}
		case <-time.After(10 * time.Second):
			t.Error("a client waits for a connection that was cut")
		}
		if !held {
			value(t, conn.Config().ConnString(), "SELECT 'works'")
		}
	}
}

// TestTurnsOfSplitMessages feeds the answers of a server in pieces of every size.
func TestTurnsOfSplitMessages(t *testing.T) {
	// A row whose content looks like ReadyForQuery, the end of a statement, then ReadyForQuery.
	answer := []byte("D\x00\x00\x00\x0aZ\x00\x00\x00\x05IC\x00\x00\x00\x04Z\x00\x00\x00\x05I")
	for size := 1; size <= len(answer); size++ {
		c := &turns{asking: true}
		for start := 0; start < len(answer); start += size {
			if end := start + size; end < len(answer)-1 && c.asks() {
				t.Errorf("in pieces of %d bytes the answer ends before byte %d", size, start)
			}
			c.answers(answer[start:min(start+size, len(answer))])
		}
		if !c.asks() {
			t.Errorf("in pieces of %d bytes the answer does not end", size)
		}
	}
}
