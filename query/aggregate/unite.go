package aggregate

import (
	"math/big"

	"crmkit/crm"
)

// Unite returns the answer that compares the lines of two times: each line of either, with the numbers of both.
// One that is not in the other has no records there.
//
// Errors: invalid_filter if one of them has more than MaxLines.
func Unite(is, was *Table) (Answer, *crm.Error) {
	q := is.q
	if is.groups > MaxLines || was.groups > MaxLines {
		return Answer{}, tooManyToCompare()
	}
	lines, places := is.lines, map[string]int{}
	for i := range lines {
		then := q.zero(lines[i].Keys)
		lines[i].Then = &then
		places[keyOf(lines[i].Keys)] = i
	}
	for _, then := range was.lines {
		if at, there := places[keyOf(then.Keys)]; there {
			lines[at].Then = &then
			continue
		}
		now := q.zero(then.Keys)
		now.Then = &then
		lines = append(lines, now)
	}
	if len(lines) > MaxLines {
		return Answer{}, tooManyToCompare()
	}
	return q.finish(lines), nil
}

// tooManyToCompare is the error of a comparison with too many lines, of which those that are left out could not
// be compared.
func tooManyToCompare() *crm.Error {
	return crm.Errorf(crm.InvalidFilter, "vs compares at most %d lines, and there are more. Add filters, group by a field with fewer values, or leave vs out.", MaxLines).On("vs")
}

// comparePart orders lines by a column of the other time, or of the differences.
func (q *Question) comparePart(a, b Line) int {
	x, y := q.partOf(a), q.partOf(b)
	if x == nil || y == nil {
		return unsetLast(x != nil, y != nil)
	}
	return descending(q.Sort, x.Cmp(y))
}

// partOf returns the number by which a line is sorted; nil: it has none.
func (q *Question) partOf(l Line) *big.Rat {
	was := l.Then
	if was == nil {
		return nil
	}
	var is, then *big.Rat
	if at := q.Sort.Measure; at < 0 {
		is, then = new(big.Rat).SetInt64(l.Count), new(big.Rat).SetInt64(was.Count)
	} else {
		is, then = q.Measures[at].number(l.Values[at]), q.Measures[at].number(was.Values[at])
	}
	if q.Sort.Part == Then || is == nil || then == nil {
		return then
	}
	return is.Sub(is, then)
}
