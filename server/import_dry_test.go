package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm/catalog"
	"crmkit/server"
	"crmkit/store"
)

var handles = regexp.MustCompile(` [a-z_]+/[a-z]+_\w+`)

// madeValues are the values that a dry run shows of a record that it would make, behind a note.
var madeValues = regexp.MustCompile(`(?m)^(row \d+ created(?: \(.*\))?)(?: .*)?$`)

// smallRows draws a file with few different ids, addresses and names, so that rows are about the
// same records, and with empty and wrong cells.
func smallRows(t *rapid.T, kind string) string {
	columns := map[string][]string{
		"contacts":         {"id", "name", "email", "company", "company_domain", "tags", "notes", "seats"},
		"companies":        {"id", "name", "domain", "tags", "notes", "seats"},
		"deals":            {"id", "title", "amount_cents", "contact.email", "contact", "company", "notes"},
		"activities":       {"id", "kind", "body", "contact.email", "company", "occurred_at"},
		"tickets":          {"id", "subject", "requester.email", "company"},
		"campaigns":        {"id", "name", "description"},
		"campaign_members": {"id", "campaign", "contact.email", "company", "reason"},
		"deal_contacts":    {"id", "deal", "contact.email", "role"},
	}[kind]
	few := func(name string, values ...string) string {
		return rapid.SampledFrom(append(values, "", "")).Draw(t, name)
	}
	cell := func(column string) string {
		switch column {
		case "id":
			return few(column, "1", "2", "3", "4", "5", "6")
		case "email", "contact.email", "requester.email":
			return few(column, "a@x.com", "b@x.com", "c@x.com", "d@x.com", "no address")
		case "domain", "company_domain":
			return few(column, "x.com", "y.com", "z.com", "no domain")
		case "kind":
			return few(column, "note", "call", "note")
		case "amount_cents":
			return few(column, "5", "7", "x")
		case "occurred_at":
			return "2026-06-01"
		case "tags":
			return few(column, "a", "b", "a;b")
		}
		return few(column, "Ann", "ann", "Bob", "Cid", "Dora with a name")
	}
	lines := []string{strings.Join(columns, ",")}
	for range rapid.IntRange(1, 20).Draw(t, "rows") { // as many as a dry run lists
		var cells []string
		for _, column := range columns {
			cells = append(cells, cell(column))
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return strings.Join(lines, "\n") + "\n"
}

// afterDryRun imports a file after its dry run, whose answer is dry: by the token in it, if it has
// one, and with the file if there was no storage to keep it.
func (r *rig) afterDryRun(path, file, dry string) answer {
	token := confirmToken.FindStringSubmatch(dry)
	if token == nil {
		return r.call("POST", path, file)
	}
	path += "&confirm=" + token[1]
	if a := r.call("POST", path, ""); !strings.Contains(a.body, "did not keep the file of this dry run") {
		return a
	}
	return r.call("POST", path, file)
}

// madeRows name records that a dry run would make, in errors. An import names their handles.
var madeRows = regexp.MustCompile(` row \d+( \(line \d+\))? of this file| an? \w+ that an earlier row of this file makes`)

// A dry run reports each row like the import, wherever its batches end, except for the ids of
// new records, which are not known yet. It leaves nothing behind.
func TestDryRunsMatchImports(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := catalog.Plan{Name: "small", Caps: []catalog.Cap{
			{Resource: "contacts", Max: rapid.Int64Range(1, 12).Draw(rt, "contacts")},
			{Resource: "companies", Max: rapid.Int64Range(1, 8).Draw(rt, "companies")},
			{Resource: catalog.Storage, Max: rapid.SampledFrom([]int64{2000, 3000, 4000, 6000, 9000, 1 << 30}).Draw(rt, "storage")},
		}}
		r := newRigWith(t, store.Options{Plans: catalog.Plans{plan}, Plan: "small"})
		atOnce := rapid.IntRange(1, 9).Draw(rt, "at once")
		r.tune(func(s *server.Server) { s.SaveAtOnce(atOnce) })
		r.as("jane@acme.com")
		for i := range rapid.IntRange(1, 4).Draw(rt, "files") {
			kind := rapid.SampledFrom([]string{"contacts", "contacts", "companies", "deals", "activities", "tickets", "campaigns", "campaign_members", "deal_contacts"}).Draw(rt, "kind")
			if i == 0 {
				kind = "contacts"
			}
			file := smallRows(rt, kind)
			path := "/import/" + kind + "?source=old"
			before := snapshot(r)
			dry := r.call("POST", path+"&dry_run=1", file)
			dry.body = madeRows.ReplaceAllString(madeValues.ReplaceAllString(dry.body, "$1"), "")
			if after := snapshot(r); after != before {
				rt.Fatalf("the dry run left something: %s", diff(before, after))
			}
			there := map[string]bool{}
			for _, handle := range handles.FindAllString(strings.ReplaceAll(before, "\n", "\n "), -1) {
				there[handle] = true
			}
			real := r.afterDryRun(path, file, dry.body)
			want := handles.ReplaceAllStringFunc(changeLine.ReplaceAllString(real.body, ""), func(handle string) string {
				if there[handle] {
					return handle
				}
				return ""
			})
			want = strings.Replace(want, "# imported:", "# dry run:", 1)
			got, _, _ := strings.Cut(handles.ReplaceAllStringFunc(dry.body, func(handle string) string {
				if there[handle] {
					return handle
				}
				return ""
			}), "# nothing was saved\n")
			if got, want = withoutPlan(got), withoutPlan(want); dry.status != real.status || got != want {
				rt.Fatalf("%s of %s\ndry\n%s\nreal\n%s", kind, file, got, want)
			}
		}
	})
}

