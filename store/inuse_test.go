package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/query"
)

// run runs a statement directly, so counters and caches do not follow.
func (f *fixture) run(actor crm.Actor, text string, args ...any) {
	f.t.Helper()
	f.write(actor, func(tx *Tx) error { return tx.Exec(text, args...) })
}

// checkUses compares the table values_in_use with a recount of the records.
func (f *fixture) checkUses() {
	f.t.Helper()
	var counts []string
	for _, e := range f.Schema.Entities {
		for i := range e.Fields {
			field := &e.Fields[i]
			value, from := "x."+field.Col(), e.Plural+" x"
			if field.Type == fieldtype.Tags {
				value, from = "j.value", from+", items_of(x."+field.Col()+") j"
			}
			if e.CountsValues(field) {
				counts = append(counts, fmt.Sprintf("SELECT x.workspace_id, '%s', '%s', %s, COUNT(*) FROM %s WHERE x.workspace_id > 0 AND %s IS NOT NULL GROUP BY x.workspace_id, %s",
					e.Name, field.Name, value, from, value, value))
			}
		}
	}
	stored, counted := f.raw(5, "SELECT workspace_id, kind, field, value, n FROM values_in_use"), f.raw(5, strings.Join(counts, " UNION ALL "))
	slices.Sort(stored)
	slices.Sort(counted)
	if !slices.Equal(stored, counted) {
		f.t.Errorf("values_in_use has\n%q\na recount finds\n%q", stored, counted)
	}
}

// TestAllValuesInUseAreCounted checks that the values in use are counted in all records, in a
// workspace with more records than an explanation reads.
func TestAllValuesInUseAreCounted(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.bulk(ann, query.MaxScan+500, "customer")
		for i := range 20 {
			for range 1 + i%3 {
				f.save(ann, "contact", "name", "n", "stage", fmt.Sprintf("s%02d", i), "tags", []string{fmt.Sprint("t", i)})
			}
		}
		list := f.inUseList(ann, "contact", "stage=custmer")
		want := []ValueCount{{Value: "customer", N: query.MaxScan + 500}, {Value: "s02", N: 3}, {Value: "s05", N: 3}, {Value: "s08", N: 3}, {Value: "s11", N: 3}, {Value: "s14", N: 3}, {Value: "s17", N: 3}, {Value: "s01", N: 2}}
		if !slices.Equal(list.Values, want) || list.Rest != 13 || list.AtLeast {
			t.Errorf("in use: %+v", list)
		}
		if list := f.inUseList(ann, "contact", "tags=nope"); len(list.Values) != query.MaxInUse || list.Rest != 12 || list.AtLeast {
			t.Errorf("tags in use: %+v", list)
		}
	})
}

// TestManyValuesInUse checks that the values beyond those listed are counted up to a bound.
func TestManyValuesInUse(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.run(ann, `WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < $2)
		INSERT INTO values_in_use (workspace_id, kind, field, value, n) SELECT $1, 'contact', 'owner', 'o' || i, 1 FROM r`, ann.Workspace, query.MaxInUse+query.MaxRest+2)
		if list := f.inUseList(ann, "contact", "owner=nobody"); len(list.Values) != query.MaxInUse || list.Rest != query.MaxRest+1 {
			t.Errorf("in use: %d and %d more", len(list.Values), list.Rest)
		}
	})
}

// TestCustomValuesAreCountedInTheNewest checks that values of custom fields, which have no stored
// counts, are counted in the newest records, and that the answer says so.
func TestCustomValuesAreCountedInTheNewest(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.save(ann, "contact", "name", "n", "custom", []crm.Member{{Name: "plan", JSON: `"old"`}})
		if list := f.inUseList(ann, "contact", "custom.plan=x"); !slices.Equal(list.Values, []ValueCount{{Value: "old", N: 1}}) || list.AtLeast {
			t.Errorf("in use: %+v", list)
		}
		f.run(ann, `WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < $1)
		INSERT INTO custom_values (name_id, record, text) SELECT (SELECT name_id FROM custom_values), CAST($2 AS BIGINT) + i, CASE WHEN i % 4 = 0 THEN 'free' ELSE 'pro' END FROM r`, query.MaxScan, crm.RecordKey(ann.Workspace, 1000))
		f.cache.Clear()
		if list := f.inUseList(ann, "contact", "custom.plan=x"); !slices.Equal(list.Values, []ValueCount{{Value: "pro", N: query.MaxScan * 3 / 4}, {Value: "free", N: query.MaxScan / 4}}) || !list.AtLeast || list.Rest != 0 {
			t.Errorf("in use: %+v", list)
		}
	})
}
