package fieldpath

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/mistake"
	"slices"
	"strings"
)

// Unknown returns the error for a name without a target. It lists the names that are allowed
// at the last entity that the path reached, and suggests the one that was probably meant: for
// a parameter of another API, a field of another CRM, or a misspelling.
func Unknown(e *crm.Entity, name, value string) *crm.Error {
	allowed := e.FilterNames()
	if slices.Contains(crm.AggregateParams, name) {
		return crm.Errorf(crm.InvalidFilter, "%s= asks a list of records for numbers, like GET /deals?group=stage&sum=amount_cents; it cannot be used here. Leave it out, or ask the list itself.", name).On(name)
	}
	allowed = append(allowed, slices.DeleteFunc(slices.Clone(crm.ListParams), func(param string) bool { return param == "search" && len(e.Search) == 0 })...)
	prefix, last, rest := "", e, name
	for steps := 1; ; steps++ {
		head, tail, dotted := strings.Cut(rest, ".")
		f, link, back := last.ReferenceAt(head), last.Link(head), last.Back(head)
		if !dotted || f == nil && link == nil && back == nil {
			break
		}
		if steps > MaxHops {
			return crm.Errorf(crm.InvalidFilter, "%s has more than the maximum of %d steps; begin nearer to the field: %s.", norm.Quote(name), MaxHops, nearer(prefix, rest)).On(name)
		}
		switch {
		case link != nil:
			last = link.End
		case back != nil:
			last = back.To
		default:
			last = last.Target(f)
		}
		prefix, rest = prefix+head+".", tail
		allowed = last.FilterNames()
	}
	for i := range allowed {
		allowed[i] = prefix + allowed[i]
	}
	err := crm.Errorf(crm.InvalidFilter, "there is no filter or parameter %s on %s; allowed: %s.",
		norm.Quote(name), e.Plural, strings.Join(allowed, " ")).On(name)
	if field, right := mistake.Operator(e, name, value); field != "" {
		err.Hint += " An operator is written after the equals sign: " + norm.Quote(right) + "."
		name = field
	}
	if habit := mistake.Parameters[name]; habit != "" {
		name = habit
	} else if f := mistake.Field(last, rest); f != nil {
		name = prefix + f.Name
	}
	if several := plural(last, rest); several != "" {
		name = prefix + several
		allowed = append(allowed, name)
	}
	return err.Of(name, allowed)
}

// nearer says how to ask for the end of a path that is too long.
func nearer(prefix, rest string) string {
	words := strings.Split(strings.TrimSuffix(prefix, "."), ".")
	return "list the records at " + norm.Quote(words[0]) + " by " + norm.Quote(strings.Join(append(words[1:], rest), "."))
}

// plural returns a name with the plural of its first word, if several records are called by it; empty: they are not.
func plural(e *crm.Entity, name string) string {
	head, tail, _ := strings.Cut(name, ".")
	for _, back := range e.Backs {
		if tail != "" && back.To.Name == head {
			return back.Name + "." + tail
		}
	}
	return ""
}
