package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/list"
)

// walk pages through a list from its start and returns the keys seen, in order.
func (f *fixture) walk(actor crm.Actor, kind, params string) []int64 {
	f.t.Helper()
	return f.walkWithPause(actor, kind, params, func() {})
}

// walkWithPause is a walk that calls pause before each page.
func (f *fixture) walkWithPause(actor crm.Actor, kind, params string, pause func()) (keys []int64) {
	f.t.Helper()
	cursor := ""
	for range 2000 {
		pause()
		page := f.list(actor, kind, params+"&total=none"+cursor)
		for _, rec := range page.Records {
			keys = append(keys, rec.Key)
		}
		if !page.More {
			return keys
		}
		q := f.question(actor, kind, params)
		cursor = "&cursor=" + q.Cursor(page.Records[len(page.Records)-1])
	}
	f.t.Fatalf("%s?%s: the walk does not end", kind, params)
	return nil
}

// unsetLast is the order of two values of which one is unset; true: the first is set.
var unsetLast = map[bool]int{true: -1, false: 1}

// ordered returns the keys in the documented order of lists: by value, text in folded form, unset
// values last in both directions, equal values by id in the same direction.
func ordered(records []crm.Record, field *crm.Field, desc bool) []int64 {
	sign := 1
	if desc {
		sign = -1
	}
	sorted := slices.Clone(records)
	slices.SortFunc(sorted, func(a, b crm.Record) int {
		v, w := a.Value(field.Name), b.Value(field.Name)
		if field.Type == fieldtype.ID || !v.Set() && !w.Set() {
			return sign * cmp.Compare(a.Key, b.Key)
		}
		if v.Set() != w.Set() {
			return unsetLast[v.Set()]
		}
		left, right := v.Text, w.Text
		if field.Choices.Ordered {
			left, right = fmt.Sprint(slices.Index(field.Choices.Values, left)), fmt.Sprint(slices.Index(field.Choices.Values, right))
		} else if field.Type == fieldtype.Text {
			left, right = norm.Fold(left), norm.Fold(right)
		}
		return sign * cmp.Or(cmp.Compare(v.Int, w.Int), strings.Compare(left, right), cmp.Compare(a.Key, b.Key))
	})
	keys := make([]int64, len(sorted))
	for i := range sorted {
		keys[i] = sorted[i].Key
	}
	return keys
}

// randomInput returns one of few values for a field, or none, so that many records have the same.
func randomInput(f *crm.Field, random *rand.Rand, parents map[string][]crm.Record) crm.Input {
	texts := []string{"Ärger", "arger", "ARGER", "zoo", "Zoë", "10", "9", "a b", "\u0301", "日本"}
	in := crm.Input{Field: f}
	if !f.Required && random.IntN(3) == 0 || f.Transition() != nil && f.Type == fieldtype.Time { // the time needs another value
		return in
	}
	switch f.Type {
	case fieldtype.Text:
		in.Value = crm.Str(texts[random.IntN(len(texts))])
	case fieldtype.Integer:
		in.Value = crm.Number([]int64{-5, 0, 7, 7, 1 << 52}[random.IntN(5)])
	case fieldtype.Time:
		in.Value = crm.Millis([]int64{-86400000, 0, 1000, 1781082000000}[random.IntN(4)])
	case fieldtype.Choice:
		in.Value = crm.Str(f.Choices.Values[random.IntN(len(f.Choices.Values))])
	case fieldtype.Currency:
		in.Value = crm.Str([]string{"USD", "EUR", "JPY"}[random.IntN(3)])
	case fieldtype.Reference:
		if all := parents[f.Ref]; len(all) > 0 { // else it is the first of its own kind
			in.Value = crm.Key(all[random.IntN(len(all))].Key)
		}
	case fieldtype.Email:
		in.Value = crm.Str(fmt.Sprintf("u%d@example.com", random.Uint32()))
	case fieldtype.Domain:
		in.Value = crm.Str(fmt.Sprintf("h%d.example", random.Uint32()))
	case fieldtype.Emails, fieldtype.Domains, fieldtype.Phones, fieldtype.ExternalIDs:
		in.Value = crm.Labels([]string{randomItem(f, random), randomItem(f, random)})
	case fieldtype.Address:
		in = crm.Input{Field: f, Mode: crm.MergeMembers, Value: crm.Members([]crm.Member{{Name: "city", JSON: `"` + texts[random.IntN(len(texts)-2)] + `"`}})}
	}
	return in
}

