package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/storetest/kit"
	"crmkit/store/table"
)

// checkCache compares the records of lists and fetches with those in the tables.
func (f *fixture) checkCache(actor crm.Actor) {
	f.t.Helper()
	for _, e := range f.Schema.Entities {
		if !f.mappings[e].Layout.Cacheable() {
			continue
		}
		for range 2 { // with the cache as it is, and with the records that the first round put there
			for _, rec := range f.list(actor, e.Name, "limit=200&total=none").Records {
				var want crm.Record
				f.write(actor, func(tx *Tx) (err error) {
					want, err = tx.Fetch(e, rec.Key)
					return err
				})
				if diff := equalRecords(rec, want); diff != "" {
					f.t.Fatalf("a list shows %s as it is not: %s", rec.Handle(), diff)
				}
				if diff := equalRecords(f.fetch(actor, rec), want); diff != "" {
					f.t.Fatalf("a fetch shows %s as it is not: %s", rec.Handle(), diff)
				}
			}
		}
	}
}

// TestCacheShowsWhatTheTablesHave has several goroutines that write at random while others read.
// After each round the cache has what the tables have.
func TestCacheShowsWhatTheTablesHave(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		actors := []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
		for round := range 3 {
			kit.Together(6, func(worker int) {
				m := f.mixer(actors, round, worker)
				for range 60 {
					if worker < 4 {
						m.step()
						continue
					}
					kind := []string{"contact", "company", "deal", "activity", "campaign_member"}[m.random.IntN(5)]
					for _, rec := range f.list(m.actor, kind, "limit=30").Records {
						_, _ = f.Record(t.Context(), m.actor, rec.Entity, rec.Key) // it may be deleted by now
					}
				}
			})
			for _, actor := range actors {
				f.checkCache(actor)
			}
		}
		if cached := f.cache.Stats().Bytes > 0; cached != (f.Store.opts.Caches.Records > 0) {
			t.Errorf("records are in the cache: %v", cached)
		}
	})
}

// TestCacheFollowsWrites changes cached records, the labels of their references and their rollups.
func TestCacheFollowsWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme, other := f.save(ann, "company", "name", "Acme"), f.save(ann, "company", "name", "Other")
		jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"a"}, "company_id", acme)
		campaign := f.save(ann, "campaign", "name", "Spring")
		for _, change := range []func(){
			func() { f.update(ann, jane, "name", "Jane Doe") },
			func() { f.update(ann, acme, "name", "Acme Ltd") },
			func() { f.save(ann, "activity", "body", "called", "contact_id", jane) },
			func() { f.save(ann, "campaign_member", "campaign_id", campaign, "contact_id", jane) },
			func() { f.update(ann, jane, "company_id", other) },
			func() { f.remove(ann, other) },
			func() { f.remove(ann, campaign) },
		} {
			f.checkCache(ann)
			change()
		}
		f.checkCache(ann)
		f.remove(ann, jane)
		if _, err := f.Record(t.Context(), ann, jane.Entity, jane.Key); kit.CodeOf(err) != crm.NotFound {
			t.Errorf("a deleted record: %v", err)
		}
	})
}

// TestCacheDropsRecordsOfOlderCommits puts a record into the cache that was read before a commit,
// and reads from a snapshot of before it. Neither finds a record.
func TestCacheDropsRecordsOfOlderCommits(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	layout := f.mappings[jane.Entity].Layout
	before := f.cache.Snapshot(ann.Workspace)
	old := f.fetch(ann, jane)
	f.update(ann, jane, "name", "June")
	before.PutRecords(layout, []crm.Record{old})
	if name := f.fetch(ann, jane).Value("name").Text; name != "June" {
		t.Errorf("fetched %s", name)
	}
	records := make([]crm.Record, 1)
	if missing := before.Records(layout, []int64{jane.Key}, records); len(missing) != 1 || records[0].Entity != nil {
		t.Error("a snapshot of before a commit finds a record that was put after it")
	}
	if missing := f.cache.Snapshot(ann.Workspace).Records(layout, []int64{jane.Key}, records); len(missing) != 0 {
		t.Error("the cache is empty, so this test shows nothing")
	}
}

// TestCacheSeparatesWorkspaces asks for records of another workspace that are cached.
func TestCacheSeparatesWorkspaces(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		rec := f.save(ann, "contact", "name", "Jane")
		f.fetch(ann, rec)
		if _, err := f.Record(t.Context(), bob, rec.Entity, rec.Key); kit.CodeOf(err) != crm.NotFound {
			t.Errorf("a record of another workspace: %v", err)
		}
	})
}

// TestCacheIsBounded reads more records than the cache may have.
func TestCacheIsBounded(t *testing.T) {
	f := openWith(t, kit.NewClock(), Options{Path: filepath.Join(t.TempDir(), "crmkit.db"), Caches: &Caches{Records: 20_000}})
	ann := f.member("ann@example.com")
	for i := range 100 {
		f.save(ann, "contact", "name", fmt.Sprintf("%d %s", i, strings.Repeat("x", 150)))
	}
	for range 2 {
		f.checkCache(ann)
		if size := f.cache.Stats().Bytes; size > 20_000 || size < 5_000 {
			t.Errorf("the cache has %d bytes", size)
		}
	}
}

// foreignCommit is the line of the log after a commit of another program.
const foreignCommit = "another program has committed to the database"

