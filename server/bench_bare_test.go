package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/julienschmidt/httprouter"
)

// bareHTTP is ceiling H: net/http and httprouter answer the operation's
// requests with a constant of the size and status of the product's answer.
func (s *benchSeed) bareHTTP(b *testing.B, op benchOp, product string) benchRival {
	b.Helper()
	path, body := op.request(s, s.serial.Add(1)-1)
	status, size, err := newBenchWire(b, product, s.token).do(op.method, path, body)
	check(b, err)
	return benchRival{name: "H", callers: s.callers(b, op, bareServer(b, status, size, func() error { return nil }), benchClients)}
}

// bareServer serves requests of any operation with net/http and httprouter: it calls work, and
// answers with a constant of a size and a status. It returns its address.
func bareServer(b *testing.B, status, size int, work func() error) string {
	b.Helper()
	constant := bytes.Repeat([]byte{'x'}, size)
	answer := func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		_, _ = io.Copy(io.Discard, r.Body)
		if err := work(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header()["Content-Type"] = []string{"text/plain; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(size)}
		w.WriteHeader(status)
		_, _ = w.Write(constant)
	}
	router := httprouter.New()
	router.GET("/contacts", answer)
	router.POST("/contacts", answer)
	router.GET("/contacts/:id", answer)
	router.PATCH("/contacts/:id", answer)
	router.GET("/search", answer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	bare := &http.Server{Handler: router}
	go func() { _ = bare.Serve(listener) }()
	b.Cleanup(func() { bare.Close() })
	return listener.Addr().String()
}

// bareRows is the common part of all reads: the columns that a contact line shows, and the name of its
// company.
const bareRows = `SELECT t.key, t.name, t.email, t.phone, t.other_emails, t.other_phones, t.title, t.address, t.stage, t.company_id, t.owner, t.tags,
	t.notes, t.follow_up_at, t.follow_up_note, t.custom, t.external_ids, t.activities, t.last_activity, t.outreach, t.last_outreach, t.on_behalf_of,
	t.version, t.created_at, t.created_by, t.updated_at, t.updated_by, j.name
	FROM contacts t LEFT JOIN companies j ON j.key = t.company_id WHERE t.workspace_id = $1`

const bareOrder = " ORDER BY t.created_at DESC, t.key DESC LIMIT 51"

func bareFetch(b *testing.B, s *benchSeed, path string) benchRival {
	return s.bareSelect(b, path, bareRows+" AND t.key = $2", func(n int64) []any { return []any{s.workspace, s.key(n)} })
}

func bareList(b *testing.B, s *benchSeed, path string) benchRival {
	return s.bareSelect(b, path, bareRows+bareOrder, func(int64) []any { return []any{s.workspace} })
}

func bareStage(b *testing.B, s *benchSeed, path string) benchRival {
	return s.bareSelect(b, path, bareRows+" AND t.stage = $2"+bareOrder, func(n int64) []any { return []any{s.workspace, benchStage(n)} })
}

// bareSearch searches two words as substrings of every field that search= reads, in one pass
// without a total.
func bareSearch(b *testing.B, s *benchSeed, path string) benchRival {
	text := bareRows
	for word := range 2 {
		text += fmt.Sprintf(` AND (t.name_fold LIKE $%[1]d OR t.email LIKE $%[1]d OR t.phone_fold LIKE $%[1]d OR t.notes_fold LIKE $%[1]d
			OR EXISTS (SELECT 1 FROM tags g JOIN names n ON n.key = g.name_id WHERE g.record = t.key AND n.kind = 'contact' AND n.name LIKE $%[1]d)
			OR EXISTS (SELECT 1 FROM companies c WHERE c.key = t.company_id AND c.name_fold LIKE $%[1]d))`, word+2)
	}
	return s.bareSelect(b, path, text+bareOrder, func(n int64) []any {
		first, last := benchName(n)
		return []any{s.workspace, "%" + first + "%", "%" + last + "%"}
	})
}

// bareSelect is ceiling R: the same number of callers run the prepared statement on the
// product's file, with as many connections as the product has, and read every row.
func (s *benchSeed) bareSelect(b *testing.B, path, text string, args func(n int64) []any) benchRival {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	check(b, err)
	conns := max(2, runtime.NumCPU())
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	b.Cleanup(func() { db.Close() })
	stmt, err := db.Prepare(text)
	check(b, err)
	callers := make([]benchCaller, benchClients)
	for i := range callers {
		callers[i] = func() error { return readAll(stmt, args(s.serial.Add(1)-1)) }
	}
	return benchRival{name: "R", callers: callers}
}

func readAll(stmt *sql.Stmt, args []any) error {
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	cells, dest := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		dest[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
	}
	return rows.Err()
}
