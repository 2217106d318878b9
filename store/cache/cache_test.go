package cache

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// fixture is a cache of records that the test has in a map.
type fixture struct {
	*Cache
	t                *testing.T
	company, contact *Layout
}

func newFixture(t *testing.T, limits Limits) *fixture {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{New(limits), t, NewLayout(schema.ByName("company")), NewLayout(schema.ByName("contact"))}
}

// record returns a record of workspace 1.
func record(l *Layout, number int64, label string) crm.Record {
	rec := crm.NewRecord(l.entity)
	rec.Key = crm.RecordKey(1, number)
	rec.ID = crm.RecordID(l.entity.Prefix, rec.Key)
	rec.Set(l.entity.LabelField, crm.Str(label))
	return rec
}

// employee returns a contact of a company.
func (f *fixture) employee(number int64, company crm.Record) crm.Record {
	rec := record(f.contact, number, "Jane")
	for _, ref := range f.contact.refs {
		if f.contact.entity.Fields[ref.position].Name == "company_id" {
			rec.Values[ref.position] = crm.Key(company.Key)
			rec.Labels[ref.position] = company.Value("name").Text
		}
	}
	return rec
}

// holds reports whether a snapshot finds a record.
func holds(s Snapshot, l *Layout, rec crm.Record) bool {
	found := make([]crm.Record, 1)
	missing := s.Records(l, []int64{rec.Key}, found)
	return len(missing) == 0 && found[0].Value(l.entity.LabelField).Equal(rec.Value(l.entity.LabelField))
}

// commit changes records, as the writer does.
func (f *fixture) commit(changed ...crm.Record) {
	f.Version(1).Bump()
	for _, rec := range changed {
		f.Invalidate([]RecordKey{{rec.Entity, rec.Key}})
	}
	f.Version(1).Bump()
}

// TestRecordsAreOfTheSnapshot checks which records a read finds that began before, during or after
// a commit.
func TestRecordsAreOfTheSnapshot(t *testing.T) {
	f := newFixture(t, Limits{Records: 1 << 20})
	acme, other := record(f.company, 1, "Acme"), record(f.company, 2, "Other")
	before := f.Snapshot(1)
	before.PutRecords(f.company, []crm.Record{acme, other})
	if !holds(before, f.company, acme) || !holds(before, f.company, other) {
		t.Error("a record is not found that was just put")
	}
	f.Version(1).Bump()
	during := f.Snapshot(1)
	if holds(before, f.company, other) || holds(during, f.company, other) {
		t.Error("a record is found while a commit is under way")
	}
	f.Invalidate([]RecordKey{{f.company.entity, acme.Key}})
	f.Version(1).Bump()
	before.PutRecords(f.company, []crm.Record{acme})
	during.PutRecords(f.company, []crm.Record{acme})
	after := f.Snapshot(1)
	if holds(after, f.company, acme) {
		t.Error("a record is found that was read before the commit")
	}
	if !holds(after, f.company, other) {
		t.Error("a record is not found that did not change")
	}
	if holds(during, f.company, other) || holds(before, f.company, other) {
		t.Error("a snapshot of before a commit finds what is there after it")
	}
	during = f.Snapshot(1)
	f.Clear()
	during.PutRecords(f.company, []crm.Record{acme})
	if holds(f.Snapshot(1), f.company, acme) {
		t.Error("a record is found that was read before all were dropped")
	}
	if holds(after, f.company, other) || f.Stats().Bytes != 0 {
		t.Error("a record is found after all were dropped")
	}
}

// TestRecordsShowCurrentLabels renames a company. Its contacts, which show the old name, are not
// found until they are put again.
func TestRecordsShowCurrentLabels(t *testing.T) {
	f := newFixture(t, Limits{Records: 1 << 20})
	acme := record(f.company, 1, "Acme")
	jane := f.employee(1, acme)
	f.Snapshot(1).PutRecords(f.contact, []crm.Record{jane})
	if !holds(f.Snapshot(1), f.contact, jane) {
		t.Error("a contact is not found whose company only it has named")
	}
	renamed := record(f.company, 1, "Acme Ltd")
	f.commit(renamed)
	if holds(f.Snapshot(1), f.contact, jane) {
		t.Error("a contact is found whose company is not known")
	}
	f.Snapshot(1).PutRecords(f.company, []crm.Record{renamed})
	if holds(f.Snapshot(1), f.contact, jane) {
		t.Error("a contact is found that shows the old name of its company")
	}
	f.Snapshot(1).PutRecords(f.contact, []crm.Record{f.employee(1, renamed)})
	if !holds(f.Snapshot(1), f.contact, jane) {
		t.Error("a contact is not found that was read anew")
	}
}

