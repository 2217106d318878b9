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

// TestPathsFindTheSameRows lists by conditions that few rows match and by others that many
// match. The rows, their order, the pages and the total are the same as without index paths.
func TestPathsFindTheSameRows(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		campaign, company := f.save(ann, "campaign", "name", "n"), f.save(ann, "company", "name", "n")
		f.write(ann, func(tx *Tx) error {
			for i := range 1000 {
				if err := f.saveNth(tx, i, campaign, company); err != nil {
					return err
				}
			}
			return nil
		})
		f.clock.Advance(2 * time.Hour)
		f.save(ann, "contact", "name", "no stage")
		ids := strings.NewReplacer("{cmp}", campaign.ID, "{co}", company.ID)
		for _, c := range pathCases {
			c.params = ids.Replace(c.params)
			f.checkPath(ann, c)
		}
	})
}

// pathCase is a list and the path that the planner chooses for it.
type pathCase struct {
	kind, params  string
	index, sorted bool // it uses an index path; and reads it in the order of the list
}

var pathCases = []pathCase{
	{"contact", "tags=t7", true, true}, {"contact", "tags=many", true, true}, {"contact", "tags=many,t7", true, true}, {"contact", "tags=in:t7,t8,zzz", true, false},
	{"contact", "tags=in:t7,many", false, false}, {"contact", "tags=ne:t7", false, false}, {"contact", "tags=zzz", true, true}, {"contact", "phone=004930-7", true, false}, {"contact", "email=n7@example.com", true, false}, {"contact", "other_emails=n7@other.example", true, true}, {"contact", "external_ids=hubspot:7", true, true}, {"contact", "other_phones=555 0", false, false},
	{"contact", "campaign={cmp}", true, false}, {"contact", "campaign=ne:{cmp}", false, false}, {"contact", "company={co}", false, false},
	{"activity", "company={co}", true, false}, {"activity", "contact.tags=t7", false, false}, {"contact", "tags=t7&name=n3&sort=name", true, false}, {"contact", "tags=many&sort=name", false, false},
	{"contact", "stage=s1", true, true}, {"contact", "stage=s1&sort=id", true, true}, {"contact", "stage=s1&tags=t7", true, true}, {"contact", "stage=in:s1,s2", false, false}, {"contact", "stage=is:null", true, true}, {"contact", "stage=not:null", false, false},
	{"contact", "custom.n=7", true, true}, {"contact", "custom.n=gte:999", true, false}, {"contact", "custom.n=gte:3", false, false}, {"contact", "custom.w=w5", true, true}, {"contact", "custom.n=7&sort=-updated_at", true, false},
	{"contact", "created_at=gte:-1h&sort=name", true, false}, {"contact", "updated_at=gte:-1h&sort=-name", true, false}, {"contact", "created_at=gte:-1h", true, false}, {"contact", "created_at=gte:-1d&sort=name", false, false},
	{"contact", "created_at=gte:-1d&created_at=lt:-12h&sort=name", true, false}, {"contact", "created_at=gte:-1d", false, false}, {"contact", "created_at=gte:-1d&stage=s1", true, true}, {"contact", "created_at=gte:-1h&stage=is:null", true, false},
	{"contact", "created_at=ne:2020-01-01&sort=name", false, false}, {"contact", "created_at=in:2020-01-01,2020-01-02&sort=name", true, false}, {"activity", "occurred_at=lt:-1d&sort=kind", true, false}, {"activity", "contact.created_at=gte:-1h", false, false},
	{"contact", "custom.w=" + strings.Repeat("x", 201), false, false}, {"contact", "name=n3", false, false}, {"contact", "stage=s1&company={co}", false, false},
}

// saveNth saves a contact with an activity. Every 500th belongs to the campaign and the
// company.
func (f *fixture) saveNth(tx *Tx, i int, campaign, company crm.Record) error {
	out, err := tx.Save(f.draft("contact", "name", fmt.Sprintf("n%d", i%7), "tags", []string{"many", fmt.Sprintf("t%d", i%300)}, "phone", fmt.Sprintf("+49 30 %d", i%400), "stage", fmt.Sprintf("s%d", i%5),
		"other_emails", []string{fmt.Sprintf("n%d@other.example", i)}, "other_phones", []string{"555-0"}, "external_ids", []string{fmt.Sprint("hubspot:", i)},
		"custom", crm.Members([]crm.Member{{Name: "n", JSON: fmt.Sprint(i)}, {Name: "w", JSON: fmt.Sprintf(`"w%d"`, i%9)}})))
	if err != nil {
		return err
	}
	if _, err := tx.Save(f.draft("activity", "body", "b", "contact_id", out.After)); err != nil || i%500 != 0 {
		return err
	}
	if _, err := tx.Save(f.draft("campaign_member", "campaign_id", campaign, "contact_id", out.After)); err != nil {
		return err
	}
	_, err = tx.Update(out.After.Key, f.draft("contact", "company_id", company))
	return err
}

