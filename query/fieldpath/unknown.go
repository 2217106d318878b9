package fieldpath

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
	"crmkit/query/mistake"
)

// Unknown returns the error for a name without a target. It lists the names that are allowed
// at the last entity that the path reached, and suggests the one that was probably meant: for
// a parameter of another API, a field of another CRM, or a misspelling.
func Unknown(fields *shape.Schema, e *crm.Entity, name, value string) *crm.Error {
	if slices.Contains(crm.AggregateParams, name) {
		return crm.Errorf(crm.InvalidFilter, "%s= asks a list of records for numbers, like GET /deals?group=stage&sum=amount_cents; it cannot be used here. Leave it out, or ask the list itself.", name).On(name)
	}
	prefix, rest, last, fault := reached(e, name)
	if fault != nil {
		return fault
	}
	allowed := last.FilterNames()
	if prefix == "" {
		allowed = append(allowed, slices.DeleteFunc(slices.Clone(crm.ListParams), func(param string) bool { return param == "search" && len(e.Search) == 0 })...)
	}
	if prefix == "" && !e.IsView() {
		allowed = append(allowed, "where", "view")
	}
	allowed = append(allowed, fields.Kind(last).Keys()...)
	for i := range allowed {
		allowed[i] = prefix + allowed[i]
	}
	shown, more := allowed, len(fields.Kind(last).Keys())-maxDeclared
	if more > 0 {
		shown = append(slices.Clone(allowed[:len(allowed)-more]), fmt.Sprintf("and %d more declared ones (GET /schema/%s)", more, last.Name))
	}
	err := crm.Errorf(crm.InvalidFilter, "there is no filter or parameter %s on %s; allowed: %s.",
		norm.Quote(name), e.Plural, strings.Join(shown, " ")).On(name)
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

// maxDeclared is how many declared fields an error names.
const maxDeclared = 20

// reached follows a path as far as it leads: prefix are its steps up to the last entity, rest is what has no target there.
//
// Errors: invalid_filter for too many steps.
func reached(e *crm.Entity, name string) (prefix, rest string, last *crm.Entity, _ *crm.Error) {
	last, rest = e, name
	for steps := 1; ; steps++ {
		head, tail, dotted := strings.Cut(rest, ".")
		f, link, back := last.ReferenceAt(head), last.Link(head), last.Back(head)
		if !dotted || f == nil && link == nil && back == nil {
			return prefix, rest, last, nil
		}
		if steps > MaxHops {
			return "", "", nil, crm.Errorf(crm.InvalidFilter, "%s has more than the maximum of %d steps; begin nearer to the field: %s.", norm.Quote(name), MaxHops, nearer(prefix, rest)).On(name)
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
	}
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
