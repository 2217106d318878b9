package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

// TestFewAndManyKeys lists by conditions that let few rows through and by such that let
// many: the rows are the same ones in the same order as without the condition's keys,
// on every page, and only the few are read by their keys.
func TestFewAndManyKeys(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		campaign, company := f.save(ann, "campaign", "name", "n"), f.save(ann, "company", "name", "n")
		f.write(ann, func(tx *Tx) error {
			for i := range 2100 {
				tags := []string{"many", fmt.Sprintf("t%d", i%300)}
				out, err := tx.Save(f.draft("contact", "name", fmt.Sprintf("n%d", i%7), "tags", tags, "phone", fmt.Sprintf("+49 30 %d", i%400)))
				if err != nil {
					return err
				}
				contact := crm.Key(out.After.Key)
				if _, err := tx.Save(Draft{Entity: f.Schema.Named("activity"), Inputs: []crm.Input{
					{Field: f.Schema.Named("activity").Field("body"), Value: crm.Str("b")}, {Field: f.Schema.Named("activity").Field("contact_id"), Value: contact}}}); err != nil {
					return err
				}
				if i%500 == 0 {
					e := f.Schema.Named("campaign_member")
					if _, err := tx.Save(Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field("campaign_id"), Value: crm.Key(campaign.Key)}, {Field: e.Field("contact_id"), Value: contact}}}); err != nil {
						return err
					}
					if _, err := tx.Update(out.After.Key, f.draft("contact", "company_id", crm.Key(company.Key))); err != nil {
						return err
					}
				}
			}
			return nil
		})
		for _, c := range []struct {
			kind, params string
			few          bool
		}{
			{"contact", "tags=t7", true}, {"contact", "tags=many", false}, {"contact", "tags=many,t7", true}, {"contact", "tags=in:t7,t8,zzz", true}, {"contact", "tags=in:t7,many", false},
			{"contact", "tags=ne:t7", false}, {"contact", "tags=zzz", true}, {"contact", "phone=004930-7", true}, {"contact", "campaign=" + campaign.ID, true}, {"contact", "campaign=ne:" + campaign.ID, false},
			{"contact", "company=" + company.ID, false}, {"activity", "company=" + company.ID, true}, {"activity", "contact.tags=t7", false}, {"contact", "tags=t7&name=n3&sort=name", true},
		} {
			q := f.question(ann, c.kind, c.params)
			var within string
			err := f.snapshot(t.Context(), func(v *view) (err error) {
				within, err = v.within(t.Context(), ann, q)
				return err
			})
			if few := strings.Contains(within, "t.key IN"); err != nil || few != c.few {
				t.Errorf("%s?%s: by keys %v, %v", c.kind, c.params, few, err)
			}
			q.Few = nil
			want := f.all(ann, q)
			if got := f.walk(ann, c.kind, c.params+"&limit=7"); !slices.Equal(got, want) {
				t.Errorf("%s?%s: %d rows in pages, %d without keys, or in another order", c.kind, c.params, len(got), len(want))
			}
			if page := f.list(ann, c.kind, c.params+"&total=exact&limit=1"); page.Total != int64(len(want)) {
				t.Errorf("%s?%s: total %d of %d", c.kind, c.params, page.Total, len(want))
			}
		}
	})
}

// all returns the keys of every row of a question.
func (f *fixture) all(actor crm.Actor, q *query.Question) (keys []int64) {
	f.t.Helper()
	q.Limit = 10_000
	page, err := f.List(f.t.Context(), actor, q)
	if err != nil || page.More {
		f.t.Fatal(page.More, err)
	}
	for _, rec := range page.Records {
		keys = append(keys, rec.Key)
	}
	return keys
}