// withoutPlan returns an answer from its first row on: a confirmed import does not repeat how the
// columns are read.
func withoutPlan(text string) string {
	if at := strings.Index("\n"+text, "\nrow "); at >= 0 {
		return text[at:]
	}
	return text
}

// Other writes run between the transactions of a dry run, which have some hundred rows each,
// and none runs twice.
func TestDryRunsYieldToOtherWrites(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var batches, most int
	r.want(200, "POST", "/import/contacts?dry_run=1", rowsOf(100))
	r.watch(func(b store.Batch) {
		batches++
		most = max(most, b.Pages)
	})
	r.want(200, "POST", "/import/contacts?dry_run=1", rowsOf(100))
	one := most
	r.tune(func(s *server.Server) { s.TakeNobodyForBusy() })
	batches, most = 0, 0
	file := strings.Repeat("Bad,no address\n", 300)
	text := r.want(200, "POST", "/import/contacts?dry_run=1", rowsOf(2000)+file)
	if !strings.Contains(text, "# dry run: 2000 created, 0 updated, 0 unchanged, 300 failed") || batches < 8 || batches > 26 || most > one*5 {
		t.Errorf("%d transactions, the largest read %d pages, a dry run of 100 rows %d: %s", batches, most, one, text[max(0, len(text)-300):])
	}
}

