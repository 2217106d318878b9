package aggregate

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// parseGroups reads group=.
func (q *Question) parseGroups(rq Request) *crm.Error {
	if !rq.Params.Has("group") {
		return nil
	}
	for _, text := range items(rq.Params["group"]) {
		g, fault := parseGroup(rq, text)
		g.flow = rq.Env.Flow
		if fault != nil {
			return fault.On("group")
		}
		if slices.ContainsFunc(q.Groups, func(other Group) bool { return other.Name == g.Name }) {
			return crm.Errorf(crm.InvalidFilter, "group=%s is named twice; send it once.", norm.Quote(text)).On("group")
		}
		q.Groups = append(q.Groups, g)
	}
	if len(q.Groups) > MaxGroups {
		return crm.Errorf(crm.InvalidFilter, "group= has %d groups; at most %d are allowed. Leave some out, or ask in several requests.", len(q.Groups), MaxGroups).On("group")
	}
	return nil
}

// parseGroup reads one group: a field, or a unit with a time in brackets.
func parseGroup(rq Request, text string) (g Group, fault *crm.Error) {
	e := rq.Entity
	if text == "" {
		return g, crm.Errorf(crm.InvalidValue, "group= is empty or ends with a comma; write a field, like group=%s, or leave it out.", exampleGroup(e))
	}
	g.Path = text
	if unit, rest, called := strings.Cut(text, "("); called && strings.Trim(unit, "abcdefghijklmnopqrstuvwxyz_") == "" {
		path, closed := strings.CutSuffix(rest, ")")
		g.Unit, g.Path = Unit(unit), strings.TrimSpace(path)
		if !closed || !slices.Contains(Units, g.Unit) {
			return g, crm.Errorf(crm.InvalidValue, "group=%s is not known; a time is grouped by %s.", norm.Quote(text), unitsOf(g.Path)).Of(unit, unitNames())
		}
	}
	if g.Target, g.Path, fault = rq.resolve("group", g.Path); fault != nil {
		return g, fault
	}
	g.Member = rq.member(g.Target)
	if g.Name = g.Path; g.Unit != "" {
		g.Name = string(g.Unit) + "(" + g.Path + ")"
	}
	return g, g.check()
}

// check returns the error for a field that cannot be a group.
func (g *Group) check() *crm.Error {
	t, f := g.Target, g.Target.Field
	how := f.Type.Comparison()
	name := norm.Quote(g.Path)
	switch {
	case manySteps(t) > 1:
		return crm.Errorf(crm.InvalidFilter, "%s leads to several records in two steps, and cannot be a group. Ask the list of the records in between.", name)
	case t.Key == "" && how.By == crm.ByMember:
		return crm.Errorf(crm.InvalidFilter, "%s has keys; group by one of them: group=%s.<key>.", name, g.Path)
	case f.AmountOf() != nil:
		return amountFault("group", g.Path, f)
	case t.Key == "" && how.By == crm.ByTime && g.Unit == "":
		return crm.Errorf(crm.InvalidFilter, "%s is a time; group it by %s.", name, unitsOf(g.Path))
	case g.Member != nil && g.Member.Of.Type == declared.Tags:
		return crm.Errorf(crm.InvalidFilter, "%s is declared as tags, and the tags of a record are kept as one value, which is no group. Filter by one of them, %s=<tag>, or keep those that are to be counted in the field tags.", name, g.Path)
	case g.Member != nil && g.Member.Of.Type == declared.Time && g.Unit == "":
		return crm.Errorf(crm.InvalidFilter, "%s is a time; group it by %s.", name, unitsOf(g.Path))
	case g.Unit != "" && g.Member != nil && !(operand.Order{Member: g.Member}).IsTime():
		return crm.Errorf(crm.InvalidFilter, "%s is declared as %s, which has no %s; write group=%s.", name, g.Member.Of.Type, g.Unit, g.Path)
	case g.Unit != "" && t.Key == "" && how.By != crm.ByTime:
		return crm.Errorf(crm.InvalidFilter, "%s is not a time, so it has no %s; write group=%s.", name, g.Unit, g.Path)
	case f.IsIdentity() && len(t.Hops) == 0:
		return crm.Errorf(crm.InvalidFilter, "%s is another one in each record, so it makes no groups; group by a field that several share, like group=%s.", name, exampleGroup(t.Entity))
	case t.Key == "" && !groupable(f):
		return crm.Errorf(crm.InvalidFilter, "%s cannot be a group: it is a %s; group by a field that several share, like group=%s.", name, f.Type, exampleGroup(t.Entity))
	}
	return nil
}

