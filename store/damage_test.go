package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/crm"
)

// logging opens a file whose store writes its log into a buffer.
func logging(t *testing.T, caches *Caches) (*fixture, *bytes.Buffer) {
	t.Helper()
	f, out := onFile(t), &bytes.Buffer{}
	f.opts.Log, f.opts.Caches = slog.New(slog.NewTextHandler(out, nil)), caches
	return f.reopen(), out
}

// damage writes into a row what no version of this program writes.
func (f *fixture) damage(rec crm.Record, column, value string) {
	f.t.Helper()
	actor := crm.Actor{Workspace: crm.RecordWorkspace(rec.Key)}
	f.write(actor, func(tx *Tx) error {
		tx.markChanged(actor.Workspace)
		tx.invalidate(rec.Entity, rec.Key)
		return tx.Exec("UPDATE "+rec.Entity.Plural+" SET "+column+" = $1 WHERE key = $2", value, rec.Key)
	})
}

// TestADamagedRowIsNamed reads and changes a record whose values cannot be read, with memory
// and without: the error names it, and what leaves it out is answered.
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

// TestAMirrorThatCannotBeFilled searches beside a damaged row. SQL answers; the log says so
// once, also where it is tried again, and memory answers when the row is mended.
func TestAMirrorThatCannotBeFilled(t *testing.T) {
	f, out := logging(t, DefaultCaches())
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	f.save(ann, "contact", "name", "Joe")
	f.damage(jane, "tags", `["vip`)
	of := indexKey{ann.Workspace, jane.Entity}
	for range 3 {
		for range 2 {
			f.findsOne(ann, "joe", 1)
			if f.indexes.of(of) != nil {
				t.Error("there is a mirror of what cannot be read")
			}
		}
		f.clock.advance(2 * failedFor)
	}
	if n := strings.Count(out.String(), "was not read"); n != 1 || !strings.Contains(out.String(), jane.Handle()) {
		t.Errorf("the log says %d times\n%s", n, out)
	}
	f.damage(jane, "tags", `["vip"]`)
	f.clock.advance(2 * failedFor)
	f.findsOne(ann, "vip", 1)
	if f.indexes.of(of) == nil {
		t.Error("the mirror is not tried again")
	}
}

// TestWhatWaitsForAMirrorIsBounded commits more than may wait while a mirror is filled. It is
// given up, and filled anew later.
func TestWhatWaitsForAMirrorIsBounded(t *testing.T) {
	c := newClock()
	f := openWith(t, c, Options{Path: Memory, Schema: builtin(t), Clock: c.Now, Caches: &Caches{Search: 400_000}})
	ann := f.member("ann@example.com")
	of := indexKey{ann.Workspace, f.Schema.ByName("contact")}
	m, fresh := f.indexes.reserve(of, f.Now())
	if !fresh {
		t.Fatal("there is a mirror already")
	}
	for i := range 20 {
		f.save(ann, "contact", "name", "needle", "notes", strings.Repeat(fmt.Sprint("hay ", i), 1000))
		if waiting := f.waiting(m); waiting > 400_000/lateShare {
			t.Fatalf("%d bytes wait", waiting)
		}
	}
	f.fill(t.Context(), m)
	if f.indexes.of(of) != nil || !errors.Is(m.err, errOvertaken) {
		t.Errorf("the filling ended with %v", m.err)
	}
	f.findsOne(ann, "needle", 20)
	c.advance(2 * failedFor)
	f.findsOne(ann, "needle", 20)
	if f.indexes.of(of) == nil {
		t.Error("the mirror is not filled anew")
	}
}

// waiting returns how many bytes of text wait for a mirror.
func (f *fixture) waiting(m *textIndex) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, lines := range m.pending {
		for _, l := range lines {
			n += len(l.text)
		}
	}
	return n
}

// TestVerifyNamesDamagedValues looks through a file with such a row. A backup of it is made
// and restored all the same.
func TestVerifyNamesDamagedValues(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	f.save(ann, "contact", "name", "Joe", "tags", []string{"vip"})
	f.damage(jane, "tags", "[")
	f.damage(jane, "custom", `[1]`)
	backup := filepath.Join(t.TempDir(), "copy.db")
	if _, err := (Backup{From: f.opts.Path, To: backup}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), backup); err == nil || !strings.Contains(err.Error(), "tags of "+jane.Handle()+", custom of "+jane.Handle()+";") {
		t.Errorf("verify says %v", err)
	}
	if _, _, err := (Restore{From: backup, To: filepath.Join(t.TempDir(), "new.db")}).Run(t.Context()); err != nil {
		t.Error(err)
	}
}
