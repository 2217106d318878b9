package alike

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/alike/aliketest"
	"crmkit/crm/catalog"
)

// memory is a source of records in memory.
type memory struct {
	cards     map[int64]*Card
	rows      []Row
	domains   map[int64][]string // of companies
	dismissed map[[2]int64]bool
}

func newMemory(records []crm.Record, country string) *memory {
	m := &memory{cards: map[int64]*Card{}, domains: map[int64][]string{}}
	for _, rec := range records {
		c := Of(rec, country)
		m.cards[rec.Key] = c
		for _, key := range c.Keys() {
			m.rows = append(m.rows, Row{key, rec.Key})
		}
	}
	slices.SortFunc(m.rows, compareRows)
	return m
}

func compareRows(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Record, b.Record))
}

func (m *memory) Rows(after Place, most int) ([]Row, error) {
	at, found := slices.BinarySearchFunc(m.rows, Row{Key{Hash: after.Hash}, after.Record}, compareRows)
	if found {
		at++
	}
	return slices.Clone(m.rows[at:min(len(m.rows), at+most)]), nil
}

func (m *memory) Cards(records []int64) (map[int64]*Card, error) { return m.cards, nil }

func (m *memory) Domains([]int64) (map[int64][]string, error) { return m.domains, nil }

func (m *memory) Dismissed(pairs [][2]int64) (map[[2]int64]bool, error) { return m.dismissed, nil }

func (m *memory) Around(wanted []Wanted) (rows []Row, _ map[int64]*Card, _ error) {
	for _, w := range wanted {
		at, _ := slices.BinarySearchFunc(m.rows, Row{Key: Key{Hash: w.Hash}}, compareRows)
		for n := 0; n < w.Most && at < len(m.rows) && m.rows[at].Hash == w.Hash; n++ {
			rows = append(rows, m.rows[at])
			at++
		}
	}
	return rows, map[int64]*Card{}, nil
}

func (m *memory) Large(hashes []int64, than int) (large []int64, _ error) {
	for _, hash := range hashes {
		at, _ := slices.BinarySearchFunc(m.rows, Row{Key: Key{Hash: hash}}, compareRows)
		if at+than < len(m.rows) && m.rows[at+than].Hash == hash {
			large = append(large, hash)
		}
	}
	return large, nil
}

// peopleOf returns the contacts of a set, with the domains of their companies.
func peopleOf(t testing.TB, set aliketest.Set) *memory {
	m := newMemory(records(entity(t, "contact"), set), "DE")
	for i, c := range set.Companies {
		m.domains[int64(i+1)] = []string{c.Domain}
	}
	return m
}

// entity returns a kind of record.
func entity(t testing.TB, name string) *crm.Entity {
	t.Helper()
	made := product()
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.schema.ByName(name)
}

// product makes the schema once.
var product = sync.OnceValue(func() (made struct {
	schema *crm.Schema
	err    error
}) {
	made.schema, made.err = catalog.Schema()
	return made
})

// records returns the people of a set as contacts. The key of each is 1 + its place.
func records(e *crm.Entity, set aliketest.Set) (list []crm.Record) {
	for i, p := range set.People {
		rec := crm.NewRecord(e)
		rec.Key = int64(i + 1)
		rec.Set("name", crm.Str(p.Name))
		rec.Set("email", crm.Str(p.Email))
		rec.Set("phone", crm.Str(p.Phone))
		rec.Set("title", crm.Str(p.Title))
		rec.Set("other_phones", crm.Labels(p.OtherPhones))
		if p.Company > 0 {
			rec.Set("company_id", crm.Key(int64(p.Company)))
		}
		list = append(list, rec)
	}
	return list
}

// never is a time that a pass does not reach.
var never = time.Now().Add(time.Hour)

// findAll returns all pairs, a page after the other.
func findAll(t testing.TB, source Source, page int) (pairs []Pair) {
	t.Helper()
	place := Place{}
	for {
		p := Pass{Source: source, Place: place, Until: never}
		next, err := p.Next(page)
		if err != nil {
			t.Fatal(err)
		}
		if pairs = append(pairs, next...); p.Done {
			return pairs
		}
		place = p.Place
	}
}
