package store

import (
	"fmt"
	"slices"
	"testing"

	"crmkit/crm"
)

// TestARecordShowsSomeOfManyLabels logs activities for more people than a record shows. The record
// shows the most that it may, filters find it by each of them, and a delete leaves no label.
func TestARecordShowsSomeOfManyLabels(t *testing.T) { onDisk(t, aRecordShowsSomeOfManyLabels) }

func aRecordShowsSomeOfManyLabels(t *testing.T, f *fixture) {
	f.cascades.step = 20
	ann := f.member("ann@example.com")
	ann.Role = crm.RoleAdmin
	company := f.save(ann, "company", "name", "Acme")
	jane := f.save(ann, "contact", "name", "Jane", "company_id", company)
	const people = crm.MaxTags + 120
	var logged []crm.Record
	for i := range people {
		logged = append(logged, f.save(ann, "activity", "body", "b", "contact_id", jane, "on_behalf_of", fmt.Sprintf("p%03d@acme.com", people-i)))
	}
	check := func(left int) {
		t.Helper()
		for _, rec := range []crm.Record{f.fetch(ann, jane), f.fetch(ann, company)} {
			if shown := rec.Value("on_behalf_of").List(); len(shown) != min(left, crm.MaxTags) || !slices.IsSorted(shown) {
				t.Errorf("%s has %d people, and shows %d: %q", rec.Handle(), left, len(shown), shown)
			}
		}
	}
	check(people)
	for _, who := range []string{"p001@acme.com", "p110@acme.com", fmt.Sprintf("p%03d@acme.com", people)} {
		if got := f.list(ann, "contact", "on_behalf_of="+who).Total; got != 1 {
			t.Errorf("%d contacts were logged for %s, want 1", got, who)
		}
	}
	for i := range 130 { // the record shows the labels of the first activities
		f.remove(ann, logged[i])
		check(people - i - 1)
	}
	for i := range 130 {
		f.save(ann, "activity", "body", "b", "contact_id", jane, "on_behalf_of", fmt.Sprintf("q%03d@acme.com", i))
	}
	check(people)
	f.removeThen(ann, f.fetch(ann, jane), func() {
		for _, who := range []string{"p001@acme.com", "q000@acme.com", "q129@acme.com"} {
			if got := f.list(ann, "contact", "on_behalf_of="+who); got.Total != 0 || len(got.Records) != 0 {
				t.Errorf("%d contacts are found by %s after the delete", got.Total, who)
			}
		}
		if got := f.inUse(ann, "contact", "on_behalf_of=nobody@acme.com"); got != "" {
			t.Errorf("in use for contacts: %s", got)
		}
	})
	f.settled()
	f.checkSignals()
	if left := f.raw(1, "SELECT COUNT(*) FROM tags"); left[0] != "0" {
		t.Errorf("%s labels are left", left[0])
	}
}
