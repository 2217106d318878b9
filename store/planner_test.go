package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
)

// TestWays lists by conditions that let few rows through and by such that let many: the
// rows are the same ones in the same order as without leads, on every page, and so is
// their number.
func TestWays(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	campaign, company := f.save(ann, "campaign", "name", "n"), f.save(ann, "company", "name", "n")
	f.write(ann, func(tx *Tx) error {
		for i := range 1000 {
			tags := []string{"many", fmt.Sprintf("t%d", i%300)}
			out, err := tx.Save(f.draft("contact", "name", fmt.Sprintf("n%d", i%7), "tags", tags, "phone", fmt.Sprintf("+49 30 %d", i%400), "stage", fmt.Sprintf("s%d", i%5),
				"custom", crm.Members([]crm.Member{{Name: "n", JSON: fmt.Sprint(i)}, {Name: "w", JSON: fmt.Sprintf(`"w%d"`, i%9)}})))
			if err != nil {
				return err
			}
			contact := crm.Key(out.After.Key)
			if _, err := tx.Save(Draft{Entity: f.Schema.ByName("activity"), Inputs: []crm.Input{
				{Field: f.Schema.ByName("activity").Field("body"), Value: crm.Str("b")}, {Field: f.Schema.ByName("activity").Field("contact_id"), Value: contact}}}); err != nil {
				return err
			}
			if i%500 == 0 {
				e := f.Schema.ByName("campaign_member")
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
	f.clock.advance(2 * time.Hour)
	f.save(ann, "contact", "name", "no stage")
	for _, c := range []struct {
		kind, params string
		lead, along  bool
	}{
		{"contact", "tags=t7", true, true}, {"contact", "tags=many", true, true}, {"contact", "tags=many,t7", true, true}, {"contact", "tags=in:t7,t8,zzz", true, false},
		{"contact", "tags=in:t7,many", false, false}, {"contact", "tags=ne:t7", false, false}, {"contact", "tags=zzz", true, true}, {"contact", "phone=004930-7", true, true},
		{"contact", "campaign=" + campaign.ID, true, false}, {"contact", "campaign=ne:" + campaign.ID, false, false}, {"contact", "company=" + company.ID, false, false},
		{"activity", "company=" + company.ID, true, false}, {"activity", "contact.tags=t7", false, false}, {"contact", "tags=t7&name=n3&sort=name", true, false}, {"contact", "tags=many&sort=name", false, false},
		{"contact", "stage=s1", true, true}, {"contact", "stage=s1&sort=id", true, true}, {"contact", "stage=s1&tags=t7", true, true}, {"contact", "stage=in:s1,s2", false, false}, {"contact", "stage=is:null", true, true}, {"contact", "stage=not:null", false, false},
		{"contact", "custom.n=7", true, true}, {"contact", "custom.n=gte:999", true, false}, {"contact", "custom.n=gte:3", false, false}, {"contact", "custom.w=w5", true, true}, {"contact", "custom.n=7&sort=-updated_at", true, false},
		{"contact", "created_at=gte:-1h&sort=name", true, false}, {"contact", "updated_at=gte:-1h&sort=-name", true, false}, {"contact", "created_at=gte:-1h", true, false}, {"contact", "created_at=gte:-1d&sort=name", false, false},
		{"contact", "created_at=gte:-1d&created_at=lt:-12h&sort=name", true, false}, {"contact", "created_at=gte:-1d", false, false}, {"contact", "created_at=gte:-1d&stage=s1", true, true}, {"contact", "created_at=gte:-1h&stage=is:null", true, false},
		{"contact", "created_at=ne:2020-01-01&sort=name", false, false}, {"contact", "created_at=in:2020-01-01,2020-01-02&sort=name", true, false}, {"activity", "occurred_at=lt:-1d&sort=kind", true, false}, {"activity", "contact.created_at=gte:-1h", false, false},
		{"contact", "custom.w=" + strings.Repeat("x", 201), false, false}, {"contact", "name=n3", false, false}, {"contact", "stage=s1&company=" + company.ID, false, false},
	} {
		q := f.question(ann, c.kind, c.params)
		if w := f.way(ann, q); w.Index != nil != c.lead || w.InSortOrder() != c.along {
			t.Errorf("%s?%s: with a lead %v, in its order %v", c.kind, c.params, w.Index != nil, w.InSortOrder())
		}
		q.IndexPaths, q.NarrowByKeys = nil, true
		want := f.all(ann, q)
		if got := f.walk(ann, c.kind, c.params+"&limit=97"); !slices.Equal(got, want) {
			t.Errorf("%s?%s: %d rows in pages, %d without leads, or in another order", c.kind, c.params, len(got), len(want))
		}
		for _, total := range []string{"", "&total=exact", ""} { // the last as it was kept
			if page := f.list(ann, c.kind, c.params+"&limit=1"+total); page.Total != int64(len(want)) {
				t.Errorf("%s?%s%s: total %d of %d", c.kind, c.params, total, page.Total, len(want))
			}
		}
	}
}

// TestSpansAreReadFromTheirIndex checks that a list in the order of times which has only
// those of a span begins where that does, in either direction.
func TestSpansAreReadFromTheirIndex(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.records(ann, 3)
	for _, params := range []string{"created_at=gte:-1d", "created_at=gte:-1d&sort=created_at", "created_at=lt:now&owner=ne:x", "updated_at=gte:-1d&sort=updated_at"} {
		q := f.question(ann, "contact", params)
		w := list.Path{Query: q, ByKeys: q.Order.Field.Name == crm.FieldCreatedAt}.PreferSpan()
		for _, part := range w.Ranges() {
			plan := f.raw(4, "EXPLAIN QUERY PLAN "+w.KeysSQL(part), append([]any{ann.Workspace}, part.Args...)...)
			if text := strings.Join(plan, "\n"); !strings.Contains(text, "_at>") && !strings.Contains(text, "_at<") || strings.Contains(text, "TEMP B-TREE") {
				t.Errorf("%s: %s", params, text)
			}
		}
	}
}

// TestDeepPagesBeginAtTheirCursor checks that the range of a page has one bound on each
// side. With two SQLite walked from the end of the workspace to the cursor, which its plan
// does not show: half a million rows in the middle of a million.
func TestDeepPagesBeginAtTheirCursor(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "n", "tags", []string{"a"}, "stage", "s")
	for _, params := range []string{"", "sort=created_at", "sort=-id", "sort=id", "tags=a", "stage=s&sort=id", "stage=ne:x", "tags=ne:b&sort=created_at"} {
		q := f.question(ann, "contact", params).After(rec)
		w := f.way(ann, q)
		if !w.ByKeys {
			t.Fatalf("%s is not read in the order of keys", params)
		}
		for _, part := range w.Ranges() {
			text := w.KeysSQL(part)
			key := "t.key"
			if w.InSortOrder() {
				key = w.Index.Sources[0].Key
			}
			if less, more := strings.Count(text, key+" < "), strings.Count(text, key+" > "); less > 1 || more > 1 || less+more == 0 {
				t.Errorf("contacts?%s: %d and %d bounds in %s", params, less, more, text)
			}
		}
	}
}

// way returns how a question's rows are come by.
func (f *fixture) way(actor crm.Actor, q *query.Query) (w list.Path) {
	f.t.Helper()
	err := f.Snapshot(f.t.Context(), func(v *ReadTx) (err error) {
		w, err = (&list.Reader{Tx: v, Cached: f.cache.Snapshot(actor.Workspace)}).ChoosePlan(f.t.Context(), actor, q, nil)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return w
}

// all returns the keys of every row of a question.
func (f *fixture) all(actor crm.Actor, q *query.Query) (keys []int64) {
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
