package store

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/query"
)

// anyArgs draws arguments of a statement, often such as differ little.
var anyArgs = rapid.SliceOfN(rapid.OneOf(
	rapid.Map(rapid.Int64(), func(n int64) any { return n }),
	rapid.Map(rapid.Int64Range(0x10FFFE, 0x110002), func(n int64) any { return n }),
	rapid.Map(rapid.StringN(0, 12, -1), func(text string) any { return text }),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(text []byte) any { return string(text) }),
), 0, 4)

// TestOtherQuestionsHaveOtherKeys holds that two questions share a key only where they are
// the same question: what is kept of one never answers the other.
func TestOtherQuestionsHaveOtherKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SampledFrom([]string{"", "a", "ab", "SELECT 1", "SELECT 1\x00"})
		w1, t1, a1 := rapid.Int64Range(1, 3).Draw(t, "workspace"), texts.Draw(t, "text"), anyArgs.Draw(t, "args")
		w2, t2, a2 := w1, t1, slices.Clone(a1)
		switch at := rapid.IntRange(-3, len(a1)-1).Draw(t, "changed"); at {
		case -3:
			w2 = rapid.Int64Range(1, 3).Draw(t, "other workspace")
		case -2:
			t2 = texts.Draw(t, "other text")
		case -1:
			a2 = anyArgs.Draw(t, "other args")
		default: // one shape, another value
			a2[at] = anyArgs.Filter(func(args []any) bool { return len(args) > 0 }).Draw(t, "other arg")[0]
		}
		same := w1 == w2 && t1 == t2 && slices.Equal(a1, a2)
		if equal := keyOf(w1, t1, a1) == keyOf(w2, t2, a2); equal != same {
			t.Fatalf("keys are equal: %v, questions: %v: %d %q %#v and %d %q %#v", equal, same, w1, t1, a1, w2, t2, a2)
		}
	})
}

// values returns two values for a filter on a field, large and near each other.
func values(f *crm.Field, actor crm.Actor) [2]string {
	key := func(prefix string, n int64) string { return crm.RecordID(prefix, crm.RecordKey(actor.Workspace, n)) }
	switch f.Type {
	case crm.Int:
		return [2]string{"5000001", "5000002"}
	case crm.Time:
		return [2]string{"2026-06-10T09:00:00Z", "2026-06-10T09:00:01Z"}
	case crm.Choice:
		return [2]string{f.Values[0], f.Values[1]}
	case crm.Money:
		return [2]string{"USD", "EUR"}
	case crm.Phone:
		return [2]string{"+49 30 1234567", "+49 30 1234568"}
	case crm.Email:
		return [2]string{"a@example.com", "b@example.com"}
	case crm.Domain:
		return [2]string{"a.example", "b.example"}
	case crm.Ref:
		return [2]string{key(prefixOf(f.Ref), 1), key(prefixOf(f.Ref), 2)}
	}
	return [2]string{"a", "b"}
}

func prefixOf(kind string) string {
	for _, e := range crm.Entities {
		if e.Name == kind {
			return e.Prefix
		}
	}
	return ""
}

// TestArgumentsHaveKeys compiles a pair of questions for each filter that there is: all
// arguments have a key, and the pair has different ones.
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

func (f *fixture) compareKeys(actor crm.Actor, e *crm.Entity, field *crm.Field, op string) (compared int) {
	f.t.Helper()
	name, pair := field.Name, values(field, actor)
	if field.Type == crm.Object {
		name = field.Name + ".seats"
	}
	var keys []cacheKey
	for _, value := range pair {
		q, fault := query.Parse(e, url.Values{name: {op + ":" + value}}, query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace})
		if fault != nil {
			return 0 // the field does not take the operator, or not this value
		}
		keys = append(keys, keyOf(actor.Workspace, "SELECT 1 WHERE "+q.Condition(), q.Args))
	}
	if keys[0] == keys[1] {
		f.t.Errorf("%s?%s=%s:%s and :%s have one key", e.Plural, name, op, pair[0], pair[1])
	}
	return 1
}

// TestTotalsOfOtherValues asks questions of one shape after each other: each has its own
// total, values in use and way.
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
