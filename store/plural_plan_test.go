package store

import (
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
)

// pluralPlans are lists with conditions on records that refer to those of the list, and where SQLite reads these: from each
// record of the list, and where the keys are read first.
var pluralPlans = []struct {
	kind, params string
	walk         []string
	keys         []string // nil: there is no such way
}{
	{"company", "deals.status=open&deals.amount_cents=gt:5", []string{"deals_company (company_id=?)"}, []string{"SEARCH r1 USING INDEX deals_"}},
	{"company", "deals.status=open", []string{"deals_company (company_id=?)"}, []string{"SEARCH r1 USING INDEX deals_status (workspace_id=? AND status=?)"}},
	{"company", "tasks.done_at=is:null", []string{"tasks_company (company_id=?)"}, []string{"SEARCH r1 USING INDEX tasks_"}},
	{"company", "where=not tasks.done_at=is:null", []string{"tasks_company (company_id=?)"}, nil},
	{"company", "where=deals.status=open or contacts.stage=a", []string{"deals_company (company_id=?)", "contacts_company (company_id=?)"}, nil},
	{"company", "deals=is:null", []string{"deals_company (company_id=?)"}, nil},
	{"company", "activities.kind=call", []string{"activities_company (company_id=?)", "activities_contact_company (contact_company_id=?)"}, []string{"SEARCH r1 USING INDEX activities_"}},
	{"contact", "company.deals.status=open", []string{"r1 EXISTS USING INTEGER PRIMARY KEY (rowid=?)", "deals_company (company_id=?)"}, []string{"contacts_company (company_id=?)", "deals_status (workspace_id=? AND status=?)"}},
	{"contact", "deals.role=champion&deals.status=open", []string{"deal_contacts_contact (contact_id=?)", "SEARCH r1 USING INTEGER PRIMARY KEY (rowid=?)"}, []string{"SEARCH l1 USING INDEX deal_contacts_", "SEARCH r1 USING INTEGER PRIMARY KEY (rowid=?)"}},
	{"deal", "contacts.role=champion&contacts.stage=a", []string{"deal_contacts_deal (deal_id=?)", "SEARCH r1 USING INTEGER PRIMARY KEY (rowid=?)"}, []string{"SEARCH l1 USING INDEX deal_contacts_"}},
	{"campaign", "contacts.stage=a", []string{"campaign_members_campaign (campaign_id=?)"}, []string{"SEARCH l1 USING INDEX campaign_members_"}},
	{"company", "deals.contacts.role=champion", []string{"deals_company (company_id=?)", "deal_contacts_deal (deal_id=?)"}, []string{"SEARCH r1 USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH l2 USING INDEX deal_contacts_"}},
}

// TestPluralsFollowIndexes checks that a list which asks about records that refer to its own finds these by the index
// of the reference, and that no table is read as a whole.
func TestPluralsFollowIndexes(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.records(ann, 3)
	for _, c := range pluralPlans {
		q := f.question(ann, c.kind, c.params+"&limit=50")
		f.hasPlan(ann, c.kind+"?"+c.params, list.Path{Query: q, ByKeys: true}, c.walk)
		if (c.keys != nil) != (len(q.IndexPaths) > 0) {
			t.Errorf("%s?%s has %d ways to its keys", c.kind, c.params, len(q.IndexPaths))
			continue
		}
		if c.keys != nil {
			f.hasPlan(ann, c.kind+"?"+c.params+", keys first", list.Path{Query: q, ByKeys: true, Index: &q.IndexPaths[0]}, c.keys)
		}
	}
}

// hasPlan checks that SQLite's plan of a list has some steps, and reads no table as a whole.
func (f *fixture) hasPlan(actor crm.Actor, name string, path list.Path, steps []string) {
	f.t.Helper()
	for _, part := range path.Ranges() {
		text := path.KeysSQL(part) + " LIMIT 51"
		plan := strings.Join(f.raw(4, "EXPLAIN QUERY PLAN "+text, append([]any{actor.Workspace}, part.Args...)...), "\n")
		for _, step := range steps {
			if !strings.Contains(plan, step) {
				f.t.Errorf("%s: no %s in\n%s\n%s", name, step, plan, text)
			}
		}
		for _, table := range []string{"SCAN t", "SCAN r", "SCAN l"} {
			if strings.Contains(plan, table) {
				f.t.Errorf("%s: %s\n%s", name, plan, text)
			}
		}
	}
}

// TestPostgresFollowsPlurals checks the same of PostgreSQL in a crowded database: no table of records is read as a whole for
// each record of a list, and no table of the workspace beyond it.
func TestPostgresFollowsPlurals(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: a crowded database, which takes a while to make")
	}
	onPostgres(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.crowded(ann)
		for _, c := range pluralPlans {
			f.scansNoTwice(ann, c.kind+"?"+c.params, f.question(ann, c.kind, c.params+"&limit=50"))
		}
	})
}

// scansNoTwice checks that PostgreSQL reads no whole table in an inner loop, which it would do again for each outer row.
func (f *fixture) scansNoTwice(actor crm.Actor, name string, q *query.Query) {
	f.t.Helper()
	path := f.plan(actor, q)
	for _, part := range path.Ranges() {
		text := path.KeysSQL(part) + " LIMIT 51"
		plan := f.planOf(text, append([]any{list.Scope(actor, q.Entity)}, part.Args...)...)
		plan.each(func(n planNode) {
			if n.Type != "Nested Loop" || len(n.Plans) < 2 {
				return
			}
			n.Plans[1].each(func(inner planNode) {
				if inner.Type == "Seq Scan" && inner.Rows > fewRows {
					f.t.Errorf("%s: %s again and again\n%s%s", name, inner.Relation, text, plan)
				}
			})
		})
	}
}
