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
	Tie       bool       // the field is one of the records between, to which the last step leads too
}

// Hop is one step of a path: through a reference, through a many-to-many link, or back to the records that refer to
// the one before.
type Hop struct {
	Link      *crm.ManyToMany // nil: the step is the reference field. If to is its Via, the step ends there
	Field     *crm.Field
	Alternate *crm.Field
	To        *crm.Entity
	Back      *crm.Back // nil: it is a step to one record
}

// MaxHops is the maximum number of steps of a path. Each is a subquery for each row, and three
// reach everything that agents ask for: activities by company.deals.contacts.role.
const MaxHops = 3

// Same reports whether two targets are one.
func (t Target) Same(other Target) bool {
	return slices.Equal(t.Hops, other.Hops) && t.Field == other.Field && t.Alternate == other.Alternate && t.Key == other.Key
}

// Resolve returns the target of a name with dots. A field wins over a reference of the same name, and that over a link:
// in searches and orders the contact of a deal is the main one. One without a field after it means an id.
func Resolve(e *crm.Entity, name string) (Target, bool) {
	t, ok := walk(e, name, (*crm.Entity).ReferenceAt)
	return t, ok && t.Level() == 0
}

// ResolveFilter is Resolve for filters, which may lead to records that refer to others, and in which a link wins: there the contact of a
// deal is any of its people.
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
		f, link, back := at(t.Entity, head), t.Entity.Link(head), t.Entity.Back(head)
		if f == nil && link == nil && back == nil || len(t.Hops) == MaxHops {
			return t, false
		}
		if back != nil {
			t.Hops = append(slices.Clip(t.Hops), Hop{Back: back, To: back.To})
			if t.Entity, rest = back.To, tail; !dotted {
				rest = "id"
			}
			if back.Link != nil && back.Link.Own(rest) != nil {
				t.Entity, t.Tie = back.Link.Via, true
			}
			continue
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
		if known && (h.Link != nil || h.Back != nil || !h.Field.NotNull()) {
			return true
		}
	}
	return known && (t.Key != "" || t.Field.Stored() && !t.Field.NotNull())
}

// IsObject reports whether the field holds keys with values, such as custom.
func IsObject(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByMember }
