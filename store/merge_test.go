package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// merge merges records into another one.
func (f *fixture) merge(actor crm.Actor, winner crm.Record, others ...crm.Record) (out Merged) {
	f.t.Helper()
	out, err := f.tryMerge(actor, winner, others...)
	if err != nil {
		f.t.Fatalf("merge %v into %s: %v", others, winner.Handle(), err)
	}
	return out
}

func (f *fixture) tryMerge(actor crm.Actor, winner crm.Record, others ...crm.Record) (out Merged, err error) {
	m := Merge{Entity: winner.Entity, Winner: winner.Key}
	for _, other := range others {
		m.Others = append(m.Others, other.Key)
	}
	err = f.Write(f.t.Context(), actor, func(tx *Tx) (err error) {
		out, err = tx.Merge(m)
		return err
	})
	return out, err
}

// checkMerged reports references to merged records, and merged records that lead to others.
func (f *fixture) checkMerged() {
	f.t.Helper()
	for _, e := range f.Schema.Entities {
		for i := range e.Fields {
			if to := e.Target(&e.Fields[i]); to != nil {
				if left := f.raw(1, fmt.Sprintf("SELECT t.key FROM %s t JOIN merged m ON m.kind = '%s' AND m.record = t.%s", e.Plural, to.Name, e.Fields[i].Col())); len(left) > 0 {
					f.t.Errorf("%s.%s still leads to a merged record in %v", e.Name, e.Fields[i].Name, left)
				}
			}
		}
	}
	if chains := f.raw(1, "SELECT a.record FROM merged a JOIN merged b ON b.kind = a.kind AND b.record = a.winner"); len(chains) > 0 {
		f.t.Errorf("records lead to merged ones: %v", chains)
	}
}

func TestMergeMovesReferences(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		e := f.estate(ann)
		f.save(ann, "campaign", "name", "Spring")
		winner := f.save(ann, "contact", "name", "Jane Doe")
		before := f.raw(1, "SELECT MAX(key) FROM log")
		out := f.merge(ann, winner, e.contact)
		if len(out.Later) > 0 || out.After.Value("activities").Int != 5 || out.After.Value("company_id").Int != e.company.Key {
			t.Errorf("later %v, %v", out.Later, out.After.Values)
		}
		if deal := f.fetch(ann, e.deal); deal.Value("contact_id").Int != winner.Key || deal.Labels[deal.Entity.Index("contact_id")] != "Jane Doe" {
			t.Errorf("the deal has %v", deal.Values)
		}
		if got := f.fetch(ann, e.contact); got.Key != winner.Key {
			t.Errorf("the handle of the merged contact leads to %s", got.Handle())
		}
		for _, params := range []string{"contact_id=" + e.contact.ID, "contact=" + e.contact.ID, "contact_id=in:" + e.contact.ID} {
			if n := len(f.list(ann, "activity", params).Records); n != 5 {
				t.Errorf("activities?%s finds %d", params, n)
			}
		}
		if groups := f.raw(1, "SELECT DISTINCT COALESCE(change_group, key - workspace_id * 1099511627776) FROM log WHERE key > CAST($1 AS BIGINT)", before[0]); len(groups) != 1 {
			t.Errorf("the merge has the change groups %v", groups)
		}
		f.settled()
		f.checkMerged()
		f.checkCounters(ann)
		f.checkSignals()
	})
}

