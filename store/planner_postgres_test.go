package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
)

// crowd is how many records of each kind a workspace gets from crowded, and others the number of
// the other workspaces, with a tenth of that each.
const (
	crowd  = 10_000
	others = 10
)

// crowded fills a workspace with records of each kind, and further workspaces, and has PostgreSQL
// count them, as it does by itself after some time.
func (f *fixture) crowded(actor crm.Actor) {
	f.t.Helper()
	f.records(actor, 3)
	f.save(actor, "contact", "name", "labelled", "tags", []string{"vip"}, "custom", []crm.Member{{Name: "plan", JSON: `"pro"`}, {Name: "seats", JSON: "7"}})
	for i := range others + 1 {
		workspace, n := actor.Workspace, crowd
		if i > 0 {
			workspace, n = f.member(fmt.Sprintf("other%d@example.com", i)).Workspace, crowd/10
		}
		for _, e := range f.Schema.Records() {
			f.copies(e, actor.Workspace, workspace, n)
		}
	}
	f.write(actor, func(tx *Tx) error {
		for _, text := range []string{
			"INSERT INTO tags (name_id, record, n) SELECT n.key, c.key, 1 FROM names n JOIN contacts c ON c.workspace_id = n.workspace_id AND c.key % 10 = 0 WHERE n.kind = 'contact' AND n.name = 'vip' ON CONFLICT DO NOTHING",
			"INSERT INTO custom_values (name_id, record, text) SELECT n.key, c.key, CASE WHEN c.key % 20 = 0 THEN 'pro' ELSE 'free' END FROM names n JOIN contacts c ON c.workspace_id = n.workspace_id AND c.key % 2 = 0 WHERE n.kind = 'contact.custom' AND n.name = 'plan' ON CONFLICT DO NOTHING",
			"UPDATE deals SET amount_cents = key % 997", // else all amounts may be equal, and the order is that of the keys
			"ANALYZE",
		} {
			if err := tx.Exec(text); err != nil {
				return err
			}
		}
		return nil
	})
}

