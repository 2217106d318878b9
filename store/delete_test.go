package store

import (
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// estate is a company with a contact and a deal, and activities of every combination of them.
type estate struct {
	company, contact, deal crm.Record
	activities             map[string]crm.Record // by the references that they have
}

func (f *fixture) estate(actor crm.Actor) estate {
	f.t.Helper()
	e := estate{company: f.save(actor, "company", "name", "Acme", "domain", "acme.com"), activities: map[string]crm.Record{}}
	e.contact = f.save(actor, "contact", "name", "Jane", "company_id", e.company)
	e.deal = f.save(actor, "deal", "title", "Big", "contact_id", e.contact, "company_id", e.company)
	refs := map[string]crm.Record{"contact_id": e.contact, "company_id": e.company, "deal_id": e.deal}
	for _, on := range []string{"contact_id", "company_id", "deal_id", "contact_id company_id", "contact_id deal_id", "contact_id company_id deal_id"} {
		pairs := []any{"body", "on " + on}
		for _, name := range strings.Fields(on) {
			pairs = append(pairs, name, refs[name])
		}
		e.activities[on] = f.save(actor, "activity", pairs...)
	}
	e.company, e.contact, e.deal = f.fetch(actor, e.company), f.fetch(actor, e.contact), f.fetch(actor, e.deal) // with their counts of activities
	return e
}

func TestDeleteUnsetsReferences(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		e := f.estate(ann)
		f.remove(ann, e.company)
		contact, deal := f.fetch(ann, e.contact), f.fetch(ann, e.deal)
		if contact.Value("company_id").Set() || contact.Version() != 2 || deal.Value("company_id").Set() || deal.Version() != 2 {
			t.Errorf("contact %v, deal %v", contact.Values, deal.Values)
		}
		if deal.Value("contact_id").Int != e.contact.Key || deal.Labels[deal.Entity.Index("contact_id")] != "Jane" {
			t.Errorf("the deal lost another reference: %v", deal.Values)
		}
		for _, params := range []string{"company_id=is:null", "company_id=ne:" + e.company.ID, "sort=company_id"} {
			if n := len(f.list(ann, "contact", params).Records); n != 1 {
				t.Errorf("contacts?%s finds %d", params, n)
			}
		}
		if n := len(f.list(ann, "contact", "company.name=Acme").Records); n != 0 {
			t.Errorf("a deleted company still finds %d contacts", n)
		}
	})
}

func TestDeleteTakesActivitiesWithoutOtherParents(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		e := f.estate(ann)
		f.remove(ann, e.contact)
		for on, activity := range e.activities {
			got, err := f.Record(t.Context(), ann, activity.Entity, activity.Key)
			if on == "contact_id" {
				kit.WantCode(t, "an activity on the deleted contact only", err, crm.NotFound)
				continue
			}
			version := int64(1)
			if strings.Contains(on, "contact_id") {
				version = 2
			}
			if err != nil || got.Value("contact_id").Set() || got.Version() != version {
				t.Errorf("activity on %q: %v, version %d, want %d", on, err, got.Version(), version)
			}
		}
		f.checkCounters(ann)
	})
}

func TestDeleteLogsOneEntryPerRecord(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		e := f.estate(ann)
		tie := f.list(ann, "deal_contact", "").Records[0]
		before := f.raw(1, "SELECT MAX(key) FROM changes")
		f.remove(ann, e.contact)
		got := f.raw(3, "SELECT action, ' ', target FROM changes WHERE key > CAST($1 AS BIGINT) ORDER BY target, key", before[0])
		want := []string{"delete " + e.contact.Handle(), "update " + e.deal.Handle(), "delete " + tie.Handle()}
		for on, activity := range e.activities {
			switch {
			case on == "contact_id":
				want = append(want, "delete "+activity.Handle())
			case strings.Contains(on, "contact_id"):
				want = append(want, "update "+activity.Handle())
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestDependentsMatchTheDelete compares the preview of a delete with the delete.
func TestDependentsMatchTheDelete(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		e := f.estate(ann)
		for _, rec := range []crm.Record{e.contact, e.deal, e.company} {
			all, err := f.Dependents(t.Context(), ann, rec.Entity, []int64{rec.Key})
			counts := all[rec.Key]
			if err != nil {
				t.Fatal(err)
			}
			before := f.list(ann, "activity", "").Total
			f.remove(ann, rec)
			deleted := before - f.list(ann, "activity", "").Total
			last := counts[len(counts)-1]
			if last.Of.Name != "activity" || last.Deleted != deleted || deleted == 0 {
				t.Errorf("the preview of %s says %v, %d were deleted", rec.Handle(), counts, deleted)
			}
		}
	})
}

func TestDeleteTwiceIsNotFound(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane")
		f.remove(ann, jane)
		kit.WantCode(t, "the second delete", f.tryRemove(ann, jane), crm.NotFound)
		f.checkCounters(ann)
	})
}
