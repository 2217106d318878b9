package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/storetest/kit"
)

func TestUpsertRaceLeavesOneRecord(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var created, others atomic.Int64
		kit.Together(40, func(i int) {
			out, err := f.trySave(ann, f.draft("contact", "name", fmt.Sprint("Jane ", i), "email", "jane@acme.com"))
			if err != nil {
				t.Errorf("upsert %d: %v", i, err)
			}
			if out.Result == Created {
				created.Add(1)
			} else {
				others.Add(1)
			}
		})
		page := f.list(ann, "contact", "")
		if created.Load() != 1 || others.Load() != 39 || len(page.Records) != 1 || page.Total != 1 {
			t.Fatalf("%d created, %d updated, %d records, total %d", created.Load(), others.Load(), len(page.Records), page.Total)
		}
		if v := page.Records[0].Version(); v != 40 {
			t.Errorf("version is %d after 40 different names", v)
		}
	})
}

func TestParallelMergesLoseNothing(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane")
		kit.Together(40, func(i int) {
			member := crm.Member{Name: fmt.Sprintf("k%02d", i), JSON: fmt.Sprint(i)}
			if _, err := f.tryUpdate(ann, jane.Key, f.draft("contact", "custom", []crm.Member{member})); err != nil {
				t.Errorf("merge %d: %v", i, err)
			}
		})
		got := f.fetch(ann, jane)
		if n := len(got.Value("custom").Members()); n != 40 || got.Version() != 41 {
			t.Errorf("%d of 40 keys, version %d, want 41", n, got.Version())
		}
	})
}

func TestVersionsGuardWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane", "email", "jane@acme.com")
		f.update(ann, jane, "stage", "lead")
		stale := f.draft("contact", "email", "jane@acme.com", "stage", "customer")
		stale.Version = 1
		_, err := f.tryUpdate(ann, jane.Key, stale)
		kit.WantCode(t, "update of version 1", err, crm.VersionConflict)
		var conflict *crm.Error
		if errors.As(err, &conflict) && (conflict.Record == nil || conflict.Record.Version() != 2 || conflict.Record.Value("stage").Text != "lead") {
			t.Errorf("the conflict shows %+v", conflict.Record)
		}
		_, err = f.trySave(ann, stale)
		kit.WantCode(t, "upsert of version 1", err, crm.VersionConflict)
		fresh := f.draft("contact", "name", "Joe")
		fresh.Version = 1
		_, err = f.trySave(ann, fresh)
		kit.WantCode(t, "create at a version", err, crm.VersionConflict)
		stale.Version = 2
		if out, err := f.tryUpdate(ann, jane.Key, stale); err != nil || out.After.Version() != 3 {
			t.Errorf("update of the current version: %v, version %d", err, out.After.Version())
		}
	})
}

func TestOneOfParallelConditionalWritesWins(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane")
		var won atomic.Int64
		kit.Together(20, func(i int) {
			d := f.draft("contact", "stage", fmt.Sprint("s", i))
			d.Version = 1
			if _, err := f.tryUpdate(ann, jane.Key, d); err == nil {
				won.Add(1)
			} else if kit.CodeOf(err) != crm.VersionConflict {
				t.Errorf("update: %v", err)
			}
		})
		if v := f.fetch(ann, jane).Version(); won.Load() != 1 || v != 2 {
			t.Errorf("%d writes won, version %d", won.Load(), v)
		}
	})
}

func TestUnchangedWriteLeavesNoTrace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"}, "custom", []crm.Member{{Name: "n", JSON: "1.0"}})
		entries := f.raw(1, "SELECT COUNT(*) FROM changes")
		f.clock.Advance(time.Minute)
		out := f.update(ann, jane, "name", "Jane", "tags", []string{"vip"}, "custom", []crm.Member{{Name: "n", JSON: "1.0"}})
		if diff := equalRecords(f.fetch(ann, jane), jane); out.Result != Unchanged || diff != "" {
			t.Errorf("%s: %s", out.Result, diff)
		}
		if again := f.raw(1, "SELECT COUNT(*) FROM changes"); again[0] != entries[0] {
			t.Errorf("the log grew from %s to %s entries", entries[0], again[0])
		}
	})
}