// checkPath checks the path of a list, and its pages and totals against the list without
// index paths.
func (f *fixture) checkPath(actor crm.Actor, c pathCase) {
	f.t.Helper()
	q := f.question(actor, c.kind, c.params)
	if p := f.plan(actor, q); p.Index != nil != c.index || p.InSortOrder() != c.sorted {
		f.t.Errorf("%s?%s: by an index path %v, in its order %v", c.kind, c.params, p.Index != nil, p.InSortOrder())
	}
	q.IndexPaths, q.NarrowByKeys = nil, true
	want := f.all(actor, q)
	if got := f.walk(actor, c.kind, c.params+"&limit=97"); !slices.Equal(got, want) {
		f.t.Errorf("%s?%s: %d rows in pages, %d without index paths, or in another order", c.kind, c.params, len(got), len(want))
	}
	for _, total := range []string{"", "&total=exact", ""} { // the last is read from the cache
		if page := f.list(actor, c.kind, c.params+"&limit=1"+total); page.Total != int64(len(want)) {
			f.t.Errorf("%s?%s%s: total %d of %d", c.kind, c.params, total, page.Total, len(want))
		}
	}
}

// TestSpansAreReadFromTheirIndex checks that a list which is ordered by time and has a
// condition on that time begins at the bound of the condition, in either direction.
func TestSpansAreReadFromTheirIndex(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.records(ann, 3)
	for _, params := range []string{"created_at=gte:-1d", "created_at=gte:-1d&sort=created_at", "created_at=lt:now&owner=ne:x", "updated_at=gte:-1d&sort=updated_at"} {
		q := f.question(ann, "contact", params)
		path := list.Path{Query: q, ByKeys: q.Order.Field.Name == crm.FieldCreatedAt}.PreferSpan()
		for _, part := range path.Ranges() {
			plan := f.raw(4, "EXPLAIN QUERY PLAN "+path.KeysSQL(part), append([]any{ann.Workspace}, part.Args...)...)
			if text := strings.Join(plan, "\n"); !strings.Contains(text, "_at>") && !strings.Contains(text, "_at<") || strings.Contains(text, "TEMP B-TREE") {
				t.Errorf("%s: %s", params, text)
			}
		}
	}
}

// TestDeepPagesBeginAtTheirCursor checks that the range of a page has one bound on each
// side. With two bounds on one side SQLite walked from the end of the workspace to the cursor:
// half a million rows for a page in the middle of a million. Its query plan does not show that.
func TestDeepPagesBeginAtTheirCursor(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		rec := f.save(ann, "contact", "name", "n", "tags", []string{"a"}, "stage", "s")
		for _, params := range []string{"", "sort=created_at", "sort=-id", "sort=id", "tags=a", "stage=s&sort=id", "stage=ne:x", "tags=ne:b&sort=created_at"} {
			q := f.question(ann, "contact", params).After(rec)
			path := f.plan(ann, q)
			if !path.ByKeys {
				t.Fatalf("%s is not read in the order of keys", params)
			}
			for _, part := range path.Ranges() {
				text := path.KeysSQL(part)
				key := "t.key"
				if path.InSortOrder() {
					key = path.Index.Sources[0].Key
				}
				if less, more := strings.Count(text, key+" < "), strings.Count(text, key+" > "); less > 1 || more > 1 || less+more == 0 {
					t.Errorf("contacts?%s: %d and %d bounds in %s", params, less, more, text)
				}
			}
		}
	})
}

// plan returns the access path that the planner chooses for a question.
func (f *fixture) plan(actor crm.Actor, q *query.Query) (path list.Path) {
	f.t.Helper()
	err := f.Snapshot(f.t.Context(), func(v *ReadTx) (err error) {
		path, err = (&list.Reader{Tx: v, Cached: f.cache.Snapshot(actor.Workspace)}).ChoosePlan(f.t.Context(), actor, q, nil)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return path
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