// randomItem returns an item for a list field; no two are equal, but for phone numbers.
func randomItem(f *crm.Field, random *rand.Rand) string {
	switch f.Type {
	case fieldtype.Phones:
		return fmt.Sprintf("+49 170 %d", random.IntN(5))
	case fieldtype.Domains:
		return fmt.Sprintf("o%d.example", random.Uint32())
	case fieldtype.ExternalIDs:
		return fmt.Sprintf("hubspot:%d", random.Uint32())
	}
	return fmt.Sprintf("o%d@example.com", random.Uint32())
}

// records creates n records of each kind, but of those that say what records are like: their values follow rules, and
// they have tests of their own.
func (f *fixture) records(actor crm.Actor, n int) {
	f.t.Helper()
	random := rand.New(rand.NewPCG(3, 5))
	made := map[string][]crm.Record{}
	for _, e := range f.Schema.Records() {
		if e.IsDefinition() {
			continue
		}
		for i := range n {
			d := Draft{Entity: e}
			for j := range e.Fields {
				if field := &e.Fields[j]; !field.ReadOnly && field.Type != fieldtype.Tags && field.Type != fieldtype.Object {
					d.Inputs = append(d.Inputs, randomInput(field, random, made))
				}
			}
			if e.Parents.AuthorOwned {
				d.Inputs = append(d.Inputs, crm.Input{Field: e.Field("contact_id"), Value: crm.Key(made["contact"][i].Key)})
			}
			for j, name := range e.Parents.ExactlyOne {
				in := crm.Input{Field: e.Field(name)}
				if j == i%len(e.Parents.ExactlyOne) {
					in.Value = crm.Key(made[in.Field.Ref][i].Key)
				}
				d.Inputs = append(d.Inputs, in, crm.Input{Field: e.Field(e.Parents.Fields[0]), Value: crm.Key(made[e.Field(e.Parents.Fields[0]).Ref][i].Key)})
			}
			f.clock.Advance(time.Duration(i%3) * time.Second)
			out, err := f.trySave(actor, d)
			if err != nil {
				f.t.Fatalf("make %s: %v", e.Name, err)
			}
			made[e.Name] = append(made[e.Name], out.After)
		}
	}
}

// TestWalkSeesEveryRecordOnce pages through every kind in every order that it has, and compares the
// keys with a sort in Go.
func TestWalkSeesEveryRecordOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.populate(bob, 2)
		f.populate(ann, 10)
		for _, e := range f.Schema.Entities {
			if e.IsDefinition() {
				continue
			}
			all := f.list(ann, e.Name, "limit=200").Records
			if counted := f.raw(1, "SELECT COUNT(*) FROM "+e.TableName()+" WHERE "+e.ScopeColumn()+" = $1", list.Scope(ann, e)); fmt.Sprint(len(all)) != counted[0] || len(all) < 10 {
				t.Fatalf("%s: one page shows %d of %s", e.Plural, len(all), counted[0])
			}
			for i := range e.Fields {
				if field := &e.Fields[i]; query.Sortable(e, field) && field.Stored() {
					f.checkWalks(ann, all, field)
				}
			}
		}
	})
}

func (f *fixture) checkWalks(actor crm.Actor, all []crm.Record, field *crm.Field) {
	f.t.Helper()
	for _, sort := range []string{field.Name, "-" + field.Name} {
		want := ordered(all, field, sort[0] == '-')
		for _, limit := range []int{2, 7} {
			params := fmt.Sprintf("sort=%s&limit=%d", sort, limit)
			if got := f.walk(actor, all[0].Entity.Name, params); !slices.Equal(got, want) {
				f.t.Errorf("%s?%s: saw %d of %d records, or not in order", all[0].Entity.Plural, params, len(got), len(want))
			}
		}
	}
}

func TestWalkMatchesItsFilter(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.populate(ann, 20)
		for _, params := range []string{"stage=not:null", "stage=is:null", "stage=like:arg", "company_id=not:null&stage=ne:zoo", "search=arger"} {
			want := ordered(f.list(ann, "contact", params+"&limit=200").Records, f.Schema.ByName("contact").Field("owner"), false)
			got := f.walk(ann, "contact", params+"&sort=owner&limit=2")
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("contacts?%s: walked %v, want %v", params, got, want)
			}
		}
	})
}

// disturbance is four goroutines that update and insert records of a kind.
type disturbance struct {
	f       *fixture
	actor   crm.Actor
	kind    string
	keys    []int64
	stop    atomic.Bool
	writes  atomic.Int64
	running atomic.Int64
	done    sync.WaitGroup
}

