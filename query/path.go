package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/mistake"
)

// target is the field that the name of a filter leads to, such as company.owner: through
// references to another entity, and in an object field to one of its keys.
type target struct {
	hops      []join
	entity    *crm.Entity // the entity of the field
	field     *crm.Field
	alternate *crm.Field // a second reference; a record matches by either of them
	key       string     // of an object field
}

// join is one step of a path: through a reference, or through a many-to-many link.
type join struct {
	link      *crm.ManyToMany // nil: the step is the reference field. If to is its Via, the step ends there
	field     *crm.Field
	alternate *crm.Field
	to        *crm.Entity
}

// maxHops is the maximum number of steps of a path. Each is a subquery for each row, and two
// reach everything that agents ask for: activities by deal.company.name.
const maxHops = 2

// alias returns the table alias of the entity after n hops.
func alias(n int) string {
	if n == 0 {
		return "t"
	}
	return "r" + strconv.Itoa(n)
}

func (t target) alias() string { return alias(len(t.hops)) }

// resolve returns the target of a name with dots. A field wins over a reference of the same name, and that over a link:
// in searches and orders the contact of a deal is the main one. One without a field after it means an id.
func resolve(e *crm.Entity, name string) (target, bool) {
	return walk(e, name, (*crm.Entity).ReferenceAt)
}

// resolveFilter is resolve for filters, in which a link wins: there the contact of a deal is any of its people.
func resolveFilter(e *crm.Entity, name string) (target, bool) {
	return walk(e, name, func(e *crm.Entity, path string) *crm.Field {
		if e.Link(path) != nil {
			return nil
		}
		return e.ReferenceAt(path)
	})
}

// walk resolves a name with the references that at finds. The other entity seems to have the fields of a link.
func walk(e *crm.Entity, name string, at func(*crm.Entity, string) *crm.Field) (target, bool) {
	t := target{entity: e}
	for rest := name; ; {
		if f := t.entity.Field(rest); f != nil {
			t.field = f
			return t, true
		}
		head, tail, dotted := strings.Cut(rest, ".")
		if f := t.entity.Field(head); dotted && f != nil && isObject(f) && !f.ReadOnly && tail != "" {
			t.field, t.key = f, memberName(tail)
			return t, true
		}
		f, link := at(t.entity, head), t.entity.Link(head)
		if f == nil && link == nil || len(t.hops) == maxHops {
			return t, false
		}
		if f == nil {
			t.entity = link.End
			if link.Own(tail) != nil {
				t.entity = link.Via
			}
			t.hops = append(slices.Clip(t.hops), join{link: link, to: t.entity})
			if rest = tail; !dotted {
				rest = "id"
			}
			continue
		}
		beside := t.entity.AlternateOf(f)
		if !dotted {
			t.field, t.alternate = f, beside
			return t, true
		}
		t.hops = append(slices.Clip(t.hops), join{field: f, alternate: beside, to: t.entity.Target(f)})
		t.entity, rest = t.entity.Target(f), tail
	}
}

// Target is the field that a name with dots leads to, for packages that read its values.
type Target struct {
	Hops      []Hop
	Entity    *crm.Entity // of the field
	Field     *crm.Field
	Alternate *crm.Field // a second reference; a record has the value of either
	Key       string     // of an object field
}

// Hop is one step of a path: through a reference, with or without an alternate, or through a link.
type Hop struct {
	Link             *crm.ManyToMany // nil: through the reference
	Field, Alternate *crm.Field
	To               *crm.Entity
}

// Resolve returns the field that a name leads to, as filters read it.
func Resolve(e *crm.Entity, name string) (Target, bool) {
	t, ok := resolve(e, name)
	to := Target{Entity: t.entity, Field: t.field, Alternate: t.alternate, Key: t.key}
	for _, h := range t.hops {
		to.Hops = append(to.Hops, Hop{h.link, h.field, h.alternate, h.to})
	}
	return to, ok
}

// memberName returns a key as text answers show it: bare, or as a JSON string. So a label that
// was copied from an answer works as a filter.
func memberName(s string) string {
	var name string
	if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &name) == nil && name != "" {
		return name
	}
	return s
}

// columns returns the columns that a condition on the target compares.
func (t target) columns() []string {
	columns := []string{t.alias() + "." + t.field.Col()}
	if t.alternate != nil {
		columns = append(columns, t.alias()+"."+t.alternate.Col())
	}
	return columns
}

// unknownFilterError returns the error for a name without a target. It lists the names that are allowed
// at the last entity that the path reached, and suggests the one that was probably meant: for
// a parameter of another API, a field of another CRM, or a misspelling.
func unknownFilterError(e *crm.Entity, name, value string) *crm.Error {
	allowed := e.FilterNames()
	if slices.Contains(crm.AggregateParams, name) {
		return crm.Errorf(crm.InvalidFilter, "%s= asks a list of records for numbers, like GET /deals?group=stage&sum=amount_cents; it cannot be used here. Leave it out, or ask the list itself.", name).On(name)
	}
	for _, param := range crm.ListParams {
		if param != "search" || len(e.Search) > 0 {
			allowed = append(allowed, param)
		}
	}
	prefix, last, rest := "", e, name
	for {
		head, tail, dotted := strings.Cut(rest, ".")
		f, link := last.ReferenceAt(head), last.Link(head)
		if !dotted || f == nil && link == nil {
			break
		}
		if link != nil {
			last = link.End
		} else {
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
	return err.Of(name, allowed)
}

// Takes reports whether lists of the entity take a parameter.
func (env Env) Takes(e *crm.Entity, name string) bool {
	if slices.Contains(crm.ListParams, name) {
		return true
	}
	_, known := resolveFilter(e, env.Shape.FullName(e, name))
	return known
}

// FindsNull reports whether is:null can find a record by a name: its value, or a reference or link on
// the way to it, may be unset.
func FindsNull(e *crm.Entity, name string) bool {
	t, known := resolveFilter(e, name)
	for _, h := range t.hops {
		if known && (h.link != nil || !h.field.NotNull()) {
			return true
		}
	}
	return known && (t.key != "" || t.field.Stored() && !t.field.NotNull())
}

// joinLink wraps a test into a link. One with a main reference is followed from each record of the list; others may be few.
func (h join) joinLink(i int, test string) string {
	l, between := h.link, fmt.Sprint("l", i)
	by, to, inWorkspace := l.Via.Field(l.From).Col(), l.Via.Field(l.To).Col(), noIndex(alias(i)+".workspace_id = $1")
	from := fmt.Sprintf("%s %s JOIN %s %s ON %s.key = %s.%s AND %s", l.Via.TableName(), between, h.to.TableName(), alias(i), alias(i), between, to, inWorkspace)
	if h.to == l.Via {
		from, between = h.to.TableName()+" "+alias(i), alias(i)
	}
	if l.Main != "" {
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s.%s = %s.key AND %s AND %s)", from, between, by, alias(i-1), noIndex(between+".workspace_id = $1"), test)
	}
	return fmt.Sprintf("%s.key IN (SELECT %s.%s FROM %s WHERE %s.workspace_id = $1 AND %s.%s IS NOT NULL AND %s)", alias(i-1), between, by, from, between, between, by, test)
}