// TestCountsAreOfTheirVersion checks when a count is computed again.
func TestCountsAreOfTheirVersion(t *testing.T) {
	f := newFixture(t, Limits{Counts: 10})
	computed := int64(0)
	count := func(s Snapshot, values ...ValueCount) int64 {
		t.Helper()
		c, err := s.Count(NewKey(1, "contacts", nil), func() (Count, error) { computed++; return Count{N: computed, Values: values}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return c.N
	}
	before := f.Snapshot(1)
	if a, b := count(before), count(f.Snapshot(1)); a != 1 || b != 1 {
		t.Errorf("without a change there are %d and %d", a, b)
	}
	f.Version(1).Bump()
	if a, b := count(f.Snapshot(1)), count(f.Snapshot(1)); a != 2 || b != 3 {
		t.Errorf("during a commit there are %d and %d", a, b)
	}
	f.Version(1).Bump()
	if a, b := count(f.Snapshot(1)), count(f.Snapshot(1)); a != 4 || b != 4 {
		t.Errorf("after it there are %d and %d", a, b)
	}
	f.Clear()
	long := ValueCount{Value: strings.Repeat("x", maxText+1)}
	if a, b := count(f.Snapshot(1), long), count(f.Snapshot(1), long); a != 5 || b != 6 {
		t.Errorf("with much text there are %d and %d", a, b)
	}
	fails := fmt.Errorf("not counted")
	if _, err := f.Snapshot(1).Count(NewKey(1, "deals", nil), func() (Count, error) { return Count{}, fails }); err != fails {
		t.Errorf("the error is %v", err)
	}
	if c, err := f.Snapshot(1).Count(NewKey(1, "deals", nil), func() (Count, error) { return Count{N: 3}, nil }); c.N != 3 || err != nil {
		t.Errorf("after an error %d are counted, %v", c.N, err)
	}
}

// TestLimitsAreKept puts more records and counts than the limits allow.
func TestLimitsAreKept(t *testing.T) {
	const limit = 20_000
	f := newFixture(t, Limits{Records: limit, Counts: 5})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		rec := record(f.company, random.Int64N(30), strings.Repeat("x", random.IntN(2000)))
		if f.Snapshot(1).PutRecords(f.company, []crm.Record{rec}); random.IntN(3) == 0 {
			f.commit(rec)
		}
		if size := f.Stats().Bytes; size < 0 || size > limit || f.records.youngBytes < 0 || f.records.oldBytes < 0 {
			t.Fatalf("the cache has %d bytes, %d of them old", size, f.records.oldBytes)
		}
		_, _ = f.Snapshot(1).Count(NewKey(random.Int64(), "", nil), func() (Count, error) { return Count{}, nil })
		if n := len(f.counts.entries); n > 5 {
			t.Fatalf("%d counts are kept", n)
		}
	}
}

// TestZeroLimitsAreOff checks that a limit of 0 switches a part of the cache off.
func TestZeroLimitsAreOff(t *testing.T) {
	f := newFixture(t, Limits{})
	acme, computed := record(f.company, 1, "Acme"), 0
	f.Snapshot(1).PutRecords(f.company, []crm.Record{acme})
	for range 2 {
		_, _ = f.Snapshot(1).Count(NewKey(1, "", nil), func() (Count, error) { computed++; return Count{}, nil })
	}
	if holds(f.Snapshot(1), f.company, acme) || f.Stats() != (Stats{Misses: 1}) || computed != 2 {
		t.Errorf("something is kept: %+v, %d", f.Stats(), computed)
	}
}

// TestCacheableEntities checks which entities are cached.
func TestCacheableEntities(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range schema.Entities {
		want := !e.IsView()
		if got := NewLayout(e).Cacheable(); got != want {
			t.Errorf("%s is kept: %v, want %v", e.Name, got, want)
		}
	}
}