// TestMergeKeepsAllValues checks where the values of a merged record are.
func TestMergeKeepsAllValues(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		winner := f.save(ann, "contact", "name", "Jane Doe", "email", "jane@acme.com", "tags", []string{"vip"}, "custom", []crm.Member{{Name: "seats", JSON: "5"}})
		other := f.save(ann, "contact", "name", "J. Doe", "email", "j@doe.org", "phone", "+49 30 1234", "stage", "lead", "tags", []string{"old", "vip"}, "external_ids", []string{"hubspot:7"},
			"custom", []crm.Member{{Name: "region", JSON: `"emea"`}, {Name: "seats", JSON: "7"}})
		got := f.merge(ann, winner, other).After
		for name, want := range map[string]string{"name": "Jane Doe", "email": "jane@acme.com", "other_emails": "j@doe.org", "phone": "+49 30 1234", "stage": "lead", "tags": "vip,old", "external_ids": "hubspot:7"} {
			v := got.Value(name)
			if text := v.Text + strings.Join(v.List(), ","); text != want {
				t.Errorf("%s is %q, want %q", name, text, want)
			}
		}
		if custom := got.Value("custom").Members(); !slices.Equal(custom, []crm.Member{{Name: "region", JSON: `"emea"`}, {Name: "seats", JSON: "5"}}) {
			t.Errorf("custom is %v", custom)
		}
		page := f.list(ann, "activity", "contact="+winner.ID)
		if len(page.Records) != 1 {
			t.Fatalf("%d activities", len(page.Records))
		}
		want := "merged " + other.Handle() + " J. Doe, made 2026-06-10 by ann@example.com; it also had:\nname: J. Doe\ncustom.seats: 7"
		if body := page.Records[0].Value("body").Text; body != want || page.Records[0].Value("kind").Text != "note" {
			t.Errorf("the activity says\n%s\nwant\n%s", body, want)
		}
		if out, err := f.trySave(ann, f.draft("contact", "name", "x", "email", "j@doe.org")); err != nil || out.After.Key != winner.Key {
			t.Errorf("an upsert by the address of the merged contact: %v, %v", out.After.ID, err)
		}
		f.checkCounters(ann)
		f.checkItems(ann)
	})
}

// TestMergedHandlesLeadOn writes to merged records by their handles, also after the winner was merged.
func TestMergedHandlesLeadOn(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		a, b, c := f.save(ann, "contact", "name", "A"), f.save(ann, "contact", "name", "B"), f.save(ann, "contact", "name", "C")
		campaign := f.save(ann, "campaign", "name", "Spring")
		f.save(ann, "campaign_member", "campaign_id", campaign, "contact_id", b, "reason", "asked")
		f.merge(ann, b, a)
		f.merge(ann, c, b)
		for _, rec := range []crm.Record{a, b} {
			if out := f.update(ann, rec, "stage", rec.ID); out.After.Key != c.Key {
				t.Errorf("PATCH %s changed %s", rec.ID, out.After.Handle())
			}
			if deal := f.save(ann, "deal", "title", "Big", "contact_id", rec); deal.Value("contact_id").Int != c.Key {
				t.Errorf("a deal of %s belongs to %v", rec.ID, deal.Value("contact_id"))
			}
			if tie, err := f.trySave(ann, f.draft("campaign_member", "campaign_id", campaign, "contact_id", rec)); err != nil || tie.Result != Unchanged {
				t.Errorf("a tie of %s is %s: %v", rec.ID, tie.Result, err)
			}
		}
		f.checkMerged()
		f.checkMembers()
		f.remove(ann, f.fetch(ann, c))
		_, err := f.Record(t.Context(), ann, a.Entity, a.Key)
		kit.WantCode(t, "the handle of a record whose winner was deleted", err, crm.NotFound)
		if !strings.Contains(err.Error()+fmt.Sprint(err), "merged into "+c.ID) {
			t.Errorf("the error says %v", err)
		}
		kit.WantCode(t, "a write to it", func() error { _, err := f.tryUpdate(ann, a.Key, f.draft("contact", "name", "x")); return err }(), crm.NotFound)
	})
}

// TestMergeOfOneRecord merges what is one record already: nothing happens.
func TestMergeOfOneRecord(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		a, b := f.save(ann, "contact", "name", "A"), f.save(ann, "contact", "name", "B")
		f.merge(ann, a, b)
		before := f.raw(1, "SELECT COUNT(*) FROM log")
		for _, pair := range [][2]crm.Record{{a, b}, {b, a}, {a, a}} {
			if out := f.merge(ann, pair[0], pair[1]); out.Result != Unchanged || out.After.Key != a.Key {
				t.Errorf("%s into %s: %s, %s", pair[1].ID, pair[0].ID, out.Result, out.After.ID)
			}
		}
		if after := f.raw(1, "SELECT COUNT(*) FROM log"); after[0] != before[0] {
			t.Errorf("%s entries in the log, %s before", after, before)
		}
	})
}

