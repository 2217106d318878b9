package alike

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/alike/aliketest"
)

// idsOf returns the pairs as texts, sorted.
func idsOf(pairs []Pair) (ids []string) {
	for _, p := range pairs {
		ids = append(ids, fmt.Sprintf("%d %d %s %v", p.A.Key, p.B.Key, p.Verdict, p.Why))
	}
	slices.Sort(ids)
	return ids
}

// TestPagesAreAll checks that pages of any size have the same pairs, each once, as a comparison of all
// records that have a key in common.
func TestPagesAreAll(t *testing.T) {
	set := aliketest.Generate(7, 3000)
	m := peopleOf(t, set)
	all := idsOf(findAll(t, m, 1_000_000))
	if len(all) < 250 || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Fatalf("%d pairs, each once %d", len(all), len(slices.Compact(slices.Clone(all))))
	}
	for _, page := range []int{1, 7, 100} {
		if got := idsOf(findAll(t, m, page)); !slices.Equal(got, all) {
			t.Errorf("pages of %d have %d pairs, one page %d", page, len(got), len(all))
		}
	}
	missing := 0
	for _, d := range set.Doubles {
		a, b := m.cards[int64(d.A+1)], m.cards[int64(d.B+1)]
		found := Compare(a, b, 2)
		if found.Verdict != None && len(commonKeys(a, b, 1<<62)) > 0 && !slices.Contains(all, fmt.Sprintf("%d %d %s %v", a.Key, b.Key, found.Verdict, found.Why)) {
			missing++
			t.Errorf("%v and %v have a key in common and are not reported: %v", a.name.text, b.name.text, found)
		}
	}
}

// TestLargeBlocks checks that a number that thousands share costs little and is named, and that those
// of them who also have something else in common are found.
func TestLargeBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var list []crm.Record
	for i := range 12_000 {
		rec := record(t, "contact", int64(i+1), fmt.Sprintf("name=N%c%c%c O%c%c%c%d; phone=030 1234567", 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), i))
		rec.Set("company_id", crm.Key(int64(i/2000+1)))
		list = append(list, rec)
	}
	list = append(list, record(t, "contact", 20_001, "name=Mara Lindqvist; phone=030 1234567; company_id=aaaaaaaaa"),
		record(t, "contact", 20_002, "name=Mara Lindqwist; phone=030 1234567; company_id=aaaaaaaaa"))
	p := Pass{Source: newMemory(list, "DE"), Until: never}
	var pairs []Pair
	for !p.Done {
		next, err := p.Next(50)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, next...)
	}
	if len(p.Large) != 1 || sortOf(p.Large[0].Hash) != byPhone {
		t.Errorf("the large blocks are %v", p.Large)
	}
	if !slices.Contains(idsOf(pairs), "20001 20002 same [same phone same company name one letter off]") {
		t.Errorf("the pair with one company is not among %d", len(pairs))
	}
}

// TestCompanyWithManyPeople checks that people of a company with more than are compared at once are
// compared in parts.
func TestCompanyWithManyPeople(t *testing.T) {
	var list []crm.Record
	for i := range maxTogether + 100 {
		list = append(list, record(t, "contact", int64(i+1), fmt.Sprintf("name=%c%c%c %c%c%c%cski; company_id=a",
			'a'+i%26, 'b'+i/26%25, 'c'+i/650%24, 'd'+i%23, 'e'+i/23%22, 'f'+i/506%21, 'a'+i%7)))
	}
	list = append(list, record(t, "contact", 20_001, "name=Mara Lindqvist; company_id=a"), record(t, "contact", 20_002, "name=Mara Lindqwist; company_id=a"))
	p := Pass{Source: newMemory(list, ""), Until: never}
	pairs, err := p.Next(1_000_000)
	if err != nil || len(p.Large) != 1 || !p.Done {
		t.Fatalf("large: %v, done: %t, error %v", p.Large, p.Done, err)
	}
	if !slices.Contains(idsOf(pairs), "20001 20002 likely [same company name one letter off]") {
		t.Errorf("the pair at the end is not among %d", len(pairs))
	}
}