// copies adds n records of a kind to a workspace, with values of the first records of another one.
// They refer to each other, and no two have the same time of their last change.
func (f *fixture) copies(e *crm.Entity, from, to int64, n int) {
	f.t.Helper()
	key := func(number string) string { return fmt.Sprintf("%d + %s", crm.RecordKey(to, 0), number) }
	names := f.catalog().ColumnNames(e.Plural)
	values := slices.Clone(names)
	for i, name := range names {
		switch field := e.Field(name); {
		case name == "key":
			values[i] = key("1000 + c.i")
		case name == "workspace_id":
			values[i] = fmt.Sprint(to)
		case name == e.Keys.Unique, slices.Contains(e.Parents.ExactlyOne, name) && name != e.Parents.ExactlyOne[0]:
			values[i] = "NULL::" + map[bool]string{true: "BIGINT", false: "TEXT"}[strings.HasSuffix(name, "_id")]
		case field != nil && field.IsReference():
			values[i] = key("1000 + c.i")
		case name == "created_at", name == "occurred_at":
			values[i] = "1781082000000 + c.i * 1000"
		case name == "updated_at":
			values[i] = "1781082000000 + (c.i * 7919) % 100003 * 1000"
		case strings.HasSuffix(name, "_at"):
			values[i] = "CASE WHEN c.i % 3 > 0 THEN 1781082000000 + (c.i * 7919) % 100003 * 1000 END"
		case name == e.LabelField, name == e.LabelField+"_fold":
			values[i] = "'n' || (c.i * 31) % 10007"
		default:
			values[i] = "x." + name
		}
	}
	if e.LabelField == "kind" || e.LabelField == "campaign_id" { // it is not a name
		values[slices.Index(names, e.LabelField)] = "x." + e.LabelField
	}
	if at := slices.Index(names, "campaign_id"); at >= 0 {
		values[at] = key("1000 + c.i")
	}
	f.write(crm.Actor{Workspace: to}, func(tx *Tx) error {
		err := tx.Exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(1::BIGINT, %d) c (i) JOIN %s x ON x.key = %d + 1 + c.i %% 3",
			e.Plural, strings.Join(names, ", "), strings.Join(values, ", "), n, e.Plural, crm.RecordKey(from, 0)))
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, $2, $3, $3, 0, 0)
			ON CONFLICT (workspace_id, kind) DO UPDATE SET n = usage.n + $3, last = usage.last + $3`, to, e.Plural, int64(n))
	})
}

// planNode is a step of a query plan of PostgreSQL.
type planNode struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Alias    string  `json:"Alias"`
	Index    string  `json:"Index Name"`
	Filter   string  `json:"Filter"`
	Rows     float64 `json:"Plan Rows"`
	Plans    []planNode
}

// String returns the steps of a plan, each in a line.
func (p planNode) String() string { return p.indented("\n") }

func (p planNode) indented(line string) string {
	text := fmt.Sprint(line, p.Type, " ", p.Index, " ", p.Relation, " ", p.Alias, " rows=", p.Rows)
	for _, part := range p.Plans {
		text += part.indented(line + "  ")
	}
	return text
}

// each calls do for a step and those below it.
func (p planNode) each(do func(planNode)) {
	do(p)
	for _, part := range p.Plans {
		part.each(do)
	}
}

// planOf returns the plan that PostgreSQL chooses for a statement.
func (f *fixture) planOf(text string, args ...any) planNode {
	f.t.Helper()
	var plan string
	err := f.Read(f.t.Context(), func(v *ReadTx) error {
		return v.Row(f.t.Context(), "EXPLAIN (FORMAT JSON) "+text, args, &plan)
	})
	var plans []struct{ Plan planNode }
	if err == nil {
		err = json.Unmarshal([]byte(plan), &plans)
	}
	if err != nil || len(plans) != 1 {
		f.t.Fatalf("%s: %v", text, err)
	}
	return plans[0].Plan
}

// fewRows is how many rows a list may sort: those of a filter that few records pass.
const fewRows = 2000

// TestPostgresReadsTheIndexOfAnOrder lists in each order, with filters and without, from the first page
// on and from a page in the middle, in a workspace of many records beside other workspaces.
// PostgreSQL reads a range of an index. It sorts few rows, and does not scan the table of the list.
func TestPostgresReadsTheIndexOfAnOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: a crowded database, which takes a while to make")
	}
	onPostgres(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.crowded(ann)
		for kind, sorts := range orders {
			for _, sort := range sorts {
				for _, params := range append([]string{"total=none"}, filters[kind]...) {
					f.readsAnIndex(ann, kind, params+"&sort="+sort)
					f.readsAnIndex(ann, kind, params+"&sort=-"+sort)
				}
			}
		}
	})
}

// readsAnIndex checks the plans of the first page of a list and of one in the middle.
func (f *fixture) readsAnIndex(actor crm.Actor, kind, params string) {
	f.t.Helper()
	q := f.question(actor, kind, params+"&limit=50")
	f.checkPlan(actor, kind+"?"+params, q)
	if kind == "change" {
		return
	}
	middle := crm.RecordKey(actor.Workspace, 1000+crowd/2)
	rec, err := f.Record(f.t.Context(), actor, q.Entity, middle)
	if err != nil {
		f.t.Fatal(err)
	}
	f.checkPlan(actor, kind+"?"+params+"&cursor=…", q.After(rec))
}

// checkPlan checks the plans of a page.
func (f *fixture) checkPlan(actor crm.Actor, name string, q *query.Query) {
	f.t.Helper()
	path := f.plan(actor, q)
	for _, part := range path.Ranges() {
		text := path.KeysSQL(part) + " LIMIT 51"
		plan := f.planOf(text, append([]any{list.Scope(actor, q.Entity)}, part.Args...)...)
		plan.each(func(n planNode) {
			scan := n.Type == "Seq Scan" && n.Alias == "t"
			sort := n.Type == "Sort" && n.Plans[0].Rows > fewRows
			if scan || sort {
				f.t.Errorf("%s: %s of %s\n%s%s", name, n.Type, n.Relation, text, plan)
			}
		})
	}
}
