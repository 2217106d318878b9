package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/storetest/kit"
	"crmkit/store/textindex"
)

// logging opens a store on a file, with a log that is written into a buffer.
func logging(t *testing.T, caches *Caches) (*fixture, *bytes.Buffer) {
	t.Helper()
	f, out := onFile(t), &bytes.Buffer{}
	f.opts.Log, f.opts.Caches = slog.New(slog.NewTextHandler(out, nil)), caches
	return f.reopen(), out
}

// damage writes a value into a row that no version of this program writes.
func (f *fixture) damage(rec crm.Record, column, value string) {
	f.t.Helper()
	actor := crm.Actor{Workspace: crm.RecordWorkspace(rec.Key)}
	f.write(actor, func(tx *Tx) error {
		tx.MarkChanged(actor.Workspace)
		tx.Invalidate(rec.Entity, rec.Key)
		return tx.Exec("UPDATE "+rec.Entity.Plural+" SET "+column+" = $1 WHERE key = $2", value, rec.Key)
	})
}

// TestADamagedRowIsNamed reads and changes a record whose values cannot be read, with caches and
// without. The error names the record, and lists that do not have it are answered.
func TestADamagedRowIsNamed(t *testing.T) {
	for _, caches := range []*Caches{DefaultCaches(), {}} {
		for column, values := range map[string][]string{"tags": {"[", "[}", `["a"`, "vip", `{"a":1}`}, "custom": {"{", `{"a"`, `{"a":"b`}} {
			for _, value := range values {
				t.Run(fmt.Sprint(caches.Search > 0, column, value), func(t *testing.T) {
					f, out := logging(t, caches)
					ann := f.member("ann@example.com")
					jane, other := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"}), f.save(ann, "contact", "name", "Joe", "stage", "lead")
					f.damage(jane, column, value)
					_, list := f.List(t.Context(), ann, f.question(ann, "contact", ""))
					_, fetch := f.Record(t.Context(), ann, jane.Entity, jane.Key)
					_, update := f.tryUpdate(ann, jane.Key, f.draft("contact", "notes", "new"))
					for what, err := range map[string]error{"a list": list, "a fetch": fetch, "a change": update} {
						var known *crm.Error
						if !errors.As(err, &known) || known.Code != crm.Internal || !strings.Contains(known.Hint, jane.Handle()) || !strings.Contains(known.Hint, "crmkit verify") {
							t.Errorf("%s with it says %v", what, err)
						}
					}
					if !strings.Contains(out.String(), "record="+jane.Handle()) {
						t.Errorf("the log says %s", out)
					}
					if page := f.list(ann, "contact", "stage=lead"); page.Total != 1 || page.Records[0].Key != other.Key {
						t.Errorf("a list without it has %d", page.Total)
					}
				})
			}
		}
	}
}

// TestADamagedRowOfPostgreSQLIsNamed is TestADamagedRowIsNamed for PostgreSQL.
func TestADamagedRowOfPostgreSQLIsNamed(t *testing.T) {
	onPostgres(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane, other := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"}), f.save(ann, "contact", "name", "Joe", "stage", "lead")
		f.damage(jane, "tags", `["a"`)
		_, list := f.List(t.Context(), ann, f.question(ann, "contact", ""))
		_, fetch := f.Record(t.Context(), ann, jane.Entity, jane.Key)
		_, update := f.tryUpdate(ann, jane.Key, f.draft("contact", "notes", "new"))
		for what, err := range map[string]error{"a list": list, "a fetch": fetch, "a change": update} {
			if kit.CodeOf(err) != crm.Internal || !strings.Contains(err.Error(), jane.Handle()+" is damaged in the database") || strings.Contains(err.Error(), "crmkit verify") {
				t.Errorf("%s with it says %v", what, err)
			}
		}
		if page := f.list(ann, "contact", "stage=lead"); page.Total != 1 || page.Records[0].Key != other.Key {
			t.Errorf("a list without it has %d", page.Total)
		}
	})
}

// TestAnIndexThatCannotBeFilled searches a workspace with a damaged row. SQL answers, and the log
// says so once, although the index is tried again. The index answers when the row is repaired.
func TestAnIndexThatCannotBeFilled(t *testing.T) {
	f, out := logging(t, DefaultCaches())
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	f.save(ann, "contact", "name", "Joe")
	f.damage(jane, "tags", `["vip`)
	of := textindex.Key{Workspace: ann.Workspace, Entity: jane.Entity}
	for range 3 {
		for range 2 {
			f.findsOne(ann, "joe", 1)
			if f.indexes.State(of) != textindex.Absent {
				t.Error("there is an index of rows that cannot be read")
			}
		}
		f.clock.Advance(2 * time.Minute)
	}
	if n := strings.Count(out.String(), "was not read"); n != 1 || !strings.Contains(out.String(), jane.Handle()) {
		t.Errorf("the log says %d times\n%s", n, out)
	}
	f.damage(jane, "tags", `["vip"]`)
	f.clock.Advance(2 * time.Minute)
	f.findsOne(ann, "vip", 1)
	if f.indexes.State(of) != textindex.Ready {
		t.Error("the index is not tried again")
	}
}

// TestVerifyNamesDamagedValues verifies a file with damaged values. A backup of it can be made and
// restored all the same.
func TestVerifyNamesDamagedValues(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	f.save(ann, "contact", "name", "Joe", "tags", []string{"vip"})
	f.damage(jane, "tags", "[")
	f.damage(jane, "custom", `[1]`)
	backup := filepath.Join(t.TempDir(), "copy.db")
	if _, err := (sqlite.Backup{Schema: FileSchema(), From: f.opts.Path, To: backup}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), backup); err == nil || !strings.Contains(err.Error(), "tags of "+jane.Handle()+", custom of "+jane.Handle()+";") {
		t.Errorf("verify says %v", err)
	}
	if _, _, err := (sqlite.Restore{Schema: FileSchema(), From: backup, To: filepath.Join(t.TempDir(), "new.db")}).Run(t.Context()); err != nil {
		t.Error(err)
	}
}
