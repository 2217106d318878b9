package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// bareWriter is ceiling G: one goroutine runs the prepared statements of all waiting callers in
// one transaction, commits it and answers them. It writes the rows that the product wrote for
// the same number of contacts, under other keys, into the same tables and indexes, but has no
// counters and reads nothing.
type bareWriter struct {
	conn  *sql.Conn
	steps [benchSamples][]bareStep
	first int64                 // key of the first new record
	run   func([]bareJob) error // instead of write; may be nil
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

// benchSamples is how many contacts' rows are written again: all names and values in turn.
const benchSamples = 2000

func bareCreate(b *testing.B, s *benchSeed, _ string) benchRival {
	w := newBareWriter(b, s)
	first := s.key(0)
	w.again(b, "contacts", "SELECT key - $1, * FROM contacts WHERE key BETWEEN $1 AND $2", first, first+benchSamples-1)
	for _, table := range []string{"tags", "custom_values"} {
		w.again(b, table, "SELECT record - $1, * FROM "+table+" WHERE record BETWEEN $1 AND $2", first, first+benchSamples-1)
	}
	w.again(b, "log", "SELECT ROW_NUMBER() OVER (ORDER BY key) - 1, * FROM log WHERE action = 'create' AND target LIKE 'contact/%' LIMIT $1", benchSamples)
	return w.rival(b, s)
}

func bareUpdate(b *testing.B, s *benchSeed, _ string) benchRival {
	w := newBareWriter(b, s)
	stmt, err := w.conn.PrepareContext(context.Background(), `UPDATE contacts
		SET phone = $3, phone_fold = $3, version = version + 1, updated_at = $4, updated_by = $5 WHERE workspace_id = $1 AND key = $2`)
	check(b, err)
	for i := range w.steps {
		w.steps[i] = append(w.steps[i], bareStep{stmt, func(key int64) []any {
			return []any{s.workspace, s.key(key), fmt.Sprint(key), key, "jane@acme.com"}
		}})
	}
	w.again(b, "log", `WITH RECURSIVE n(sample) AS (SELECT 0 UNION ALL SELECT sample + 1 FROM n WHERE sample < $1)
		SELECT n.sample, c.* FROM n, log c WHERE c.key = (SELECT MAX(key) FROM log WHERE action = 'update')`, benchSamples-1)
	return w.rival(b, s)
}

// newBareWriter opens a copy of the seed with the settings of the product.
func newBareWriter(b *testing.B, s *benchSeed) *bareWriter {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+s.copy(b)+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)")
	check(b, err)
	b.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	check(b, err)
	w := &bareWriter{conn: conn, jobs: make(chan bareJob, benchClients)}
	check(b, conn.QueryRowContext(context.Background(), "SELECT MAX(key) + 1 FROM contacts").Scan(&w.first))
	return w
}

// again adds inserts that repeat rows of a table with other keys and unique values. The rows
// begin with the number of their sample.
func (w *bareWriter) again(b *testing.B, table, text string, args ...any) {
	b.Helper()
	ctx := context.Background()
	rows, err := w.conn.QueryContext(ctx, text, args...)
	check(b, err)
	defer rows.Close()
	names, err := rows.Columns()
	check(b, err)
	names = names[1:]
	marks := strings.TrimPrefix(strings.Repeat(", ?", len(names)), ", ")
	stmt, err := w.conn.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+marks+")")
	check(b, err)
	found := 0
	for ; rows.Next(); found++ {
		sample, cells := 0, make([]any, len(names))
		dest := []any{&sample}
		for i := range cells {
			dest = append(dest, &cells[i])
		}
		check(b, rows.Scan(dest...))
		w.steps[sample] = append(w.steps[sample], bareStep{stmt, func(key int64) []any { return otherwise(names, cells, key) }})
	}
	check(b, rows.Err())
	if found < benchSamples {
		b.Fatalf("%d rows to repeat in %s", found, table)
	}
}

// otherwise returns the cells of a row with new unique values, and with new values of columns
// that are spread over an index, in the order in which the product has them: one after the
// other, or at random.
func otherwise(names []string, cells []any, key int64) []any {
	args := make([]any, len(cells))
	copy(args, cells)
	for i, name := range names {
		switch name {
		case "key", "record", "created_at", "updated_at", "at":
			args[i] = key
		case "email":
			args[i] = benchEmail(key)
		case "phone", "phone_fold":
			args[i] = fmt.Sprint("1555", key)
		case "target":
			args[i] = fmt.Sprint("contact/", key)
		case "id":
			args[i] = fmt.Sprintf("aud_%016x", uint64(key)*0x9e3779b97f4a7c15)
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
	run := w.write
	if w.run != nil {
		run = w.run
	}
	err := run(batch)
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
		for _, step := range w.steps[j.serial%benchSamples] {
			if _, err := step.stmt.ExecContext(ctx, step.args(j.serial)...); err != nil {
				return err
			}
		}
	}
	_, err := w.conn.ExecContext(ctx, "COMMIT")
	return err
}
