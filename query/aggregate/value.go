package aggregate

import (
	"cmp"
	"math/big"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/query/operand"
)

// Value is what is known of the values of a field in the records of a line. It has all that the functions
// need, so that lines can be added. The sum is exact, of any size.
type Value struct {
	N        int64    // records with a value
	Sum      *big.Int // nil: 0
	Min, Max int64
	Distinct int64 // different values; -1: not known
	Skipped  int64 // records whose value is no number
}

// Million is by how much decimals are multiplied. They have at most six places.
const Million = 1_000_000

// SumOf returns the sum whose values were divided by 2 to the 32: the sum of the quotients, and that of the
// remainders. No number of records that a database has lets one of the two leave 64 bits.
func SumOf(high, low int64) *big.Int {
	sum := big.NewInt(high)
	return sum.Add(sum.Lsh(sum, 32), big.NewInt(low))
}

// add adds the values of other records.
func (v *Value) add(w Value) {
	if w.Sum != nil {
		if v.Sum == nil {
			v.Sum = new(big.Int)
		}
		v.Sum = new(big.Int).Add(v.Sum, w.Sum)
	}
	if v.N == 0 {
		v.Min, v.Max = w.Min, w.Max
	} else if w.N > 0 {
		v.Min, v.Max = min(v.Min, w.Min), max(v.Max, w.Max)
	}
	v.N, v.Skipped = v.N+w.N, v.Skipped+w.Skipped
	v.Distinct = -1
}

// sum returns the sum.
func (v Value) sum() *big.Int {
	if v.Sum == nil {
		return new(big.Int)
	}
	return v.Sum
}

// number returns the number that a function makes of a value; nil: none.
func (m *Measure) number(v Value) *big.Rat {
	switch {
	case m.Func == Sum:
		return m.scaled(v.sum())
	case m.Func == Distinct && v.Distinct >= 0:
		return new(big.Rat).SetInt64(v.Distinct)
	case m.Func == Distinct || v.N == 0:
		return nil
	case m.Func == Avg:
		return rounded(v.sum(), new(big.Int).Mul(big.NewInt(v.N), big.NewInt(m.scale())))
	case m.Func == Min:
		return m.scaled(big.NewInt(v.Min))
	}
	return m.scaled(big.NewInt(v.Max))
}

// scale returns by how much the stored values are multiplied.
func (m *Measure) scale() int64 {
	if m.IsDecimal() {
		return Million
	}
	return 1
}

// scaled returns the number of a stored value.
func (m *Measure) scaled(n *big.Int) *big.Rat {
	return new(big.Rat).SetFrac(n, big.NewInt(m.scale()))
}

// rounded returns a quotient with two decimals; a half goes to the even one of two neighbours, so that averages
// of averages do not grow.
func rounded(sum, n *big.Int) *big.Rat {
	cents := new(big.Int).Mul(sum, big.NewInt(100))
	quotient, rest := new(big.Int).DivMod(cents, n, new(big.Int)) // n > 0, so the rest is not negative
	switch rest.Lsh(rest, 1).Cmp(n) {
	case 1:
		quotient.Add(quotient, big.NewInt(1))
	case 0:
		quotient.Add(quotient, new(big.Int).And(quotient, big.NewInt(1)))
	}
	return new(big.Rat).SetFrac(quotient, big.NewInt(100))
}

// Show returns the number of a measure as answers show it: a whole number, a time, or a text with two decimals.
//
// Errors: sum_too_large.
func (m *Measure) Show(v Value) (crm.Value, *crm.Error) { return m.show(m.number(v)) }

// ShowDiff returns the difference of two values of a measure. There is none of times, or where one is missing.
//
// Errors: sum_too_large.
func (m *Measure) ShowDiff(is, was Value) (crm.Value, *crm.Error) {
	a, b := m.number(is), m.number(was)
	if a == nil || b == nil || m.IsTime() {
		return crm.Value{}, nil
	}
	return m.show(a.Sub(a, b))
}

// show returns a number as answers show it.
func (m *Measure) show(n *big.Rat) (crm.Value, *crm.Error) {
	switch {
	case n == nil:
		return crm.Value{}, nil
	case m.Func == Avg:
		return crm.Str(n.FloatString(2)), nil
	case !new(big.Int).Quo(n.Num(), n.Denom()).IsInt64():
		return crm.Value{}, crm.Errorf(crm.SumTooLarge, "the sum of %s is %s, and answers have numbers of at most 64 bits. Add filters or groups so that each sum is smaller, or write avg=%s.",
			m.Path, n.FloatString(0), m.Path).On(string(m.Func))
	case !n.IsInt():
		return crm.Str(strings.TrimRight(n.FloatString(6), "0")), nil
	case m.IsTime() && m.Member != nil && m.Member.Of.Type == declared.Date:
		return crm.Str(declared.DayAt(norm.Clock{}, n.Num().Int64())), nil
	case m.IsTime():
		return crm.Millis(n.Num().Int64()), nil
	}
	return crm.Number(n.Num().Int64()), nil
}

// compare orders two values of a measure, those that are not known last. known is false if one is not known.
func (m *Measure) compare(a, b Value) (order int, known bool) {
	switch {
	case m.Func == Sum:
		return a.sum().Cmp(b.sum()), true
	case m.Func == Distinct && (a.Distinct < 0 || b.Distinct < 0):
		return cmp.Compare(b.Distinct, a.Distinct), false
	case m.Func == Distinct:
		return cmp.Compare(a.Distinct, b.Distinct), true
	case a.N == 0 || b.N == 0:
		return cmp.Compare(min(b.N, 1), min(a.N, 1)), false
	case m.Func == Min:
		return cmp.Compare(a.Min, b.Min), true
	case m.Func == Max:
		return cmp.Compare(a.Max, b.Max), true
	}
	left, right := new(big.Int).Mul(a.sum(), big.NewInt(b.N)), new(big.Int).Mul(b.sum(), big.NewInt(a.N))
	return left.Cmp(right), true
}

// unsetLast orders two values of which one is not set, by whether each is.
func unsetLast(are ...bool) int {
	switch {
	case are[0] == are[1]:
		return 0
	case are[0]:
		return -1
	}
	return 1
}

// compareKeys orders two values of a group; a group without a value is the last one.
func (g *Group) compareKeys(a, b crm.Value, foldA, foldB string) int {
	switch {
	case !a.Set() || !b.Set():
		return unsetLast(a.Set(), b.Set())
	case a.Kind != crm.TextKind:
		return cmp.Compare(a.Int, b.Int)
	}
	return cmp.Or(cmp.Compare(g.placeOf(a), g.placeOf(b)), cmp.Compare(foldA, foldB), strings.Compare(a.Text, b.Text))
}

// placeOf returns the place of a stage in its pipeline. Those of no pipeline follow all others; the values of all other
// fields have one place.
func (g *Group) placeOf(v crm.Value) int64 {
	if e := g.Target.Entity; g.Target.Field.Name == crm.FieldStage && e.HasStages() && g.flow.Has(e.Name) {
		return g.flow.PlaceOf(e.Name, v.Text)
	}
	return 0
}

// foldOf returns the form in which values of a group are ordered: that in which lists are.
func (g *Group) foldOf(v crm.Value) string {
	f := g.Target.Field
	if v.Kind != crm.TextKind {
		return ""
	}
	switch {
	case g.Member != nil && g.Member.Of.Type == declared.Choice:
		return operand.Order{Member: g.Member}.Place(v.Text)
	case g.Target.Key != "":
		return memberFold(v.Text)
	case f.ComparesFolds():
		return f.FoldOf(v)
	}
	return v.Text
}
