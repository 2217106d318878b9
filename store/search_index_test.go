package store

import (
	"context"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

// TestSearchesReadAnIndex has PostgreSQL explain searches among many contacts. Each reads the index of
// texts, and no search reads all contacts.
func TestSearchesReadAnIndex(t *testing.T) {
	f := openAt(t, Postgres(t))
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane Doe", "tags", []string{"wholesale"}, "company_id", f.save(ann, "company", "name", "Grunewald Ltd"))
	conn := f.writes()
	for _, text := range []string{
		"INSERT INTO contacts (key, workspace_id, name, name_fold, email, version, created_at, created_by, updated_at, updated_by) SELECT $1::bigint + n, $2, md5(n::text), md5(n::text), n || '@many.example', 1, n, 'a', n, 'a' FROM generate_series(1::bigint, 20000) n",
		"INSERT INTO contacts (key, workspace_id, name, name_fold, version, created_at, created_by, updated_at, updated_by) SELECT $1::bigint + (1000::bigint << 40) + n, $2::bigint + 1000, md5(n::text), md5(n::text), 1, n, 'a', n, 'a' FROM generate_series(1::bigint, 20000) n",
	} {
		_, err := conn.Exec(text, jane.Key, ann.Workspace)
		must(t, err)
	}
	for _, table := range []string{"contacts", "companies", "names", "tags"} {
		_, err := conn.Exec("ANALYZE " + table)
		must(t, err)
	}
	for params, index := range map[string]string{"search=jane": "contacts_text_", "search=jane+doe": "contacts_text_", "search=wholesale+jane": "contacts_text_", "search=grunewald": "contacts_text_", "search=jan+ja": "contacts_text_",
		"name=like:jane": "contacts_text_", "company.name=like:grunewald": "contacts_company", "search=4930123": "contacts_text_", "search=o'neil": ""} {
		q := f.question(ann, "contact", params)
		plan := f.explain(ann, q.KeysSQL(), q.Args)
		if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan on contacts") {
			t.Errorf("%s is planned as\n%s", params, plan)
		}
	}
	s, fault := query.Find(f.Schema.ByName("contact"), "+49 30 123456", query.For(f.Schema, ann, f.Now(), f.Secret()))
	if fault != nil {
		t.Fatal(fault)
	}
	if plan := f.explain(ann, s.KeysSQL(), s.Args); strings.Contains(plan, "Seq Scan on contacts") {
		t.Errorf("a search for a phone number is planned as\n%s", plan)
	}
	f.manyRecords(ann)
	if text := f.question(ann, "contact", "search=ja").KeysSQL(); text != "" {
		t.Errorf("a word of two letters is looked up by %s", text)
	}
}

// manyRecords checks searches that find more records than are counted.
func (f *fixture) manyRecords(ann crm.Actor) {
	f.t.Helper()
	for params, want := range map[string]int64{"search=many": -query.TotalCap, "search=many&email=not:null": -query.TotalCap, "search=many&total=exact": 20000, "search=many&total=exact&created_at=lt:1971-01-01": 20000,
		"search=many&email=1@many.example": 1, "search=many+example&total=exact": 20000, "search=many&email=like:many&total=exact": 20000} {
		page := f.list(ann, "contact", params+"&limit=1")
		if exact := want > 0; page.Total != max(want, -want) || page.TotalExact != exact || len(page.Records) != 1 {
			f.t.Errorf("%s: %s, want a total of %d", params, summary(page), want)
		}
	}
	s, fault := query.Find(f.Schema.ByName("contact"), "7@many", query.For(f.Schema, ann, f.Now(), f.Secret()))
	if fault != nil {
		f.t.Fatal(fault)
	}
	s.Limit = 3
	if page, err := f.Search(f.t.Context(), ann, s); err != nil || summary(page) != "[19998 19988 19978] true 2000 true" {
		f.t.Errorf("the best of many records are %s, %v", summary(page), err)
	}
	s, _ = query.Find(f.Schema.ByName("contact"), "many", query.For(f.Schema, ann, f.Now(), f.Secret()))
	s.Limit = 3
	if page, err := f.Search(f.t.Context(), ann, s); err != nil || summary(page) != "[20001 20000 19999] true 10000 false" {
		f.t.Errorf("the best of very many records are %s, %v", summary(page), err)
	}
}

// explain returns the plan of a statement in the workspace of an actor.
func (f *fixture) explain(actor crm.Actor, text string, args []any) string {
	f.t.Helper()
	lines, err := f.writes().Texts(context.Background(), "EXPLAIN "+text, append([]any{actor.Workspace}, args...)...)
	must(f.t, err)
	return strings.Join(lines, "\n")
}