// TestCommitsOfOtherProgramsAreSeen changes the file without the store, as sqlite3 can. From the
// next write on, every answer is as in the file.
func TestCommitsOfOtherProgramsAreSeen(t *testing.T) {
	f, log := withLog(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	for range 2 { // the second time everything is in memory
		f.findsOne(ann, "jane", 1)
		f.fetch(ann, jane)
		f.list(ann, "contact", "name=Jane&total=exact")
	}
	before := f.cache.Snapshot(ann.Workspace)
	must(t, runSQL(f.opts.Path, "UPDATE contacts SET name = 'June', name_fold = 'june'"))
	f.save(ann, "company", "name", "Acme")
	if before.Valid() {
		t.Error("what was read before the commit may still be put into the cache")
	}
	if name := f.fetch(ann, jane).Value("name").Text; name != "June" {
		t.Errorf("fetched %s", name)
	}
	f.findsOne(ann, "june", 1)
	f.findsOne(ann, "jane", 0)
	if n := f.list(ann, "contact", "name=Jane&total=exact").Total; n != 0 {
		t.Errorf("%d contacts have the old name", n)
	}
	if n := strings.Count(log.String(), foreignCommit); n != 1 {
		t.Errorf("%d times in the log:\n%s", n, log.String())
	}
}

// TestOwnCommitsDoNotEmptyCaches checks that the writer does not take its own commits, failed
// writes and checkpoints, or reads of other programs, for writes of another program.
func TestOwnCommitsDoNotEmptyCaches(t *testing.T) {
	f, log := withLog(t)
	f.opts.idle = time.Millisecond
	f = f.reopen()
	ann := f.member("ann@example.com")
	for i := range 5 {
		jane := f.save(ann, "contact", "name", fmt.Sprint("Jane ", i))
		f.findsOne(ann, "jane", int64(i+1))
		if err := f.Write(t.Context(), ann, func(tx *Tx) error {
			_, err := tx.Update(jane.Key, f.draft("contact", "name", "June"))
			return errors.Join(err, errors.New("oops"))
		}); err == nil {
			t.Fatal("a failed write was committed")
		}
		for f.Stats().LogBytes > 0 { // until a checkpoint
			time.Sleep(time.Millisecond)
		}
		if _, err := sqlite.Verify(t.Context(), f.opts.Path, FileSchema()); err != nil {
			t.Error(err)
		}
	}
	if f.indexes.Bytes() == 0 || strings.Contains(log.String(), foreignCommit) {
		t.Errorf("%d bytes of text are in memory:\n%s", f.indexes.Bytes(), log.String())
	}
}

// TestCachesFollowSteps reads between the steps of a change with many dependents. With the caches
// as they are from before, the answers are the same as with caches that are filled again.
func TestCachesFollowSteps(t *testing.T) {
	for name, change := range map[string]func(f *fixture, ann crm.Actor, company crm.Record, contacts []crm.Record){
		"move": func(f *fixture, ann crm.Actor, _ crm.Record, contacts []crm.Record) {
			f.update(ann, contacts[0], "company_id", f.save(ann, "company", "name", "Other"))
		},
		"delete of a company": func(f *fixture, ann crm.Actor, company crm.Record, _ []crm.Record) { f.remove(ann, company) },
		"delete of a contact": func(f *fixture, ann crm.Actor, _ crm.Record, contacts []crm.Record) { f.remove(ann, contacts[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			f := onFile(t)
			ann := f.member("ann@example.com")
			company, contacts := f.group(ann, 6)
			for range 10 {
				f.save(ann, "activity", "body", "lunch", "kind", "call", "contact_id", contacts[0])
			}
			f.cascades.atOnce, f.cascades.step = 2, 1
			records := append(slices.Clone(contacts), company)
			asked := map[string][]string{
				"contact":  {"", "company_id=" + company.ID, "company.name=Acme", "search=acme", "activities=gt:2", "company.activities=gt:4"},
				"company":  {"", "activities=gt:0", "activities=gt:14", "search=acme", "last_activity=not:null", "on_behalf_of=boss@acme.com"},
				"activity": {"", "contact_company_id=" + company.ID, "contact_company_id=not:null", "company=" + company.ID, "contact_id=" + contacts[0].ID, "search=lunch", "search=acme"},
			}
			f.answers(ann, records, asked)
			change(f, ann, company, contacts)
			reads := f.betweenSteps(100, "TRUE", func(i int) {
				got := f.answers(ann, records, asked)
				f.emptyCaches()
				for n, want := range f.answers(ann, records, asked) {
					if got[n] != want {
						t.Errorf("read %d: the caches say\n%s\nthe tables say\n%s", i, got[n], want)
					}
				}
			})
			if reads < 2 {
				t.Errorf("%d reads between steps, too few", reads)
			}
		})
	}
}

// answers returns the answers of a store to questions whose answers may be cached.
func (f *fixture) answers(actor crm.Actor, records []crm.Record, asked map[string][]string) (lines []string) {
	f.t.Helper()
	for _, rec := range records {
		got, err := f.Record(f.t.Context(), actor, rec.Entity, rec.Key)
		lines = append(lines, fmt.Sprintf("%s %s %s", rec.Handle(), kit.CodeOf(err), shown(got)))
	}
	for _, e := range f.Schema.Records() {
		for _, params := range asked[e.Name] {
			for _, limit := range []string{"", "&limit=1"} {
				page := f.list(actor, e.Name, params+limit)
				line := fmt.Sprint(e.Plural, "?", params, limit, ": ", page.Total)
				for _, rec := range page.Records {
					line += " " + shown(rec)
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// shown returns the values and labels of a record in one line.
func shown(rec crm.Record) string {
	if rec.Entity == nil {
		return ""
	}
	line := rec.ID
	for i, v := range rec.Values {
		if v.Set() {
			line += fmt.Sprintf(" %s=%v%s", rec.Entity.Fields[i].Name, table.Arg(v), rec.Labels[i])
		}
	}
	return line
}
