package alike

import (
	"testing"

	"crmkit/crm/alike/aliketest"
)

// BenchmarkKeys computes the keys of a record, as each write of a contact does.
func BenchmarkKeys(b *testing.B) {
	list := records(entity(b, "contact"), aliketest.Generate(1, 1000))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Of(list[i%len(list)], "").Keys()
	}
}

// BenchmarkCompare compares two records.
func BenchmarkCompare(b *testing.B) {
	set := aliketest.Generate(1, 1000)
	m := peopleOf(b, set)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d := set.Doubles[i%len(set.Doubles)]
		Compare(m.cards[int64(d.A+1)], m.cards[int64(d.B+1)], 2)
	}
}
