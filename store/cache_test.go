package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/cache"
)

// checkCache compares what lists and fetches show with the tables.
func (f *fixture) checkCache(actor crm.Actor) {
	f.t.Helper()
	for _, e := range f.Schema.Entities {
		if !f.mappings[e].Layout.Cacheable() {
			continue
		}
		for range 2 { // as it was left, and as it was put just now
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

// TestCacheShowsWhatTheTablesHave writes at random from several sides while others read.
func TestCacheShowsWhatTheTablesHave(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		actors := []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
		for round := range 3 {
			together(6, func(worker int) {
				m := f.mixer(actors, round, worker)
				for range 60 {
					if worker < 4 {
						m.step()
						continue
					}
					kind := []string{"contact", "company", "deal", "activity", "campaign_member"}[m.random.IntN(5)]
					for _, rec := range f.list(m.actor, kind, "limit=30").Records {
						_, _ = f.Record(t.Context(), m.actor, rec.Entity, rec.Key) // it may be gone by now
					}
				}
			})
			for _, actor := range actors {
				f.checkCache(actor)
			}
		}
		if kept := f.cache.Stats().Bytes > 0; kept != (f.Store.opts.Caches.Records > 0) {
			t.Errorf("records are kept: %v", kept)
		}
	})
}

// TestCacheFollowsWrites changes what cached records show, in each way.
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
		if _, err := f.Record(t.Context(), ann, jane.Entity, jane.Key); codeOf(err) != crm.NotFound {
			t.Errorf("a deleted record: %v", err)
		}
	})
}

// TestCacheKeepsNothingOfBefore puts and takes what was read before a commit.
func TestCacheKeepsNothingOfBefore(t *testing.T) {
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
		t.Error("a snapshot of before a commit finds what was put after it")
	}
	if missing := f.cache.Snapshot(ann.Workspace).Records(layout, []int64{jane.Key}, records); len(missing) != 0 {
		t.Error("nothing was kept: the test tested nothing")
	}
}

// TestCacheIsOfOneWorkspace asks for records of another workspace that are cached.
func TestCacheIsOfOneWorkspace(t *testing.T) {
	f := onFile(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	rec := f.save(ann, "contact", "name", "Jane")
	f.fetch(ann, rec)
	if _, err := f.Record(t.Context(), bob, rec.Entity, rec.Key); codeOf(err) != crm.NotFound {
		t.Errorf("a record of another workspace: %v", err)
	}
}

// TestCacheIsBounded reads more than fits.
func TestCacheIsBounded(t *testing.T) {
	f := onFile(t)
	f.cache = cache.New(cache.Limits{Records: 20_000})
	ann := f.member("ann@example.com")
	for i := range 100 {
		f.save(ann, "contact", "name", fmt.Sprintf("%d %s", i, strings.Repeat("x", 150)))
	}
	for range 2 {
		f.checkCache(ann)
		if size := f.cache.Stats().Bytes; size > 20_000 || size < 5_000 {
			t.Errorf("%d bytes are kept", size)
		}
	}
}

// TestWritersOutsideAreSeen writes through another process's store, with and without a
// look at the index of the log.
func TestWritersOutsideAreSeen(t *testing.T) {
	for _, look := range []string{"with", "without"} {
		t.Run(look, func(t *testing.T) {
			f := onFile(t)
			if look == "without" {
				_ = f.wal.close()
				f.wal = nil
			}
			other := openWith(t, f.clock, f.opts)
			ann := f.member("ann@example.com")
			acme := f.save(ann, "company", "name", "Acme")
			jane := f.save(ann, "contact", "name", "Jane", "company_id", acme)
			for i := range 20 {
				f.checkCache(ann)
				switch i % 3 {
				case 0:
					other.update(ann, jane, "phone", fmt.Sprint(i))
				case 1:
					other.update(ann, acme, "name", fmt.Sprint("Acme ", i))
				case 2:
					other.save(ann, "activity", "body", "called", "contact_id", jane)
				}
			}
			f.checkCache(ann)
		})
	}
}

// TestCommitsShowWhatOthersWrote looks at a record that another process changed, while
// this one commits something else in the same workspace: the moment ends with the other's
// change and with its own, once.
func TestCommitsShowWhatOthersWrote(t *testing.T) {
	f := onFile(t)
	other := openWith(t, f.clock, f.opts)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	f.list(ann, "contact", "search=jane")
	f.fetch(ann, jane)
	other.update(ann, jane, "name", "Zoe")
	var looked bool
	var valid bool
	var name string
	found := make(chan int, 1)
	f.Watch(func(Batch) { // the batch is on disk, memory not in step yet
		if looked {
			return
		}
		looked, valid = true, f.cache.Snapshot(ann.Workspace).Valid()
		rec, err := f.Record(t.Context(), ann, jane.Entity, jane.Key)
		if err != nil {
			t.Error(err)
		}
		name = rec.Value("name").Text
		go func() {
			page, err := f.List(t.Context(), ann, f.question(ann, "contact", "search=zoe"))
			if err != nil {
				t.Error(err)
			}
			found <- len(page.Records)
		}()
		select { // a search that does not wait for the writer ends here
		case n := <-found:
			found <- n
		case <-time.After(50 * time.Millisecond):
		}
	})
	f.save(ann, "company", "name", "Acme")
	if n := <-found; valid || name != "Zoe" || n != 1 {
		t.Errorf("during a commit, with a valid snapshot %v: %s, found %d times", valid, name, n)
	}
	f.checkCache(ann)
}

// TestReadsDoNotWaitForWritersOutside reads while another process writes for long, and
// has written before.
func TestReadsDoNotWaitForWritersOutside(t *testing.T) {
	f := onFile(t)
	other := openWith(t, f.clock, f.opts)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "Jane", "tags", []string{"a"})
	f.list(ann, "contact", "tags=a")
	other.update(ann, rec, "name", "June")
	release := other.block()
	if name := f.fetch(ann, rec).Value("name").Text; name != "June" {
		t.Errorf("fetched %s", name)
	}
	if page := f.list(ann, "contact", "tags=a"); len(page.Records) != 1 || page.Records[0].Value("name").Text != "June" {
		t.Errorf("listed %v", page.Records)
	}
	if used := f.inUse(ann, "contact", "tags=b"); used != "a 1" {
		t.Errorf("in use: %s", used)
	}
	release()
	f.checkCache(ann)
}

// TestWalIndexTells checks that what other connections commit changes what is looked at,
// and that what they read does not.
func TestWalIndexTells(t *testing.T) {
	f := onFile(t)
	other := openWith(t, f.clock, f.opts)
	ann := f.member("ann@example.com")
	before, ok := f.wal.head()
	other.list(ann, "contact", "")
	if now, still := f.wal.head(); !ok || !still || now != before {
		t.Errorf("a read changed the head: %v %v", ok, still)
	}
	other.save(ann, "contact", "name", "Jane")
	if now, still := f.wal.head(); !still || now == before {
		t.Errorf("a commit did not change the head: %v", still)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ = f.wal.head()
	openWith(t, f.clock, f.opts).save(ann, "contact", "name", "June")
	if now, still := f.wal.head(); !still || now == before {
		t.Errorf("after another look ended, a commit did not change the head: %v", still)
	}
}
