package store

import (
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// TestRecordsStayInTheirWorkspace has two workspaces with records of the same numbers. An actor of
// one cannot reach a record of the other.
func TestRecordsStayInTheirWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		theirs := f.estate(ann)
		f.estate(bob)
		before := f.raw(1, "SELECT COUNT(*) FROM changes WHERE workspace_id = $1", ann.Workspace)
		for _, rec := range []crm.Record{theirs.company, theirs.contact, theirs.deal, theirs.activities["contact_id"]} {
			_, err := f.Record(t.Context(), bob, rec.Entity, rec.Key)
			kit.WantCode(t, "reading "+rec.Handle(), err, crm.NotFound)
			_, err = f.tryUpdate(bob, rec.Key, f.draft(rec.Entity.Name, rec.Entity.LabelField, "call"))
			kit.WantCode(t, "updating "+rec.Handle(), err, crm.NotFound)
			kit.WantCode(t, "deleting "+rec.Handle(), f.tryRemove(bob, rec), crm.NotFound)
			if diff := equalRecords(f.fetch(ann, rec), rec); diff != "" {
				t.Errorf("%s: %s", rec.Handle(), diff)
			}
		}
		if after := f.raw(1, "SELECT COUNT(*) FROM changes WHERE workspace_id = $1", ann.Workspace); after[0] != before[0] {
			t.Errorf("the log of the other workspace grew")
		}
	})
}

// TestDeleteIsBoundToTheWorkspace calls Delete with a record of another workspace, which remains.
func TestDeleteIsBoundToTheWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		theirs, ours := f.estate(ann), f.estate(bob)
		_ = f.Write(t.Context(), bob, func(tx *Tx) error {
			_, err := tx.Delete(theirs.contact)
			return err
		})
		f.fetch(ann, theirs.contact)
		f.fetch(ann, theirs.activities["contact_id"])
		f.fetch(bob, ours.contact)
		f.checkCounters(ann)
		f.checkSideTables(ann)
	})
}

func TestListsStayInTheirWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.populate(ann, 5)
		f.populate(bob, 3)
		for _, e := range f.Schema.Entities {
			mine := map[int64]bool{}
			for _, key := range f.walk(bob, e.Name, "limit=200") {
				mine[key] = true
			}
			for _, params := range []string{"limit=2", "total=exact", "sort=" + e.LabelField, e.LabelField + "=not:null"} {
				page := f.list(bob, e.Name, params)
				strange := slices.ContainsFunc(page.Records, func(rec crm.Record) bool { return !mine[rec.Key] })
				if strange || page.Total != int64(len(mine)) {
					t.Errorf("%s?%s: total %d of %d, strange records %v", e.Plural, params, page.Total, len(mine), strange)
				}
			}
			for _, rec := range f.list(ann, e.Name, "limit=200").Records {
				if mine[rec.Key] {
					t.Errorf("%s is in the lists of both", rec.Handle())
				}
			}
		}
	})
}
