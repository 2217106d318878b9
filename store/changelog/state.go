package changelog

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/table"
)

// State returns the values of a record as entries name them.
func State(rec crm.Record) map[string]string {
	return ByName(Values(rec))
}

// ByName returns the JSON of members by their names.
func ByName(members []crm.Member) map[string]string {
	values := make(map[string]string, len(members))
	for _, m := range members {
		values[m.Name] = m.JSON
	}
	return values
}

// Change is one value that an update changed.
type Change struct {
	Name string // of the field, or of a key of it with a dot between them
	Was  string // its JSON before; empty: it was unset
	Is   string // its JSON after, or its digest; empty: it was unset
	long bool   // Is is the digest
}

// Gave reports whether a value is the one that the change gave.
func (c Change) Gave(json string) bool {
	if c.long {
		return json != "" && DigestOf(json) == c.Is
	}
	return json == c.Is
}

// ChangesOf returns what an update changed, in the order of its entry, without stamps.
func ChangesOf(from, to []crm.Member) (list []Change) {
	at := map[string]int{}
	of := func(name string) *Change {
		if _, known := at[name]; !known {
			at[name], list = len(list), append(list, Change{Name: name})
		}
		return &list[at[name]]
	}
	for _, m := range from {
		if isValue(m.Name) {
			of(m.Name).Was = m.JSON
		}
	}
	for _, m := range to {
		name, long := strings.CutPrefix(m.Name, DigestMark)
		if m.Name == CauseName || m.Name == erasedAt || m.Name == erasedBy || !isValue(name) {
			continue
		}
		c := of(name)
		c.Is, c.long = m.JSON, long
	}
	return list
}

// isValue reports whether the name of a member is that of a value which does not change with every change.
func isValue(name string) bool {
	return !strings.HasPrefix(name, DigestMark) && name != MergedInto && !slices.Contains(StampFields, name)
}

// Put sets values of a record of a workspace, by their names in entries; an empty one unsets it. order is
// that of the keys of objects, which are sorted otherwise.
func Put(rec crm.Record, values map[string]string, order []string) {
	workspace := crm.RecordWorkspace(rec.Key)
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		if f.Type.Kind() == crm.ObjectKind {
			putMembers(rec, f, values, order)
			continue
		}
		json, is := values[f.Name]
		switch {
		case !is || f.Derived() && f.Transition() == nil:
		case json == "":
			rec.Values[i] = crm.Value{}
		default:
			rec.Values[i] = Value(rec.Entity, f, json, workspace)
		}
	}
}

// putMembers sets those keys of an object that values has.
func putMembers(rec crm.Record, f *crm.Field, values map[string]string, order []string) {
	changed := false
	members := ByName(rec.Value(f.Name).Members())
	for name, json := range values {
		key, is := strings.CutPrefix(name, f.Name+".")
		if !is {
			continue
		}
		changed = true
		if members[key] = json; json == "" {
			delete(members, key)
		}
	}
	if !changed {
		return
	}
	list := make([]crm.Member, 0, len(members))
	for key, json := range members {
		list = append(list, crm.Member{Name: key, JSON: json})
	}
	place := func(name string) int {
		at := slices.IndexFunc(order, func(known string) bool { return known == name || known == f.Name+"."+name })
		if at < 0 {
			return len(order)
		}
		return at
	}
	slices.SortFunc(list, func(a, b crm.Member) int {
		if before, after := place(a.Name), place(b.Name); before != after {
			return before - after
		}
		return strings.Compare(a.Name, b.Name)
	})
	rec.Set(f.Name, crm.Members(list))
}

// Order returns the order of the keys of an object before a change; nil: they were sorted.
func Order(from []crm.Member) []string {
	for _, m := range from {
		if m.Name == OrderName {
			return table.Strings(m.JSON)
		}
	}
	return nil
}

// PutAll sets all values that a deleted record had, with its stamps but for the version.
func PutAll(rec crm.Record, from []crm.Member) {
	values := map[string]string{}
	var order []string
	for _, m := range from {
		if !strings.HasPrefix(m.Name, DigestMark) {
			values[m.Name], order = m.JSON, append(order, m.Name)
		}
	}
	Put(rec, values, order)
}

// LedBy returns the ids of records that were parts of a merged one.
func LedBy(from []crm.Member) []string {
	for _, m := range from {
		if m.Name == LedName {
			return table.Strings(m.JSON)
		}
	}
	return nil
}

// MergedIntoOf returns the handle of the record that a merged one leads to, from a side of an entry; empty:
// there is none.
func MergedIntoOf(members []crm.Member) string {
	for _, m := range members {
		if m.Name == MergedInto {
			handle, _ := norm.Unquote(m.JSON)
			return handle
		}
	}
	return ""
}

// CauseOf is CauseIn of values as they are stored.
func CauseOf(after string) string { return CauseIn(norm.ParseObject(after)) }

// CauseIn returns the handle of the record whose delete or merge caused a change, from the values after it;
// empty: there is none.
func CauseIn(to []crm.Member) string {
	for _, m := range to {
		if m.Name == CauseName {
			handle, _ := norm.Unquote(m.JSON)
			return handle
		}
	}
	return ""
}
