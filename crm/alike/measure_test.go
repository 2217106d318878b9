package alike

import (
	"testing"

	"crmkit/crm/alike/aliketest"
)

// TestMeasure finds the doubles among 100,000 people, and checks how many of the pairs that are
// reported are doubles, and how many of the doubles are reported. Nicknames are counted apart.
func TestMeasure(t *testing.T) {
	people := 100_000
	if testing.Short() {
		people = 20_000
	}
	for seed := uint64(1); seed <= 2; seed++ {
		set := aliketest.Generate(seed, people)
		m := newMeasure(set)
		for _, pair := range findAll(t, peopleOf(t, set), 1000) {
			m.count(pair)
		}
		t.Logf("seed %d: precision of same %.4f of %d, of likely %.3f of %d, recall %.3f, by kind:", seed,
			m.precision(Same), m.reported[Same], m.precision(Likely), m.reported[Likely], m.recall())
		for kind, all := range m.all {
			t.Logf("%16s: %5d of %5d found (%.3f)", kind, m.found[kind], all, float64(m.found[kind])/float64(all))
		}
		t.Logf("wrong because of: %v", m.wrong)
		if m.precision(Same) < 0.99 || m.precision(Likely) < 0.8 || m.recall() < 0.9 {
			t.Errorf("the bounds are 0.99, 0.8, and 0.9")
		}
	}
}

// measure counts the pairs that were found.
type measure struct {
	doubles         map[[2]int64]aliketest.Kind
	reported, right map[Verdict]int
	all, found      map[aliketest.Kind]int
	wrong           map[string]int
}

func newMeasure(set aliketest.Set) *measure {
	m := &measure{map[[2]int64]aliketest.Kind{}, map[Verdict]int{}, map[Verdict]int{}, map[aliketest.Kind]int{}, map[aliketest.Kind]int{}, map[string]int{}}
	for _, d := range set.Doubles {
		m.doubles[[2]int64{int64(d.A + 1), int64(d.B + 1)}] = d.Kind
		m.all[d.Kind]++
	}
	return m
}

func (m *measure) count(p Pair) {
	kind, double := m.doubles[[2]int64{p.A.Key, p.B.Key}]
	if kind == aliketest.Nickname {
		m.found[kind]++
		return
	}
	m.reported[p.Verdict]++
	if double {
		m.right[p.Verdict]++
		m.found[kind]++
		return
	}
	why := string(p.Verdict)
	for _, text := range p.Why {
		why += ", " + text
	}
	m.wrong[why]++
}

func (m *measure) precision(v Verdict) float64 { return float64(m.right[v]) / float64(m.reported[v]) }

// recall is the share of the doubles that were found, without nicknames.
func (m *measure) recall() float64 {
	all, found := 0, 0
	for kind, n := range m.all {
		if kind != aliketest.Nickname {
			all, found = all+n, found+m.found[kind]
		}
	}
	return float64(found) / float64(all)
}
