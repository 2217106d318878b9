package server_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"crmkit/server"
	"crmkit/store"
)

// A write reads no more than it changes. TestWritesReadLittle holds it: what is counted are
// the pages that the writer's connection asks for, which no machine makes more or less of.

// crowd is a rig on a file with many rows, that counts what the writer reads.
type crowd struct {
	*rig
	path  string
	pages atomic.Int64
}

// newRigWithFile returns a rig on a file: reads there do not wait for writes.
func newRigWithFile(t *testing.T) *rig {
	t.Helper()
	c := &crowd{rig: newRig(t), path: filepath.Join(t.TempDir(), "crmkit.db")}
	c.open()
	return c.rig
}

// crowded returns a rig whose file was filled by fill while nobody served it.
func crowded(t *testing.T, prepare func(*rig), fill func(*filler)) *crowd {
	t.Helper()
	c := &crowd{rig: newRig(t), path: filepath.Join(t.TempDir(), "crmkit.db")}
	c.open()
	c.as("jane@acme.com")
	prepare(c.rig)
	if err := c.store.Close(); err != nil {
		t.Fatal(err)
	}
	f := newFiller(t, c.path)
	fill(f)
	f.end()
	c.open()
	c.store.Watch(func(b store.Batch) { c.pages.Add(int64(b.Pages)) })
	return c
}

func (c *crowd) open() {
	c.t.Helper()
	st, err := store.Open(c.t.Context(), store.Options{Path: c.path, Schema: schema(c.t), Clock: c.clock.Now, Rand: &counted{}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { st.Close() })
	c.store = st
	c.serve(server.Options{})
}

// reads returns how many pages the writer read for a request, which must succeed.
func (c *crowd) reads(method, path, body string, header ...string) int64 {
	c.t.Helper()
	before := c.pages.Load()
	if a := c.call(method, path, body, header...); a.status >= 400 && a.status != 409 {
		c.t.Errorf("%s %s %.100s: status %d\n%.300s", method, path, body, a.status, a.body)
	}
	return c.pages.Load() - before
}

// filler multiplies rows of a file that is not in use.
type filler struct {
	t  *testing.T
	db *sql.DB
}

func newFiller(t *testing.T, path string) *filler {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=cache_size(-400000)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	f := &filler{t, db}
	f.exec("BEGIN")
	return f
}

func (f *filler) end() {
	f.t.Helper()
	f.exec("COMMIT")
	if err := f.db.Close(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *filler) exec(text string, args ...any) {
	f.t.Helper()
	if _, err := f.db.Exec(text, args...); err != nil {
		f.t.Fatalf("%s: %v", text, err)
	}
}

// copies adds n copies of the newest row of a table, which differ in the columns named:
// each is what an expression of the row and of i, the number of the copy, gives.
func (f *filler) copies(table string, n int, other map[string]string) {
	f.t.Helper()
	rows, err := f.db.Query("SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	var columns, cells []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			f.t.Fatal(err)
		}
		columns, cells = append(columns, name), append(cells, cmp.Or(other[name], name))
	}
	if err := rows.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < %d) INSERT INTO %s (%s) SELECT %s FROM c CROSS JOIN (SELECT * FROM %s ORDER BY rowid DESC LIMIT 1) r",
		n, table, strings.Join(columns, ", "), strings.Join(cells, ", "), table))
}

// contacts adds n contacts that differ in key and e-mail.
func (f *filler) contacts(n int) {
	f.t.Helper()
	f.copies("contacts", n, map[string]string{"key": "key + i", "email": "'c' || i || '@many.example'"})
	f.exec("UPDATE usage SET n = n + ?, last = last + ? WHERE kind = 'contacts'", n, n)
}

func TestWritesReadLittle(t *testing.T) {
	const rows = 20_000
	c := crowded(t, func(r *rig) {
		r.setPlan("jane@acme.com", "unlimited")
		r.want(201, "POST", "/contacts", `{"name":"Joe Miller","email":"joe@acme.com","notes":"`+strings.Repeat("no news is good news. ", 20)+`"}`)
		r.want(201, "POST", "/campaigns", `{"name":"All"}`)
	}, func(f *filler) { f.contacts(rows) })
	members := "/campaigns/" + c.id("campaign", 1) + "/members"
	for body, most := range map[string]int64{
		`{"filter":"notes=like:nobody"}`:            100,
		`{"filter":"email=like:c777"}`:              20_000,
		`{"filter":"search=miller&phone=not:null"}`: 100,
	} {
		if got := c.reads("POST", members, body); got > most {
			t.Errorf("POST %s %s: the writer read %d pages, at most %d", members, body, got, most)
		}
	}
}