// TestMergeOfDoubleTies merges contacts that are in the same campaign: one tie remains, and the handle of
// the other leads to it.
func TestMergeOfDoubleTies(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		a, b := f.save(ann, "contact", "name", "A"), f.save(ann, "contact", "name", "B")
		spring, fall := f.save(ann, "campaign", "name", "Spring"), f.save(ann, "campaign", "name", "Fall")
		keeps := f.save(ann, "campaign_member", "campaign_id", spring, "contact_id", a)
		double := f.save(ann, "campaign_member", "campaign_id", spring, "contact_id", b, "reason", "asked")
		f.save(ann, "campaign_member", "campaign_id", fall, "contact_id", b)
		if out := f.merge(ann, a, b); len(out.Joined) != 1 || out.Joined[0].Unlinked != 1 || len(out.Moved) != 1 || out.Moved[0].Unlinked != 2 {
			t.Errorf("joined %v of %v", out.Joined, out.Moved)
		}
		if tie := f.fetch(ann, double); tie.Key != keeps.Key || tie.Value("reason").Text != "asked" {
			t.Errorf("the double tie leads to %s, %v", tie.Handle(), tie.Values)
		}
		if n := len(f.list(ann, "campaign_member", "contact="+a.ID).Records); n != 2 {
			t.Errorf("%d ties", n)
		}
		f.checkMembers()
		f.checkMerged()
		f.checkCounters(ann)
	})
}

// TestAListBesideAMergeReadsLittle lists the activities of a contact while very many of another one
// follow a merge.
func TestAListBesideAMergeReadsLittle(t *testing.T) {
	onPlaces(t, Options{}, func(t *testing.T, f *fixture) {
		f.cascades.step = 1
		ann := f.member("ann@example.com")
		big, bob, carl := f.save(ann, "contact", "name", "Big"), f.save(ann, "contact", "name", "Bob"), f.save(ann, "contact", "name", "Carl")
		f.save(ann, "activity", "body", "b", "contact_id", bob)
		f.multiply(ann, f.save(ann, "activity", "body", "b", "contact_id", big), 30_000)
		f.write(ann, func(tx *Tx) error {
			out, err := tx.Merge(Merge{Entity: big.Entity, Winner: carl.Key, Others: []int64{big.Key}})
			if err == nil && len(out.Later) == 0 {
				t.Error("all references were moved at once")
			}
			tx.After(func() {
				before := f.pagesRead()
				if n := f.list(ann, "activity", "contact_id="+bob.ID).Total; n != 1 {
					t.Errorf("%d activities of Bob", n)
				}
				if n := f.pagesRead() - before; n > 500 {
					t.Errorf("a list of one activity reads %d pages", n)
				}
				if n := f.list(ann, "activity", "contact_id="+carl.ID).Total; n < 10_000 {
					t.Errorf("%d activities of Carl", n)
				}
			})
			return err
		})
	}, "file")
}

// pagesRead returns how many pages all connections have read.
func (f *fixture) pagesRead() (n int) {
	for _, conn := range f.conns {
		n += conn.PagesRead()
	}
	return n
}

