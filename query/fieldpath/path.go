package fieldpath

import (
	"encoding/json"
	"slices"
	"strings"

	"crmkit/crm"
)

// Target is the field that the name of a filter leads to, such as company.owner: through
// references to another entity, and in an object field to one of its keys.
type Target struct {
	Hops      []Hop
	Entity    *crm.Entity // the entity of the field
	Field     *crm.Field
	Alternate *crm.Field // a second reference; a record matches by either of them
	Key       string     // of an object field
}

// Hop is one step of a path: through a reference, or through a many-to-many link.
type Hop struct {
	Link      *crm.ManyToMany // nil: the step is the reference field. If to is its Via, the step ends there
	Field     *crm.Field
	Alternate *crm.Field
	To        *crm.Entity
}

// MaxHops is the maximum number of steps of a path. Each is a subquery for each row, and two
// reach everything that agents ask for: activities by deal.company.name.
const MaxHops = 2

// Same reports whether two targets are one.
func (t Target) Same(other Target) bool {
	return slices.Equal(t.Hops, other.Hops) && t.Field == other.Field && t.Alternate == other.Alternate && t.Key == other.Key
}

// Resolve returns the target of a name with dots. A field wins over a reference of the same name, and that over a link:
// in searches and orders the contact of a deal is the main one. One without a field after it means an id.
func Resolve(e *crm.Entity, name string) (Target, bool) {
	return walk(e, name, (*crm.Entity).ReferenceAt)
}

// ResolveFilter is Resolve for filters, in which a link wins: there the contact of a deal is any of its people.
func ResolveFilter(e *crm.Entity, name string) (Target, bool) {
	return walk(e, name, func(e *crm.Entity, path string) *crm.Field {
		if e.Link(path) != nil {
			return nil
		}
		return e.ReferenceAt(path)
	})
}

// walk resolves a name with the references that at finds. The other entity seems to have the fields of a link.
func walk(e *crm.Entity, name string, at func(*crm.Entity, string) *crm.Field) (Target, bool) {
	t := Target{Entity: e}
	for rest := name; ; {
		if f := t.Entity.Field(rest); f != nil {
			t.Field = f
			return t, true
		}
		head, tail, dotted := strings.Cut(rest, ".")
		if f := t.Entity.Field(head); dotted && f != nil && IsObject(f) && !f.ReadOnly && tail != "" {
			t.Field, t.Key = f, memberName(tail)
			return t, true
		}
		f, link := at(t.Entity, head), t.Entity.Link(head)
		if f == nil && link == nil || len(t.Hops) == MaxHops {
			return t, false
		}
		if f == nil {
			t.Entity = link.End
			if link.Own(tail) != nil {
				t.Entity = link.Via
			}
			t.Hops = append(slices.Clip(t.Hops), Hop{Link: link, To: t.Entity})
			if rest = tail; !dotted {
				rest = "id"
			}
			continue
		}
		beside := t.Entity.AlternateOf(f)
		if !dotted {
			t.Field, t.Alternate = f, beside
			return t, true
		}
		t.Hops = append(slices.Clip(t.Hops), Hop{Field: f, Alternate: beside, To: t.Entity.Target(f)})
		t.Entity, rest = t.Entity.Target(f), tail
	}
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

// FindsNull reports whether is:null can find a record by a name: its value, or a reference or link on
// the way to it, may be unset.
func FindsNull(e *crm.Entity, name string) bool {
	t, known := ResolveFilter(e, name)
	for _, h := range t.Hops {
		if known && (h.Link != nil || !h.Field.NotNull()) {
			return true
		}
	}
	return known && (t.Key != "" || t.Field.Stored() && !t.Field.NotNull())
}

// IsObject reports whether the field holds keys with values, such as custom.
func IsObject(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByMember }
