package server

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/store"
)

// receipt lists what an update changed, each key of an object on its own. Fields that the server
// sets are left out, except those that follow from a change, like the status of a deal that
// was won: the client did not send them.
func receipt(out store.Outcome) []render.Change {
	var changes []render.Change
	for _, i := range crm.Changed(out.Before.Values, out.After.Values) {
		f := &out.After.Entity.Fields[i]
		from, to := f.Type.Show(out.Before, i), f.Type.Show(out.After, i)
		switch {
		case f.ReadOnly && f.Transition() == nil:
		case f.Type.Kind() == crm.ObjectKind:
			changes = append(changes, memberChanges(f.Name, from.Members(), to.Members())...)
		case f.IsReference():
			prefix := out.After.Entity.Target(f).Prefix
			changes = append(changes, render.Change{Name: f.Name, From: from, To: to, FromID: crm.RecordID(prefix, from.Int), ToID: crm.RecordID(prefix, to.Int)})
		default:
			changes = append(changes, render.Change{Name: f.Name, From: from, To: to})
		}
	}
	return changes
}

// memberChanges lists the keys of an object that changed: first those that were there, in their
// order, then new ones.
func memberChanges(field string, from, to []crm.Member) []render.Change {
	var changes []render.Change
	was, is := byName(from), byName(to)
	for _, m := range from {
		if now := is[m.Name]; !now.Equal(was[m.Name]) {
			changes = append(changes, render.Change{Name: field + "." + norm.Quote(m.Name), From: was[m.Name], To: now})
		}
	}
	for _, m := range to {
		if !was[m.Name].Set() {
			changes = append(changes, render.Change{Name: field + "." + norm.Quote(m.Name), To: is[m.Name]})
		}
	}
	return changes
}

// byName returns each member as an object with one key, by its name. A receipt shows it like
// that, and a key that is missing differs from one that is null.
func byName(members []crm.Member) map[string]crm.Value {
	named := make(map[string]crm.Value, len(members))
	for _, m := range members {
		named[m.Name] = crm.Members([]crm.Member{m})
	}
	return named
}

// stays returns a remark for each field that was set by a change of another one and is
// not set back with it: a deal that is won stays won when its stage is set back.
func stays(out store.Outcome) (remarks []string) {
	e := out.After.Entity
	for i := range e.Fields {
		f := &e.Fields[i]
		t := f.Transition()
		if t == nil || f.Type.Kind() == crm.TimeKind {
			continue
		}
		from, to, is := out.Before.Value(t.Of), out.After.Value(t.Of), out.After.Values[i]
		if from.Equal(to) || slices.Contains(t.Values, to.Text) || !slices.Contains(t.Values, is.Text) || !is.Equal(out.Before.Values[i]) {
			continue
		}
		remarks = append(remarks, f.Name+" is still "+is.Text+`; to change it as well send {"`+f.Name+`":"`+f.Default+`"}`)
	}
	return remarks
}
