package aggregate

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// parseMeasures reads the parameter of a function.
func (q *Question) parseMeasures(rq Request, f Func) *crm.Error {
	param := string(f)
	if !rq.Params.Has(param) {
		return nil
	}
	for _, path := range items(rq.Params[param]) {
		if path == "" {
			return crm.Errorf(crm.InvalidValue, "%s= is empty or ends with a comma; write %s=%s, or leave it out.", param, param, f.example(rq.Entity)).On(param)
		}
		t, path, fault := rq.resolve(param, path)
		if fault != nil {
			return fault
		}
		m := Measure{Name: param + "_" + path, Func: f, Path: path, Target: t, Member: rq.member(t)}
		if fault := m.check(rq); fault != nil {
			return fault.On(param)
		}
		if slices.ContainsFunc(q.Measures, func(other Measure) bool { return other.Name == m.Name }) {
			return crm.Errorf(crm.InvalidFilter, "%s=%s is named twice; send it once.", param, norm.Quote(path)).On(param)
		}
		if q.Measures = append(q.Measures, m); len(q.Measures) > MaxMeasures {
			return crm.Errorf(crm.InvalidFilter, "the request has more than the maximum of %d measures. Leave some out, or ask in several requests.", MaxMeasures).On(param)
		}
	}
	return nil
}

// check returns the error for a field that the function does not take.
func (m *Measure) check(rq Request) *crm.Error {
	e, t, name := rq.Entity, m.Target, norm.Quote(m.Path)
	how := t.Field.Type.Comparison()
	switch {
	case t.Field.AmountOf() != nil:
		return amountFault(string(m.Func), m.Path, t.Field)
	case manySteps(t) > 0:
		return crm.Errorf(crm.InvalidFilter, "%s has several values in a record, and %s= takes fields with one. Count them by groups: group=%s.", name, m.Func, m.Path)
	case t.Key == "" && how.By == crm.ByMember:
		return crm.Errorf(crm.InvalidFilter, "%s has keys; name one of them: %s=%s.<key>.", name, m.Func, m.Path)
	case m.Func == Distinct && (t.Key != "" || groupable(t.Field)):
		return nil
	case m.Func == Distinct:
		return crm.Errorf(crm.InvalidFilter, "count_distinct= does not take %s, a %s; it takes fields like %s.", name, t.Field.Type, exampleGroup(e))
	case m.IsTime():
		return nil
	case m.Member != nil && m.Member.Type.Comparison().By != crm.ByNumber:
		return crm.Errorf(crm.InvalidFilter, "%s= takes numbers, and %s is declared as %s. For the number of different values write count_distinct=%s.", m.Func, name, m.Member.Of.Type, m.Path)
	case t.Key != "" || how.By == crm.ByNumber:
		return nil
	case how.By == crm.ByTime && (m.Func == Min || m.Func == Max):
		return nil
	}
	numbers := numberNames(e)
	fault := crm.Errorf(crm.InvalidFilter, "%s= takes numbers, and %s is a %s; %s have the numbers %s, and custom.<key> where the values are numbers.", m.Func, name, t.Field.Type, e.Plural, strings.Join(numbers, " "))
	if m.Func == Min || m.Func == Max {
		fault.Hint += " min= and max= also take times."
	}
	if t.Field.Type.Kind() == crm.TextKind || t.Field.IsReference() {
		fault.Hint += " For the number of different values write count_distinct=" + m.Path + "."
	}
	return fault
}

// numberNames returns the fields of an entity that are numbers.
func numberNames(e *crm.Entity) []string {
	return e.Names(func(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByNumber })
}

// example returns a field that the function takes, for hints.
func (f Func) example(e *crm.Entity) string {
	if f == Distinct {
		return exampleGroup(e)
	}
	return numberNames(e)[0]
}