// A dry run remembers the changes of rows, not their records. If the changes exceed its
// memory, it ends after the rows that it reported.
func TestDryRunMemoryIsBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.tune(func(s *server.Server) {
		s.SaveAtOnce(5)
		s.RememberAtMost(100_000)
	})
	custom := strings.Repeat("x", 30_000)
	names, seats := "email,phone\n", "email,seats\n"
	for i := range 20 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"N","email":"n%d@x.com","custom":{"a":"%s"}}`, i, custom))
		names += fmt.Sprintf("n%d@x.com,+49 30 %d\n", i, 1000+i)
		seats += fmt.Sprintf("n%d@x.com,%d\n", i, i)
	}
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", names); !strings.Contains(text, "# dry run: 0 created, 20 updated, 0 unchanged, 0 failed\n# nothing was saved\n# to do exactly this") {
		t.Errorf("changes of few bytes: %s", text)
	}
	text := r.want(200, "POST", "/import/contacts?dry_run=1", seats)
	if !strings.Contains(text, "# stopped after row 5: invalid_value: a dry run holds the changes of all rows in memory, at most 100000 bytes") || !strings.Contains(text, "send its first part") ||
		!strings.HasSuffix(text, "# dry run: 0 created, 5 updated, 0 unchanged, 0 failed\n# nothing was saved\n") {
		t.Errorf("changes of many bytes: %s", text)
	}
	if text := r.want(200, "POST", "/import/contacts", seats); !strings.Contains(text, "# imported: 0 created, 20 updated") {
		t.Errorf("in earnest: %s", text)
	}
}

// wideRows returns rows with many values, all different.
func wideRows(rows, columns int) string {
	var b strings.Builder
	b.WriteString("name,email")
	for i := range columns {
		fmt.Fprintf(&b, ",column %d", i)
	}
	for i := range rows {
		fmt.Fprintf(&b, "\nRow %d,row%d@acme.com%s", i, i, strings.Repeat(",x", columns))
	}
	return b.String() + "\n"
}

// Of rows with very many columns few are saved in a transaction, of a dry run each in its own.
func TestWideRowsShrinkBatches(t *testing.T) {
	for how, rows := range map[string]int{"?dry_run=1": 1, "": 3} { // of a transaction
		r := newRig(t).as("jane@acme.com")
		r.tune(func(s *server.Server) { s.TakeNobodyForBusy() })
		var batches int
		r.watch(func(b store.Batch) { batches++ })
		text := r.want(200, "POST", "/import/contacts"+how, wideRows(60, 400))
		if !strings.Contains(text, "60 created, 0 updated, 0 unchanged, 0 failed") || batches < 58/rows || batches > 65/rows+3 {
			t.Errorf("%q: %d transactions: %s", how, batches, text[max(0, len(text)-300):])
		}
	}
}

// slowly is a trigger that makes the insert of a contact slow, on SQLite and on PostgreSQL.
const slowly = `CREATE TRIGGER slow AFTER INSERT ON contacts BEGIN
	UPDATE contacts SET notes = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT CAST(MAX(i) AS TEXT) FROM n) WHERE key = NEW.key;
END;`

const slowlyOnPostgres = `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END $$;
CREATE TRIGGER slow AFTER INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION slow();`

// If rows take longer than a write may, fewer are saved in a transaction. An atomic import of
// them is refused with its size.
func TestSlowRowsShrinkBatches(t *testing.T) {
	// The limit is that of some sixty rows, however fast the machine is, so that a short stall of it ends no single row.
	row, trigger := time.Hour, slowly
	if *engineFlag != "memory" {
		trigger = slowlyOnPostgres
	}
	probe := newRigWith(t, store.Options{Migrations: furtherMigration(t, trigger)}).as("jane@acme.com")
	for range 20 {
		began := time.Now()
		probe.want(201, "POST", "/contacts", `{"name":"Jane"}`)
		row = min(row, time.Since(began))
	}
	r := newRigWith(t, store.Options{MaxWrite: 60 * row, Migrations: furtherMigration(t, trigger)}).as("jane@acme.com")
	a := r.call("POST", "/import/contacts?atomic=1", wideRows(900, 0))
	if a.status != 400 || !strings.Contains(a.body, "900 rows with 1800 values take longer") || !strings.Contains(a.body, "Leave atomic out") {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, how := range []string{"?dry_run=1", ""} {
		if text := r.want(200, "POST", "/import/contacts"+how, wideRows(200, 0)); !strings.Contains(text, "200 created, 0 updated, 0 unchanged, 0 failed") {
			t.Errorf("%q: %s", how, text[max(0, len(text)-300):])
		}
	}
}