func (d *disturbance) start() {
	for i := range 4 {
		d.running.Add(1)
		d.done.Go(func() { d.run(uint64(i)) })
	}
}

func (d *disturbance) run(seed uint64) {
	defer d.running.Add(-1)
	random := rand.New(rand.NewPCG(seed, 1))
	display := d.f.Schema.ByName(d.kind).LabelField
	for n := 0; !d.stop.Load(); n++ {
		d.f.clock.Advance(time.Millisecond)
		var err error
		if random.IntN(2) == 0 {
			_, err = d.f.tryUpdate(d.actor, d.keys[random.IntN(len(d.keys))], d.f.draft(d.kind, display, fmt.Sprint("changed ", n), "owner", fmt.Sprint(n%7)))
		} else {
			_, err = d.f.trySave(d.actor, d.f.draft(d.kind, display, fmt.Sprint("new ", n)))
		}
		if err != nil {
			d.f.t.Errorf("a write during a walk: %v", err)
			return
		}
		d.writes.Add(1)
	}
}

// pause waits for a few more writes.
func (d *disturbance) pause() {
	for until := d.writes.Load() + 3; d.writes.Load() < until && d.running.Load() > 0; {
		runtime.Gosched()
	}
}

func TestWalkUnderConcurrentWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.populate(ann, 20)
		for _, kind := range []string{"contact", "company", "deal"} {
			start, entries := f.walk(ann, kind, "limit=200"), f.walk(ann, "change", "limit=500")
			d := &disturbance{f: f, actor: ann, kind: kind, keys: start}
			d.start()
			seen := f.walkWithPause(ann, kind, "limit=3", d.pause)
			log := f.walkWithPause(ann, "change", "limit=20", d.pause)
			d.stop.Store(true)
			d.done.Wait()
			checkSeenOnce(t, kind, seen, start)
			checkSeenOnce(t, "change", log, entries)
		}
	})
}

// checkSeenOnce checks that a walk showed every record that existed at its start, in the same order,
// and no record twice.
func checkSeenOnce(t *testing.T, kind string, seen, start []int64) {
	t.Helper()
	there := map[int64]bool{}
	for _, key := range start {
		there[key] = true
	}
	var old []int64
	for _, key := range seen {
		if there[key] {
			old = append(old, key)
		}
	}
	if !slices.Equal(old, start) {
		t.Errorf("%s: of %d records at the start the walk saw %d, in the order\n%v", kind, len(start), len(old), old)
	}
	slices.Sort(seen)
	if n := len(slices.Compact(slices.Clone(seen))); n != len(seen) {
		t.Errorf("%s: %d records were seen twice", kind, len(seen)-n)
	}
}

// TestAWalkDoesNotGrowWithEqualValues reads pages of records that all have the same time. A page
// after many of them reads no more of the file than the first.
func TestAWalkDoesNotGrowWithEqualValues(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	last := f.save(ann, "activity", "body", "b", "contact_id", jane)
	const many = 30_000
	f.write(ann, func(tx *Tx) error {
		columns := strings.Join(f.catalog().ColumnNames("activities", "key"), ", ")
		return tx.Exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO activities (key, %s) SELECT key + i, %s FROM c CROSS JOIN activities WHERE key = %d", many, columns, columns, last.Key))
	})
	for _, params := range []string{"total=none", "total=none&sort=occurred_at", "total=none&contact=" + jane.ID, "total=none&contact=" + jane.ID + "&sort=occurred_at"} {
		q, last := f.question(ann, "activity", params), last.Clone()
		pages := func(at int64) (read int) {
			t.Helper()
			last.Key = last.Key + at
			err := f.Snapshot(t.Context(), func(v *ReadTx) error {
				before := v.PagesRead()
				keys, err := (&list.Reader{Tx: v}).Keys(t.Context(), list.Path{Actor: ann, Query: q.After(last)})
				if len(keys) != q.Limit+1 {
					t.Errorf("%s: %d keys", params, len(keys))
				}
				read = v.PagesRead() - before
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return read
		}
		first, later := int64(many-5), int64(100)
		if !q.Order.Desc {
			first, later = 5, many-100
		}
		pages(first) // prepares the statements
		if a, b := pages(first), pages(later); b > a+20 {
			t.Errorf("%s: the first page reads %d pages of the file, a later one %d", params, a, b)
		}
	}
}