// mergeAct returns a merge of two records of which there are few, or another write.
func (s *stepper) mergeAct(f *fixture) func(tx *Tx) error {
	if s.random.IntN(3) == 0 {
		return s.act(f)
	}
	kind := []string{"contact", "company", "deal", "ticket"}[s.random.IntN(4)]
	e := f.Schema.ByName(kind)
	m := Merge{Entity: e, Winner: crm.RecordKey(s.actor.Workspace, 1+s.random.Int64N(max(s.last[kind], 1))), Others: []int64{crm.RecordKey(s.actor.Workspace, 1+s.random.Int64N(max(s.last[kind], 1)))}}
	return func(tx *Tx) error {
		winner, err := tx.Fetch(e, m.Winner)
		if err != nil {
			return err
		}
		other, err := tx.Fetch(e, m.Others[0])
		if err != nil || kind == "contact" && !winner.Value("company_id").Set() && other.Value("company_id").Set() {
			return err // the activities of the winner would follow it to the company in steps that readers see
		}
		_, err = tx.Merge(m)
		s.last["activity"]++
		return err
	}
}

// TestReadersSeeNoStepsOfAMerge is TestReadersSeeNoStepsOfADelete for merges, some of them of records
// that others are being merged into or that are deleted meanwhile.
func TestReadersSeeNoStepsOfAMerge(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			onPlaces(t, Options{}, func(t *testing.T, f *fixture) {
				r := newStepRun(f, 100+seed)
				r.next = r.mergeAct
				r.run()
				f.checkMerged()
			}, []string{"file", "postgres"}[:2-min(seed, 1)]...)
		})
	}
}

// TestMergesContinueAfterAKill opens a copy of the file as it is after the first step of a merge. The
// store completes the merge, in the same change group.
func TestMergesContinueAfterAKill(t *testing.T) {
	f := onFile(t)
	f.cascades.atOnce, f.cascades.step = 4, 3
	ann := f.member("ann@example.com")
	company, contacts := f.group(ann, 10)
	winner := f.save(ann, "company", "name", "Acme Inc")
	path := filepath.Join(t.TempDir(), "killed.db")
	f.write(ann, func(tx *Tx) error {
		out, err := tx.Merge(Merge{Entity: company.Entity, Winner: winner.Key, Others: []int64{company.Key}})
		if err == nil && len(out.Later) == 0 {
			t.Error("all references were moved at once")
		}
		tx.After(func() {
			for _, part := range []string{"", "-wal"} {
				data, err := os.ReadFile(f.opts.Path + part)
				must(t, errors.Join(err, os.WriteFile(path+part, data, 0o600)))
			}
		})
		return err
	})
	again := f.opts
	again.Path = path
	g := openWith(t, f.clock, again)
	g.settled()
	g.checkMerged()
	g.checkSignals()
	g.checkCounters(ann)
	for _, c := range contacts {
		if got := g.fetch(ann, c); got.Value("company_id").Int != winner.Key || got.Version() != 2 {
			t.Errorf("%s: company %v, version %d", c.Handle(), got.Value("company_id"), got.Version())
		}
	}
	if groups := g.raw(1, "SELECT DISTINCT COALESCE(change_group, 0) FROM log WHERE action = 'update' AND target LIKE 'contact/%'"); len(groups) != 1 {
		t.Errorf("the contacts moved in the change groups %v", groups)
	}
}

// TestWinnerIsDeletedWhileReferencesFollow deletes a company into which another one is being merged: all
// references are cleared.
func TestWinnerIsDeletedWhileReferencesFollow(t *testing.T) {
	onPlaces(t, Options{}, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 4, 3
		ann := f.member("ann@example.com")
		company, contacts := f.group(ann, 10)
		winner := f.save(ann, "company", "name", "Acme Inc")
		f.write(ann, func(tx *Tx) error {
			_, err := tx.Merge(Merge{Entity: company.Entity, Winner: winner.Key, Others: []int64{company.Key}})
			if err != nil {
				return err
			}
			rec, err := tx.Fetch(winner.Entity, company.Key)
			if err != nil {
				return err
			}
			_, err = tx.Delete(rec)
			return err
		})
		f.settled()
		f.checkMerged()
		f.checkCounters(ann)
		for _, c := range contacts {
			if got := f.fetch(ann, c); got.Value("company_id").Set() {
				t.Errorf("%s refers to %v", c.Handle(), got.Value("company_id"))
			}
		}
	}, "file", "postgres")
}
