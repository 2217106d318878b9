package aggregate

import (
	"fmt"

	"crmkit/crm"
	"crmkit/query/aggregate"
)

// scanLine reads a line.
func scanLine(q *aggregate.Question, units [][]int64, scan func(...any) error) (line aggregate.Line, err error) {
	keys := make([]any, len(q.Groups))
	line.Values = make([]aggregate.Value, len(q.Measures))
	dest := make([]any, 0, len(q.Groups)+1+3*len(q.Measures))
	for i := range keys {
		dest = append(dest, &keys[i])
	}
	dest = append(dest, &line.Count)
	parts := make([][3]*int64, len(q.Measures))
	for i := range q.Measures {
		v := &line.Values[i]
		if q.Measures[i].Func == aggregate.Distinct {
			dest = append(dest, &v.Distinct)
			continue
		}
		if dest = append(dest, &v.N, &parts[i][0], &parts[i][1]); q.Measures[i].IsDecimal() {
			dest = append(dest, &parts[i][2], &v.Skipped)
		}
	}
	if err := scan(dest...); err != nil {
		return line, err
	}
	for i, p := range parts {
		v := &line.Values[i]
		if p[2] != nil && *p[2] >= tooFine {
			return line, notExact(&q.Measures[i])
		}
		switch f := q.Measures[i].Func; {
		case f == aggregate.Distinct || p[0] == nil || p[1] == nil:
		case f == aggregate.Min || f == aggregate.Max:
			v.Min, v.Max = *p[0], *p[1]
		default:
			v.Sum = aggregate.SumOf(*p[0], *p[1])
		}
	}
	for i, cell := range keys {
		v, err := keyOf(&q.Groups[i], units[i], cell)
		if err != nil {
			return line, err
		}
		line.Keys = append(line.Keys, v)
	}
	return line, nil
}

// keyOf returns the value of a group from the cell of its column.
func keyOf(g *aggregate.Group, starts []int64, cell any) (crm.Value, error) {
	switch c := cell.(type) {
	case nil:
		return crm.Value{}, nil
	case string:
		if g.Target.Key != "" {
			c = shownKey(c)
		}
		return crm.Value{Kind: crm.TextKind, Text: c}, nil
	case int64:
		if g.Unit != "" {
			return crm.Millis(starts[c]), nil
		}
		if f := g.Target.Field; f.IsReference() || f.IsIdentity() {
			return crm.Key(c), nil
		}
		if g.Target.Key == "" && g.Target.Field.Type.Kind() == crm.FlagKind {
			return crm.Value{Kind: crm.FlagKind, Int: c}, nil
		}
		return crm.Number(c), nil
	}
	return crm.Value{}, fmt.Errorf("a group %s has the unexpected type %T", g.Name, cell)
}

// shownKey returns the value of a cell that asKey made.
func shownKey(cell string) string {
	kind, text := cell[:1], cell[1:]
	if kind == "#" {
		return aggregate.NumberText(text)
	}
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}

// notExact is the error of a number that cannot be added exactly.
func notExact(m *aggregate.Measure) *crm.Error {
	return crm.Errorf(crm.InvalidValue, "%s has a number with more than six decimals, or with more than 12 digits before them, which %s= does not take. Find it with group=%s&links=1, or leave it out with a filter like %s=lt:1000000000000.",
		m.Path, m.Func, m.Path, m.Path).On(string(m.Func))
}
