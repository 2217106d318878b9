package store

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/fieldtype"
	"crmkit/query"
	"crmkit/store/cache"
)

// values returns two values for a filter on a field that are long and differ little.
func values(f *crm.Field, actor crm.Actor) [2]string {
	key := func(prefix string, n int64) string { return crm.RecordID(prefix, crm.RecordKey(actor.Workspace, n)) }
	switch f.Type {
	case fieldtype.Integer:
		return [2]string{"5000001", "5000002"}
	case fieldtype.Time:
		return [2]string{"2026-06-10T09:00:00Z", "2026-06-10T09:00:01Z"}
	case fieldtype.Choice:
		return [2]string{f.Choices.Values[0], f.Choices.Values[1]}
	case fieldtype.Currency:
		return [2]string{"USD", "EUR"}
	case fieldtype.Phone, fieldtype.Phones:
		return [2]string{"+49 30 1234567", "+49 30 1234568"}
	case fieldtype.Email, fieldtype.Emails:
		return [2]string{"a@example.com", "b@example.com"}
	case fieldtype.Domain, fieldtype.Domains:
		return [2]string{"a.example", "b.example"}
	case fieldtype.ExternalIDs:
		return [2]string{"hubspot:1", "hubspot:2"}
	case fieldtype.Reference:
		return [2]string{key(prefixOf(f.Ref), 1), key(prefixOf(f.Ref), 2)}
	}
	return [2]string{"a", "b"}
}

func prefixOf(kind string) string {
	for _, e := range catalog.Entities {
		if e.Name == kind {
			return e.Prefix
		}
	}
	return ""
}

// TestArgumentsHaveKeys compiles two questions for each field and operator, which differ in their
// arguments alone. Each has a key in the cache of counts, and the keys are different.
func TestArgumentsHaveKeys(t *testing.T) {
	f := openAt(t, Memory)
	ann := f.member("ann@example.com")
	compared := 0
	for _, e := range f.Schema.Records() {
		for i := range e.Fields {
			for _, op := range query.Ops {
				compared += f.compareKeys(ann, e, &e.Fields[i], op.Name)
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d pairs of questions were compared", compared)
	}
}

// compareKeys compares the keys of two questions, and returns 1, or 0 if the field does not
// take the operator.
func (f *fixture) compareKeys(actor crm.Actor, e *crm.Entity, field *crm.Field, op string) (compared int) {
	f.t.Helper()
	name, pair := field.Name, values(field, actor)
	if field.Type == fieldtype.Object {
		name = field.Name + ".seats"
	}
	var keys []cache.Key
	for _, value := range pair {
		q, fault := query.Parse(e, url.Values{name: {op + ":" + value}}, query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace})
		if fault != nil {
			return 0 // the field does not take the operator or the value
		}
		keys = append(keys, cache.NewKey(actor.Workspace, "SELECT 1 WHERE "+q.Condition(), q.Args))
	}
	if keys[0] == keys[1] || keys[0] == (cache.Key{}) || keys[1] == (cache.Key{}) {
		f.t.Errorf("%s?%s=%s:%s and :%s have the same key, or no key", e.Plural, name, op, pair[0], pair[1])
	}
	return 1
}

// TestTotalsOfOtherValues asks questions one after the other that differ in their arguments alone.
// Each has its own total.
func TestTotalsOfOtherValues(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		a, b := f.save(ann, "company", "name", "A"), f.save(ann, "company", "name", "B")
		for i := range 10 {
			company := a
			if i >= 3 {
				company = b
			}
			f.save(ann, "deal", "title", fmt.Sprint("deal ", i), "company_id", company, "amount_cents", 5_000_000+i/3)
		}
		for params, want := range map[string]int64{
			"company_id=" + a.ID: 3, "company_id=" + b.ID: 7,
			"amount_cents=5000000": 3, "amount_cents=gte:5000001": 7, "amount_cents=5000003": 1,
		} {
			for _, total := range []string{"", "&total=exact"} {
				if page := f.list(ann, "deal", params+"&limit=1"+total); page.Total != want {
					t.Errorf("deals?%s: total %d, want %d", strings.TrimPrefix(params+total, "&"), page.Total, want)
				}
			}
		}
	})
}
