package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// bareWriter is ceiling G: one goroutine runs the prepared statements of all
// callers that wait in one transaction, commits it and answers them. It writes
// rows like those the product wrote, into the same tables and indexes, but
// keeps no counters and looks nothing up.
type bareWriter struct {
	conn  *sql.Conn
	steps []bareStep
	first int64 // key of the first new record
	jobs  chan bareJob
}

type bareJob struct {
	serial int64
	done   chan error
}

// bareStep is one statement of a write.
type bareStep struct {
	stmt *sql.Stmt
	args func(key int64) []any
}

func bareCreate(b *testing.B, s *benchSeed, _ string) benchRival {
	w := newBareWriter(b, s)
	w.again(b, "contacts", "key = $1", s.key(0))
	w.again(b, "tags", "record = $1 AND kind = 'contact'", s.key(0))
	w.again(b, "custom_values", "record = $1 AND kind = 'contact'", s.key(0))
	w.again(b, "changes", "key = (SELECT MAX(key) FROM changes WHERE action = $1)", "create")
	return w.rival(b, s)
}

func bareUpdate(b *testing.B, s *benchSeed, _ string) benchRival {
	w := newBareWriter(b, s)
	stmt, err := w.conn.PrepareContext(context.Background(), `UPDATE contacts
		SET phone = $3, phone_fold = $3, version = version + 1, updated_at = $4, updated_by = $5 WHERE workspace_id = $1 AND key = $2`)
	check(b, err)
	w.steps = append(w.steps, bareStep{stmt, func(key int64) []any {
		return []any{s.workspace, s.key(key), fmt.Sprint(key), key, "jane@acme.com"}
	}})
	w.again(b, "changes", "key = (SELECT MAX(key) FROM changes WHERE action = $1)", "update")
	return w.rival(b, s)
}

// newBareWriter opens a copy of the seed with the settings of the product.
func newBareWriter(b *testing.B, s *benchSeed) *bareWriter {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+s.copy(b)+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	check(b, err)
	b.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	check(b, err)
	w := &bareWriter{conn: conn, jobs: make(chan bareJob, benchClients)}
	check(b, conn.QueryRowContext(context.Background(), "SELECT MAX(key) + 1 FROM contacts").Scan(&w.first))
	return w
}

// again adds the inserts that repeat the rows of a table for which where holds,
// under other keys and unique values.
func (w *bareWriter) again(b *testing.B, table, where string, arg any) {
	b.Helper()
	ctx := context.Background()
	rows, err := w.conn.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+where, arg)
	check(b, err)
	defer rows.Close()
	names, err := rows.Columns()
	check(b, err)
	marks := strings.TrimPrefix(strings.Repeat(", ?", len(names)), ", ")
	stmt, err := w.conn.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+marks+")")
	check(b, err)
	found := 0
	for ; rows.Next(); found++ {
		cells, dest := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			dest[i] = &cells[i]
		}
		check(b, rows.Scan(dest...))
		w.steps = append(w.steps, bareStep{stmt, func(key int64) []any { return otherwise(names, cells, key) }})
	}
	check(b, rows.Err())
	if found == 0 {
		b.Fatal("no row to repeat in ", table)
	}
}

// otherwise returns a row's cells with what must be unique, or spreads over an
// index, derived from the key.
func otherwise(names []string, cells []any, key int64) []any {
	args := make([]any, len(cells))
	copy(args, cells)
	for i, name := range names {
		switch name {
		case "key", "record":
			args[i] = key
		case "email", "target", "id":
			args[i] = fmt.Sprint("contact/", key)
		}
	}
	return args
}

func (w *bareWriter) rival(b *testing.B, s *benchSeed) benchRival {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for first := range w.jobs {
			w.commit(w.gather(first))
		}
	}()
	b.Cleanup(func() {
		close(w.jobs)
		<-ended
	})
	callers := make([]benchCaller, benchClients)
	for i := range callers {
		done := make(chan error, 1)
		callers[i] = func() error {
			w.jobs <- bareJob{w.first + s.serial.Add(1), done}
			return <-done
		}
	}
	return benchRival{name: "G", callers: callers}
}

func (w *bareWriter) gather(first bareJob) []bareJob {
	batch := []bareJob{first}
	for {
		select {
		case j, open := <-w.jobs:
			if !open {
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
}

func (w *bareWriter) commit(batch []bareJob) {
	err := w.write(batch)
	for _, j := range batch {
		j.done <- err
	}
}

func (w *bareWriter) write(batch []bareJob) error {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range batch {
		for _, step := range w.steps {
			if _, err := step.stmt.ExecContext(ctx, step.args(j.serial)...); err != nil {
				return err
			}
		}
	}
	_, err := w.conn.ExecContext(ctx, "COMMIT")
	return err
}
