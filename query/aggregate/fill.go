package aggregate

import (
	"slices"

	"crmkit/crm"
)

// hasUnits reports whether a group is a unit of time.
func (q *Question) hasUnits() bool {
	return slices.ContainsFunc(q.Groups, func(g Group) bool { return g.Unit != "" })
}

// fill adds lines without records for the times between the first and the last one, with each set of other
// groups that there is. filled is false if there would be more than MaxLines: then nothing is added.
func (q *Question) fill(lines []Line) (_ []Line, filled bool) {
	if !q.hasUnits() {
		return lines, true
	}
	axes := q.axes(lines)
	var rest []Line // one for each set of the other groups
	there, sets := map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		there[keyOf(l.Keys)] = true
		other := q.withoutTimes(l.Keys)
		if key := keyOf(other); q.hasTimes(l) && !sets[key] {
			sets[key] = true
			rest = append(rest, q.zero(other))
		}
	}
	for at, starts := range axes {
		if starts == nil {
			continue
		}
		if len(rest)*len(starts) > MaxLines {
			return lines, false
		}
		var product []Line
		for _, l := range rest {
			for _, start := range starts {
				keys := slices.Clone(l.Keys)
				keys[at] = crm.Millis(start)
				product = append(product, q.zero(keys))
			}
		}
		rest = product
	}
	for _, l := range rest {
		if there[keyOf(l.Keys)] {
			continue
		}
		if then := q.zero(l.Keys); q.Compares {
			l.Then = &then
		}
		if lines = append(lines, l); len(lines) > MaxLines {
			return lines[:len(there)], false
		}
	}
	return lines, true
}

// axes returns for each group that is a unit of time the units from the first to the last one.
func (q *Question) axes(lines []Line) [][]int64 {
	axes := make([][]int64, len(q.Groups))
	for i := range q.Groups {
		g := &q.Groups[i]
		var times []int64
		for _, l := range lines {
			if g.Unit != "" && l.Keys[i].Set() {
				times = append(times, l.Keys[i].Int)
			}
		}
		if len(times) > 0 {
			axes[i], _, _ = g.Unit.Bounds(g.ZoneIn(q.zone), slices.Min(times), slices.Max(times))
		}
	}
	return axes
}

// hasTimes reports whether the line has all its times.
func (q *Question) hasTimes(l Line) bool {
	for i := range q.Groups {
		if q.Groups[i].Unit != "" && !l.Keys[i].Set() {
			return false
		}
	}
	return true
}

// withoutTimes returns the keys without those that are times.
func (q *Question) withoutTimes(keys []crm.Value) []crm.Value {
	keys = slices.Clone(keys)
	for i := range q.Groups {
		if q.Groups[i].Unit != "" {
			keys[i] = crm.Value{}
		}
	}
	return keys
}