// TestOutcomeIsWhatIsStored compares the outcome of writes with reads after them.
func TestOutcomeIsWhatIsStored(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), crm.Actor{}
		acme, globex := f.save(ann, "company", "name", "Acme"), f.save(ann, "company", "name", "Globex")
		made := f.save(ann, "contact", "name", "Jané  D", "email", "jane@acme.com", "company_id", acme, "tags", []string{"b", "a"},
			"notes", "line\n\"quoted\" \\ \u202e", "follow_up_at", crm.Millis(-62135596800000),
			"custom", []crm.Member{{Name: `k"\`, JSON: `{"a":[1.10,"\u2028"]}`}, {Name: "big", JSON: "12345678901234567890.10"}})
		if diff := equalRecords(f.fetch(ann, made), made); diff != "" {
			t.Errorf("created: %s", diff)
		}
		f.clock.Advance(time.Hour)
		bob = ann
		bob.Email = "bob@example.com"
		after := f.update(bob, made, "company_id", globex, "email", nil, "tags", nil, "custom", nil, "stage", "lead").After
		got := f.fetch(ann, made)
		if diff := equalRecords(got, after); diff != "" {
			t.Errorf("updated: %s", diff)
		}
		if got.Value("created_by").Text != "ann@example.com" || got.Value("updated_by").Text != "bob@example.com" ||
			got.Value("updated_at").Int-got.Value("created_at").Int != time.Hour.Milliseconds() || got.Value("custom").Set() || got.Value("email").Set() {
			t.Errorf("stamps or cleared fields are wrong: %v", got.Values)
		}
	})
}

func TestUniqueValuesDoNotCollide(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane", "email", "jane@acme.com")
		joe := f.save(ann, "contact", "name", "Joe", "email", "joe@acme.com")
		_, err := f.tryUpdate(ann, joe.Key, f.draft("contact", "email", "jane@acme.com"))
		kit.WantCode(t, "taking another's e-mail", err, crm.AlreadyExists)
		if err != nil && !strings.Contains(err.Error(), jane.Handle()) {
			t.Errorf("the hint does not name the holder: %v", err)
		}
		f.remove(ann, jane)
		f.update(ann, joe, "email", "jane@acme.com")
		if out, err := f.trySave(ann, f.draft("contact", "name", "New", "email", "joe@acme.com")); err != nil || out.Result != Created {
			t.Errorf("an e-mail that was given up: %v %v", out.Result, err)
		}
	})
}

func TestDeletedEmailIsFreeAndNumbersAreNot(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		seen := map[string]bool{}
		for range 5 {
			out, err := f.trySave(ann, f.draft("contact", "name", "Jane", "email", "jane@acme.com"))
			if err != nil || out.Result != Created || out.After.Version() != 1 {
				t.Fatalf("after a delete: %v %v, version %d", out.Result, err, out.After.Version())
			}
			if seen[out.After.ID] {
				t.Errorf("id %s was given out again", out.After.ID)
			}
			seen[out.After.ID] = true
			f.remove(ann, out.After)
			_, err = f.Record(t.Context(), ann, out.After.Entity, out.After.Key)
			kit.WantCode(t, "reading a deleted record", err, crm.NotFound)
			_, err = f.tryUpdate(ann, out.After.Key, f.draft("contact", "name", "Ghost"))
			kit.WantCode(t, "updating a deleted record", err, crm.NotFound)
		}
	})
}

func TestReferencesMustExistHere(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		theirs := f.save(bob, "company", "name", "Theirs")
		deleted := f.save(ann, "company", "name", "Gone")
		f.remove(ann, deleted)
		// The number of this contact is one that no company of the workspace has.
		for range 3 {
			f.save(ann, "contact", "name", "filler")
		}
		wrongKind := f.save(ann, "contact", "name", "no company")
		jane := f.save(ann, "contact", "name", "Jane")
		before := f.fetch(ann, jane)
		for what, ref := range map[string]crm.Record{"another workspace's": theirs, "a deleted": deleted, "another kind's": wrongKind} {
			_, err := f.trySave(ann, f.draft("contact", "name", "New", "company_id", ref))
			kit.WantCode(t, "create with "+what+" record", err, crm.ReferenceNotFound)
			_, err = f.tryUpdate(ann, jane.Key, f.draft("contact", "stage", "lead", "company_id", ref))
			kit.WantCode(t, "update with "+what+" record", err, crm.ReferenceNotFound)
		}
		if diff := equalRecords(f.fetch(ann, jane), before); diff != "" {
			t.Errorf("a refused update changed the record: %s", diff)
		}
		f.checkCounters(ann)
	})
}

func TestStatusFollowsTheStage(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		deal := f.save(ann, "deal", "title", "Big")
		if got := f.fetch(ann, deal); got.Value("status").Text != "open" || got.Value("currency").Text != "USD" {
			t.Errorf("defaults: %v", got.Values)
		}
		for _, step := range []struct {
			pairs []any
			want  string
		}{
			{[]any{"stage", "Won"}, "won"},
			{[]any{"stage", "lost", "status", "open"}, "open"},
			{[]any{"notes", "x"}, "open"},
			{[]any{"stage", "proposal"}, "open"},
			{[]any{"stage", "lost"}, "lost"},
		} {
			if got := f.update(ann, deal, step.pairs...).After.Value("status").Text; got != step.want {
				t.Errorf("after %v the status is %s, want %s", step.pairs, got, step.want)
			}
		}
	})
}

func TestChangeLogHasBeforeAndAfter(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme := f.save(ann, "company", "name", "Acme")
		jane := f.save(ann, "contact", "name", "Jane", "company_id", acme, "custom", []crm.Member{{Name: "a", JSON: "1"}, {Name: "b", JSON: `"x"`}})
		f.clock.Advance(time.Minute)
		f.update(ann, jane, "stage", "lead", "tags", []string{"vip"}, "company_id", nil, "follow_up_at", crm.Millis(0), "custom", []crm.Member{{Name: "a", JSON: "2"}})
		f.remove(ann, jane)
		got := f.raw(8, `SELECT action, ' ', COALESCE(actor, '-'), ' ', COALESCE(token_id, '-'), ' ', COALESCE(before, '-'), ' ' || COALESCE(after, '-')
			FROM changes WHERE workspace_id = $1 AND target = $2 ORDER BY key`, ann.Workspace, jane.Handle())
		const times = `"created_at":1781082000000,"created_by":"ann@example.com","updated_at":1781082060000,"updated_by":"ann@example.com"`
		who := " ann@example.com tok_test "
		stored := []string{
			"create" + who + `- -`,
			"update" + who + `{"company_id":"` + acme.ID + `","custom.a":1,"updated_at":1781082000000} {"stage":"lead","stage_since":1781082060000,"tags":["vip"],"follow_up_at":0,"custom.a":2}`,
			"delete" + who + `{"name":"Jane","stage":"lead","stage_since":1781082060000,"tags":["vip"],"follow_up_at":0,"custom.a":2,"custom.b":"x",` + times + `} -`,
		}
		want := []string{
			`create - {"name":"Jane","company_id":"` + acme.ID + `","custom.a":1,"custom.b":"x"}`,
			`update {"company_id":"` + acme.ID + `","custom.a":1} {"stage":"lead","stage_since":"2026-06-10T09:01:00Z","tags":["vip"],"follow_up_at":"1970-01-01T00:00:00Z","custom.a":2}`,
			`delete {"name":"Jane","stage":"lead","stage_since":"2026-06-10T09:01:00Z","tags":["vip"],"follow_up_at":"1970-01-01T00:00:00Z","custom.a":2,"custom.b":"x"} -`,
		}
		var shown []string
		page := f.list(ann, "change", "target="+jane.Handle())
		for _, rec := range page.Records {
			shown = append([]string{fmt.Sprintf("%s %s %s", rec.Value("action").Text, objectText(rec, "from"), objectText(rec, "to"))}, shown...)
		}
		if !slices.Equal(shown, want) || !slices.Equal(got, stored) {
			t.Errorf("the log says\n%s\nand the table has\n%s\nwant\n%s\nand\n%s", strings.Join(shown, "\n"), strings.Join(got, "\n"), strings.Join(want, "\n"), strings.Join(stored, "\n"))
		}
		if len(page.Records) != 3 || page.Records[0].Value("action").Text != "delete" || page.Total != 3 {
			t.Errorf("audit lists %d entries, total %d", len(page.Records), page.Total)
		}
	})
}

// objectText returns the object in a field as JSON, or - if the field is unset.
func objectText(rec crm.Record, field string) string {
	if v := rec.Value(field); v.Set() {
		return string(norm.AppendObject(nil, v.Members()))
	}
	return "-"
}

// TestChangeNumbersOnlyRise checks that a new entry of the log has a higher number than all before,
// also after old entries were deleted. Clients that read the newest entries rely on it.
func TestChangeNumbersOnlyRise(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		last := int64(0)
		for range 3 {
			kit.Together(8, func(i int) {
				out, err := f.trySave(ann, f.draft("contact", "name", fmt.Sprint(i)))
				if err == nil {
					err = f.tryRemove(ann, out.After)
				}
				if err != nil {
					t.Errorf("create and delete: %v", err)
				}
			})
			var n, first, newest int64
			f.write(ann, func(tx *Tx) error {
				_, err := tx.Row("SELECT COUNT(*), MIN(key), MAX(key) FROM changes WHERE action <> 'workspace.create'", nil, &n, &first, &newest)
				return errors.Join(err, tx.Exec("DELETE FROM log"))
			})
			if n != 16 || first <= last || newest-first != 15 {
				t.Errorf("%d entries from %d to %d, after %d", n, first, newest, last)
			}
			last = newest
			f = f.reopen()
		}
	})
}
