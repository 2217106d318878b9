package store

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/textindex"
)

// withLog opens a store on a file, with a log that is written into a string.
func withLog(t *testing.T) (*fixture, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	f := onFile(t)
	f.opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	return f.reopen(), &log
}

// long returns a draft with so many bytes of notes.
func (f *fixture) long(name string, size int) Draft {
	return f.draft("contact", "name", name, "notes", strings.Repeat("hay ", size/4))
}

// TestBrokenCachesDoNotStopWrites lets updates of the caches and functions given to After panic.
// Writes are saved and answered, the fault is logged, and reads are right.
func TestBrokenCachesDoNotStopWrites(t *testing.T) {
	f, log := withLog(t)
	ann := f.member("ann@example.com")
	broken := func(tx *Tx, kind string) { // commits a record without values
		tx.NoteRecord(crm.Record{Entity: f.Schema.ByName(kind), Key: crm.RecordKey(ann.Workspace, 1)})
	}
	for i, fault := range []func(tx *Tx){
		func(tx *Tx) { broken(tx, "contact") },
		func(tx *Tx) { broken(tx, "company") },
		func(tx *Tx) { tx.After(func() { panic("a hook") }) },
	} {
		name := fmt.Sprintf("needle%dx", i)
		f.findsOne(ann, name, 0) // fills the text index
		f.write(ann, func(tx *Tx) error {
			for n := range 20 {
				if _, err := tx.Save(f.long(fmt.Sprint(name, " ", n), 60_000)); err != nil {
					return err
				}
			}
			fault(tx)
			return nil
		})
		f.findsOne(ann, name, 20)
		f.compareSearches(ann, []string{"contact"}, name)
		f.checkCache(ann)
	}
	if n := strings.Count(log.String(), "memory is filled anew"); n < 3 {
		t.Errorf("%d faults are logged:\n%s", n, log)
	}
}

// TestCachesDropDeletedWorkspaces checks that no cache has a record of a deleted workspace.
func TestCachesDropDeletedWorkspaces(t *testing.T) {
	f := onFile(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	f.save(ann, "contact", "name", "Jane")
	f.save(bob, "contact", "name", "Joe")
	f.findsOne(ann, "jane", 1)
	f.write(ann, (*Tx).deleteWorkspace)
	f.findsOne(bob, "joe", 1)
	for _, e := range f.Schema.Entities {
		if f.indexes.State(textindex.Key{Workspace: ann.Workspace, Entity: e}) != textindex.Absent {
			t.Errorf("the text index has %s of a deleted workspace", e.Plural)
		}
	}
	keys, records := []int64{crm.RecordKey(ann.Workspace, 1)}, make([]crm.Record, 1)
	if missing := f.cache.Snapshot(ann.Workspace).Records(f.mappings[f.Schema.ByName("contact")].Layout, keys, records); len(missing) == 0 {
		t.Error("the cache has a record of a deleted workspace")
	}
}
