package aggregate

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/query/fieldpath"
)

// resolve returns the field to which a path of a parameter leads, and the path as answers show it. custom. may be left out
// before the name of a declared field.
//
// Errors: invalid_filter for a path that leads to no field, or to an amount, which is a number and a currency.
func (rq Request) resolve(param, path string) (t fieldpath.Target, shown string, fault *crm.Error) {
	full := rq.Env.Shape.FullName(rq.Entity, path)
	t, known := fieldpath.Resolve(rq.Entity, full)
	if !known {
		t, known = fieldpath.ResolveFilter(rq.Entity, full) // contact.role of deals is of any of their people
	}
	if known && t.Level() > 0 {
		fault = unknownField(rq.Entity, param, path)
		fault.Hint += " It leads to the records that refer to each of the " + rq.Entity.Plural + ", which only filters do; for their numbers ask GET /" + t.Entity.Route() + "?" + param + "=…"
		return t, path, fault
	}
	if f := rq.money(path); f != nil && (!known || t.Key != "") {
		return t, path, moneyFault(param, path, declared.Prefix+f.Members()[0].Key)
	}
	if number, _ := rq.Env.Shape.Kind(t.Entity).Amount(t.Key); known && t.Key != "" && number != "" {
		return t, path, moneyFault(param, path, strings.TrimSuffix(path, t.Key)+number)
	}
	if !known {
		return t, path, unknownField(rq.Entity, param, path)
	}
	return t, shownPath(full, t), nil
}

// member returns what is declared of a key of an object, nil if nothing is.
func (rq Request) member(t fieldpath.Target) *declared.Member {
	if t.Key == "" || t.Field.Name != strings.TrimSuffix(declared.Prefix, ".") {
		return nil
	}
	return rq.Env.Shape.Kind(t.Entity).Member(t.Key)
}

// money returns the declared field that a path without a reference in it means, if it is one of money; else nil.
func (rq Request) money(path string) *declared.Field {
	f := rq.Env.Shape.Kind(rq.Entity).Field(strings.TrimPrefix(path, declared.Prefix))
	if f == nil || f.Type != declared.Money {
		return nil
	}
	return f
}

// moneyFault returns the error for a declared amount, which is a number and a currency.
func moneyFault(param, path, number string) *crm.Error {
	fault := crm.Errorf(crm.InvalidFilter, "%s is a number and its currency; write %s=%s, which is split by currency.", path, param, number).On(param)
	fault.DidYouMean = number
	return fault
}
