package store

import (
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
)

// orders are the most frequent orders of lists, each of which has an index.
var orders = map[string][]string{
	"contact": {"created_at", "updated_at", "name", "follow_up_at", "id"}, "company": {"created_at", "updated_at", "name", "id"},
	"deal": {"created_at", "updated_at", "amount_cents", "follow_up_at", "id"}, "ticket": {"created_at", "updated_at", "id"}, "task": {"created_at", "updated_at", "id"},
	"campaign": {"created_at", "id"}, "campaign_member": {"created_at", "id"}, "deal_contact": {"created_at", "id"}, "activity": {"occurred_at", "id"}, "change": {"at"},
}

// filters are conditions with one index path, with several, and without.
var filters = map[string][]string{
	"contact": {"stage=lead", "owner=me", "custom.seats=gte:10", "company.domain=acme.com", "last_outreach=is:null", "tags=ne:vip", "search=acme", "custom.plan=pro", "custom.seats=7", "tags=vip&stage=lead", "owner=is:null", "phone=+49 30 1", "stage=in:a,b"},
	"company": {"owner=me&tags=vip", "custom.a=b", "owner=me", "outreach=0", "tags=like:v"}, "deal": {"status=open", "stage=won&owner=me", "contact.company.domain=acme.com"}, "ticket": {"status=in:open,pending", "priority=gte:normal"},
	"task": {"done=no", "assignee=me"}, "campaign": {"status=active"}, "campaign_member": {"contact.stage=lead"}, "deal_contact": {"contact.stage=lead", "role=user"}, "activity": {"kind=call", "search=quote"}, "change": {"action=update"},
}

// TestSQLiteWalksTheIndexOfAnOrder checks that SQLite walks an index for lists in each of the orders, on the
// first page and on later ones, with filters and without. It sorts nothing and scans no table.
func TestSQLiteWalksTheIndexOfAnOrder(t *testing.T) {
	onSQLite(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.records(ann, 3)
		for kind, sorts := range orders {
			for _, sort := range sorts {
				for _, params := range append([]string{"total=none"}, filters[kind]...) {
					for _, sign := range []string{"", "-"} {
						q := f.question(ann, kind, params+"&limit=1&sort="+sign+sort)
						f.walksAnIndex(kind+"?"+params+"&sort="+sign+sort, q)
						if page := f.list(ann, kind, "limit=1&sort="+sign+sort); len(page.Records) == 1 {
							f.walksAnIndex(kind+"?"+params+"&sort="+sign+sort+"&cursor=…", q.After(page.Records[0]))
						}
					}
				}
			}
		}
	})
}

// walksAnIndex checks SQLite's query plans for the access paths that stop at the end of the page.
func (f *fixture) walksAnIndex(name string, q *query.Query) {
	f.t.Helper()
	paths := []list.Path{{Query: q}}
	if order := q.Order.Field.Name; (order == crm.FieldCreatedAt || order == "id") && !q.NarrowByKeys && !q.Entity.IsView() {
		paths = append(paths, list.Path{Query: q, ByKeys: true})
		for i := range q.IndexPaths {
			if q.IndexPaths[i].Sorted {
				paths = append(paths, list.Path{Query: q, ByKeys: true, Index: &q.IndexPaths[i]})
			}
		}
	}
	for _, path := range paths {
		for _, part := range path.Ranges() {
			text := "EXPLAIN QUERY PLAN " + path.KeysSQL(part) + " LIMIT 51"
			for _, line := range f.raw(4, text, append([]any{int64(1)}, part.Args...)...) {
				if strings.Contains(line, "TEMP B-TREE") || strings.Contains(line, "SCAN t") || strings.Contains(line, "SCAN g") {
					f.t.Errorf("%s: %s\n%s", name, line, text)
				}
				// Values of one key are those of all records: they are found by their text or number.
				if strings.Contains(text, "FROM custom_values g") && strings.Contains(line, "SEARCH g USING PRIMARY KEY (name_id=?)") {
					f.t.Errorf("%s: all values of the key: %s\n%s", name, line, text)
				}
				// A test of a row looks up the labels and values of this row, however many rows have the value.
				if side := strings.Contains(line, "SEARCH v ") || path.Index == nil && strings.Contains(line, "SEARCH g "); side && !strings.Contains(line, "record=?") {
					f.t.Errorf("%s: not by the record: %s\n%s", name, line, text)
				}
			}
		}
	}
}