// groupable reports whether the values of a field can be groups. Lists of items are stored in the form in which
// they are compared, phone numbers are compared in another form than they are shown, and long texts are
// no values that records share.
func groupable(f *crm.Field) bool {
	how := f.Type.Comparison()
	switch {
	case how.Items || how.By == crm.ByDigits || how.By == crm.ByNothing || how.By == crm.ByMember:
		return false
	case how.By == crm.ByText:
		return f.Limit() <= crm.DefaultMax || f.Type.Kind() != crm.TextKind
	}
	return true
}

// shownPath returns a path as answers show it. The key of an object is quoted where it could be read as
// more than a name; requests take it in both forms.
func shownPath(path string, t fieldpath.Target) string {
	if t.Key == "" {
		return path
	}
	key := string(norm.AppendValue(nil, t.Key))
	if strings.ContainsAny(key, "=,()") && !strings.HasPrefix(key, `"`) {
		key = string(norm.AppendQuoted(nil, t.Key))
	}
	prefix := ""
	for _, h := range t.Hops {
		if h.Link != nil {
			prefix += h.Link.Name + "."
		} else {
			prefix += h.Field.Path() + "."
		}
	}
	return prefix + t.Field.Name + "." + key
}

// exampleGroup returns a field of an entity that can be a group, for hints.
func exampleGroup(e *crm.Entity) string {
	for _, name := range []string{"stage", "status", "kind", "owner"} {
		if e.Field(name) != nil {
			return name
		}
	}
	return "created_by"
}

// unknownField returns the error for a name that is no field. It suggests the one that was probably meant.
func unknownField(e *crm.Entity, param, name string) *crm.Error {
	allowed := slices.DeleteFunc(e.FilterNames(), func(name string) bool {
		f := e.Field(name)
		if head, _, dotted := strings.Cut(name, "."); dotted && e.Back(head) != nil {
			return true // of several records, of which none is the one that would count
		}
		return f != nil && (f.IsIdentity() || f.Type.Comparison().By != crm.ByTime && !groupable(f))
	})
	fault := crm.Errorf(crm.InvalidFilter, "there is no field %s of %s for %s=; allowed: %s.", norm.Quote(name), e.Plural, param, strings.Join(allowed, " ")).On(param)
	if f := catalog.Meant(e, name); f != nil {
		name = f.Name
	}
	return fault.Of(name, allowed)
}

// amountFault returns the error for an amount, which is a number and a currency.
func amountFault(param, path string, f *crm.Field) *crm.Error {
	number := strings.TrimSuffix(path, f.Name) + f.AmountOf().Number
	fault := crm.Errorf(crm.InvalidFilter, "%s is a number and its currency as text; write %s=%s, which is split by currency.", norm.Quote(path), param, number).On(param)
	fault.DidYouMean = number
	return fault
}

// addCurrencies adds the currencies of measures and groups of money to the groups, so that amounts of
// different currencies are never added.
func (q *Question) addCurrencies(rq Request) {
	var targets []fieldpath.Target
	var paths []string
	for _, g := range q.Groups {
		targets, paths = append(targets, g.Target), append(paths, g.Path)
	}
	for _, m := range q.Measures {
		targets, paths = append(targets, m.Target), append(paths, m.Path)
	}
	for i, t := range targets {
		number, currency := rq.currencyOf(t)
		if currency == "" {
			continue
		}
		path := strings.TrimSuffix(paths[i], number) + currency
		at := slices.IndexFunc(q.Groups, func(g Group) bool { return g.Path == path })
		if at < 0 {
			to, _ := fieldpath.Resolve(rq.Entity, path)
			at, q.Groups = len(q.Groups), append(q.Groups, Group{Name: path, Path: path, Target: to, Added: true})
		}
		q.Groups[at].Money = true
	}
}

// currencyOf returns the name of a number of money, and that of its currency; of another field nothing. What follows from
// a number of money is money too.
func (rq Request) currencyOf(t fieldpath.Target) (number, currency string) {
	if m := rq.member(t); m != nil && m.Of.Type == declared.Money {
		parts := m.Of.Members()
		if m.Key == parts[0].Key {
			return m.Key, parts[1].Key
		}
	}
	name := t.Field.Name
	if of := t.Field.OfStage(); of != nil {
		name = of.Number
	}
	for i := range t.Entity.Fields {
		if of := t.Entity.Fields[i].AmountOf(); of != nil && t.Key == "" && of.Number == name {
			return t.Field.Name, of.Currency
		}
	}
	return "", ""
}
