package store

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/list"
	"crmkit/store/past"
)

// TestCostOfThePast lists a past since which a few of many records have changed. That reads as little of the file as a list
// of the present: whatever the order and the conditions, no part of the statement reads all records.
func TestCostOfThePast(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Acme")
	jane := f.save(ann, "contact", "name", "Jane", "company_id", acme, "stage", "lead", "owner", "bob@example.com")
	const many = 30_000
	f.write(ann, func(tx *Tx) error {
		columns := strings.Join(f.catalog().ColumnNames("contacts", "key"), ", ")
		err := tx.Exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO contacts (key, %s) SELECT key + i, %s FROM c CROSS JOIN contacts WHERE key = %d", many, columns, columns, jane.Key))
		if err != nil {
			return err
		}
		return tx.Exec(fmt.Sprintf("UPDATE usage SET n = n + %d WHERE workspace_id = %d AND kind = 'contacts'", many, ann.Workspace))
	})
	place := past.Asked{Name: "at", IsNumber: true, Number: 1 << 30}
	err := f.Snapshot(t.Context(), func(v *ReadTx) (err error) {
		return v.Row(t.Context(), "SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'", []any{ann.Workspace}, &place.Number)
	})
	if err != nil {
		t.Fatal(err)
	}
	f.update(ann, jane, "name", "Jane Roe", "stage", "customer")
	f.update(ann, acme, "name", "Acme Works")
	f.save(ann, "activity", "body", "b", "contact_id", jane)
	for _, params := range []string{"", "sort=created_at", "sort=name", "sort=-id", "stage=lead", "stage=customer", "owner=bob@example.com&sort=name", "company.name=Acme", "company.name=like:acme&sort=id", "company=" + acme.ID, "tags=vip", "email=jane@example.com", "updated_at=gte:-1d&sort=updated_at"} {
		empty := strings.Contains(params, "customer") || strings.Contains(params, "tags") || strings.Contains(params, "email")
		f.pastPages(ann, params, place) // prepares the statements
		pages, records := f.pastPages(ann, params, place)
		if pages > 200 || empty != (records == 0) {
			t.Errorf("%s reads %d pages of the file, and finds %d records", params, pages, records)
		}
	}
}

// pastPages lists contacts of the past, and returns how many pages of the file that reads, and how many records it finds.
func (f *fixture) pastPages(actor crm.Actor, params string, place past.Asked) (pages, records int) {
	f.t.Helper()
	q := f.question(actor, "contact", params+"&limit=20&total=none")
	err := f.Snapshot(f.t.Context(), func(v *ReadTx) error {
		before := v.PagesRead()
		at, last, err := past.Locate(f.t.Context(), v, actor.Workspace, place)
		if err != nil {
			return err
		}
		reader := past.Reader{Schema: f.Schema, Tables: f.mappings}
		p, err := reader.Read(f.t.Context(), v, actor.Workspace, past.Question{Place: at, Last: last, Kinds: past.Kinds(f.Schema, q)})
		if err != nil {
			return err
		}
		page, err := p.List(&list.Reader{Tx: v, Cached: f.cache.Outdated()}, actor, q)
		pages, records = v.PagesRead()-before, len(page.Records)
		return err
	})
	if err != nil {
		f.t.Fatalf("%s: %v", params, err)
	}
	return pages, records
}
