package server_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/server"
	"crmkit/store"
)

// A write reads no more than it changes. TestWritesReadLittle checks it by the number of pages
// that the connection of the writer requests, which is the same on every machine.

// crowd is a rig on a file with many rows, that counts what the writer reads.
type crowd struct {
	*rig
	path    string
	server  *server.Server
	pages   atomic.Int64  // of the transaction that read most
	other   string        // the token of another workspace
	longest time.Duration // that a write there has taken
}

// crowded returns a rig whose file was filled by fill while no server had it open.
func crowded(t *testing.T, prepare func(*rig), fill func(*filler)) *crowd {
	t.Helper()
	onlyOnSQLite(t, "the rows are written into the file, and pages of it are counted")
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
	c.watch(func(b store.Batch) { c.pages.Store(max(c.pages.Load(), int64(b.Pages))) }) // the writer is one goroutine
	return c
}

func (c *crowd) open() {
	c.t.Helper()
	st, err := store.Open(c.t.Context(), store.Options{Path: c.path, Schema: schema(c.t), Clock: c.clock.Now, Rand: &fixedRand{}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { st.Close() })
	c.store, c.stores = st, []*store.Store{st}
	c.serve(server.Options{})
	c.server = c.servers[0]
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

// copies adds n copies of the newest row of a table. They differ in the columns of other, whose
// values are expressions of the row and of i, the number of the copy.
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

// The rows of the workspace: contacts of one company, and activities of one contact and that
// company, none of which is a call; companies and deals of different names.
const (
	crowdContacts   = 50_000
	crowdCompanies  = 100_000
	crowdDeals      = 50_000
	crowdActivities = 30_000
)

// The most pages that the writer reads in a transaction: for a write, and for a step of the work
// that a write of many rows leaves behind. A create finds and changes some thirty places in
// trees of three or four levels, 120 pages.
const (
	pagesPerWrite = 250
	pagesPerStep  = 25_000
)

// hostile are bodies of writes that concern many rows, by the row of the route table; {k n} in a
// body is replaced by the id of the nth record of a kind. Other routes get a body of their kind.
var hostile = map[string][]string{
	"POST /campaigns/{id}/members": {`{"filter":"notes=like:nobody"}`, `{"filter":"search=xylophone&phone=not:null"}`, `{"filter":"company.name=like:nobody"}`,
		`{"filter":"email=c777@many.example"}`, `{"contact_id":"{contact 2}"}`},
	"PATCH /contacts/{id}":   {`{"notes":"new"}`, `{"email":"c7@many.example"}`},
	"PATCH /companies/{id}":  {`{"name":"New"}`, `{"domain":"new.example"}`},
	"PATCH /activities/{id}": {`{"kind":"call"}`, `{"kind":"note"}`, `{"contact_id":"{contact 2}"}`, `{"occurred_at":"2020-01-01"}`},
	"POST /activities":       {`{"body":"b","contact_id":"{contact 1}","kind":"call"}`, `{"body":"b","company_id":"{company 1}","on_behalf_of":"boss@acme.com"}`},
	"POST /contacts":         {`{"name":"Joe"}`, `{"name":"Joe","email":"c99@many.example"}`, `{"name":"Joe","email":"new@many.example","company_id":"{company 1}","tags":["vip"],"custom":{"seats":3}}`},
	"POST /import/contacts": {"name,email,company.name\nJoe,i1@many.example,Acme\n", "name,email,company.name\nJoe,i2@many.example,Acme x 77\n",
		"name,email,company.name\nJoe,i3@many.example,Nowhere\n"},
	"POST /import/deals":      {"title,contact.name\nBig,Joe\n"},
	"POST /import/activities": {"body,contact_id\nb,{contact 1}\n", "body,deal.title\nb,Acme x 77\n"},
}

// TestWritesReadLittle sends every write of the route table to a workspace of 100,000 rows,
// and checks that none reads more than it changes.
func TestWritesReadLittle(t *testing.T) {
	c := crowdedForWrites(t)
	var deletes []string
	for _, row := range c.server.Rows() {
		if row.Method == "GET" {
			continue
		}
		path := c.fillIn(row)
		if row.Method == "DELETE" {
			deletes = append(deletes, path)
			continue
		}
		bodies := hostile[row.Method+" "+row.Path]
		switch {
		case bodies == nil && row.Entity != nil:
			bodies = []string{c.about(row.Entity)}
		case bodies == nil:
			bodies = []string{"{}"}
		}
		for _, body := range bodies {
			c.within(pagesPerWrite, row.Method, path, c.names(body))
		}
	}
	// From here on a request leaves work behind, whose steps run between the requests.
	for _, body := range []string{`{"company_id":"{company 2}"}`, `{"company_id":null}`} {
		c.within(pagesPerStep, "PATCH", "/contacts/"+c.id("contact", 1), c.names(body))
	}
	c.deleteAll(deletes)
	t.Logf("beside these a write in another workspace took at most %v", c.longest)
}

// crowdedForWrites returns a workspace that has a record of each kind, and many contacts,
// companies, deals and activities. All activities belong to the first contact and the first company.
func crowdedForWrites(t *testing.T) *crowd {
	var other string
	c := crowded(t, func(r *rig) {
		other = "Bearer " + r.signIn("eve@example.com")
		r.setPlan("jane@acme.com", "unlimited")
		for _, e := range schema(t).Records() {
			if e.Can(crm.Create) {
				r.filled(e, r.about(e))
			}
		}
		r.want(201, "POST", "/companies", `{"name":"Other"}`)
	}, func(f *filler) {
		f.contacts(crowdContacts)
		f.copies("companies", crowdCompanies, map[string]string{"key": "key + i", "name": "name || ' ' || i", "name_fold": "name_fold || ' ' || i"})
		f.exec("UPDATE usage SET n = n + ?, last = last + ? WHERE kind = 'companies'", crowdCompanies, crowdCompanies)
		f.copies("deals", crowdDeals, map[string]string{"key": "key + i", "title": "title || ' ' || i", "title_fold": "title_fold || ' ' || i"})
		f.exec("UPDATE usage SET n = n + ?, last = last + ? WHERE kind = 'deals'", crowdDeals, crowdDeals)
		f.copies("activities", crowdActivities, map[string]string{"key": "key + i", "occurred_at": "occurred_at + i"})
		f.exec("UPDATE usage SET n = n + ?, last = last + ? WHERE kind = 'activities'", crowdActivities, crowdActivities)
		f.exec("UPDATE contacts SET activities = ?, last_activity = (SELECT MAX(occurred_at) FROM activities) WHERE key = (SELECT MIN(key) FROM contacts)", crowdActivities+1)
		f.exec("UPDATE companies SET activities = ?, last_activity = (SELECT MAX(occurred_at) FROM activities) WHERE key = (SELECT MIN(key) FROM companies)", crowdActivities+1)
	})
	c.other = other
	return c
}

// deleteAll deletes paths, the longest first, so that a parent goes after its children. It
// confirms a delete that asks for it.
func (c *crowd) deleteAll(paths []string) {
	slices.SortFunc(paths, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, path := range paths {
		hint := c.within(pagesPerStep, "DELETE", path, "")
		if _, token, found := strings.Cut(hint, "?confirm="); found {
			c.within(pagesPerStep, "DELETE", path+"?confirm="+strings.Fields(token)[0], "")
		}
	}
}

// about returns the body of a record that refers to the first of each kind.
func (r *rig) about(e *crm.Entity) string {
	pairs := []string{}
	for i := range e.Fields {
		f := &e.Fields[i]
		switch to := e.Target(f); {
		case f.ReadOnly || slices.Index(e.Parents.ExactlyOne, f.Name) > 0:
		case to != nil && (f.Required || f.Name == "contact_id" || f.Name == "company_id"):
			pairs = append(pairs, fmt.Sprintf("%q:%q", f.Name, r.id(to.Name, 1)))
		case f.Required && f.Type == fieldtype.Choice:
			pairs = append(pairs, fmt.Sprintf("%q:%q", f.Name, f.Choices.Values[0]))
		case f.Required && e.IsDefinition(): // a name, or the query of a view
			pairs = append(pairs, fmt.Sprintf("%q:%q", f.Name, map[crm.Type]string{fieldtype.Name: "acme", fieldtype.Word: "search=acme", fieldtype.Stages: `[{"name":"Acme x"}]`}[f.Type]))
		case f.Required:
			pairs = append(pairs, fmt.Sprintf(`%q:"Acme x"`, f.Name))
		}
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// fillIn returns the path of a row with ids of the workspace.
func (c *crowd) fillIn(row server.RouteRow) string {
	segments := strings.Split(row.Path, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		segments[i] = "u_0000000000"
		for _, e := range c.store.Schema.Records() {
			if e.Route() == segments[i-1] || e.ChildRoute() == segments[i-1] {
				segments[i] = c.id(e.Name, 1)
			}
		}
		if segments[i-1] == "workspaces" {
			segments[i] = c.json(200, "GET", "/whoami", "")["workspace_id"].(string)
		}
	}
	return strings.Join(segments, "/")
}

// names replaces {kind n} with ids.
func (c *crowd) names(body string) string {
	for _, kind := range []string{"contact", "company"} {
		for n := range int64(2) {
			body = strings.ReplaceAll(body, fmt.Sprintf("{%s %d}", kind, n+1), c.id(kind, n+1))
		}
	}
	return body
}

// within sends a request, and checks that no transaction while it is answered reads more
// pages.
func (c *crowd) within(most int64, method, path, body string) string {
	c.t.Helper()
	c.pages.Store(0)
	var other sync.WaitGroup
	other.Go(func() {
		started := time.Now()
		c.want(201, "POST", "/tasks", `{"title":"Call"}`, "Authorization", c.other)
		c.longest = max(c.longest, time.Since(started))
	})
	a := c.call(method, path, body)
	other.Wait()
	if got := c.pages.Load(); got > most {
		c.t.Errorf("%s %s %.100s: %d, the writer read %d pages, at most %d", method, path, body, a.status, got, most)
	}
	return a.body
}
