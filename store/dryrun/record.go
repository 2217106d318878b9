package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/table"
)

// record is a record as the earlier steps left it.
type record struct {
	recordKey
	isNew  bool
	gone   bool     // a step deleted it
	cells  []any    // by field, with stable keys; unchanged if it is that of the real record
	before []string // the claims of the real record
	claims []string // its claims now
	step   int      // the number of the step into which it was restored last
}

// unchanged is the cell of a field that no step changed.
type unchanged struct{}

// recordKey is an entity and a stable key.
type recordKey struct {
	entity *crm.Entity
	key    int64
}

type change struct{ before, after crm.Record }

// Import is an id in an imported file. A later row may refer to its record by this id.
type Import struct {
	Source string
	Entity *crm.Entity
	ID     string
}

// remember stores a record as a step left it.
func (r *Run) remember(c change) {
	e := c.after.Entity
	id := recordKey{e, r.stableKey(e, c.after.Key)}
	saved := r.byKey[id]
	if saved == nil {
		saved = &record{recordKey: id, isNew: c.before.Key == 0, cells: slices.Repeat([]any{unchanged{}}, len(e.Fields))}
		if r.byKey[id] = saved; saved.isNew {
			r.made[e]++
		} else {
			saved.before = r.claimsOf(c.before)
		}
		r.claim(saved, saved.before)
	} else {
		r.memory -= saved.size()
	}
	if c.after.Version() == 0 {
		saved.gone, saved.claims = true, nil
		r.memory += saved.size()
		return
	}
	saved.claims = r.claimsOf(c.after)
	r.claim(saved, saved.claims)
	for _, i := range saved.changed(c, r.at.Tables[e].Stored) {
		v := c.after.Values[i]
		if to := e.Target(&e.Fields[i]); to != nil && v.Set() {
			v = crm.Key(r.stableKey(to, v.Int))
		}
		saved.cells[i] = table.Arg(v)
	}
	r.memory += saved.size()
}

// changed returns the fields of a change to remember: all of a new record; otherwise those
// that changed, with all fields of a unique value of which one changed.
func (saved *record) changed(c change, all []int) []int {
	if saved.isNew {
		return all
	}
	list := crm.Changed(c.before.Values, c.after.Values)
	for _, names := range saved.entity.Keys.All() {
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(list, saved.entity.Index(name)) }) {
			for _, name := range names {
				list = append(list, saved.entity.Index(name))
			}
		}
	}
	return list
}

// size returns roughly how many bytes of memory the record takes.
func (saved *record) size() int64 {
	n := 16*len(saved.cells) + table.Bytes(saved.cells...)
	for _, claim := range slices.Concat(saved.before, saved.claims) {
		n += len(claim)
	}
	return int64(n)
}

// claim adds a record to those that had or have the values.
func (r *Run) claim(saved *record, claims []string) {
	for _, c := range claims {
		if !slices.Contains(r.claimed[c], saved) {
			r.claimed[c] = append(r.claimed[c], saved)
		}
	}
}

// claimsOf returns the claims of a record: a text for each value by which statements find it,
// which are its unique values and its label.
func (r *Run) claimsOf(rec crm.Record) (list []string) {
	for _, names := range rec.Entity.Keys.All() {
		if values := table.ValuesOf(rec, names); !slices.ContainsFunc(values, func(v crm.Value) bool { return !v.Set() }) {
			list = append(list, r.claimTo(rec.Entity, names, values))
		}
	}
	for _, name := range rec.Entity.Keys.Items {
		for _, item := range table.ItemForms(rec.Entity.Field(name), rec.Value(name)) {
			list = append(list, itemClaim(rec.Entity, rec.Entity.Field(name))+item)
		}
	}
	if f := rec.Entity.Field(rec.Entity.LabelField); f.HasFoldColumn() {
		list = append(list, nameClaim(rec.Entity, rec.Value(f.Name).Text))
	}
	return list
}

// itemClaim returns how the claims of the items of a list begin.
func itemClaim(e *crm.Entity, f *crm.Field) string {
	return e.Name + "\x00" + e.KeyField(f).Name + "\x00"
}

// claimTo returns the claim of a unique value. References in it have stable keys.
func (r *Run) claimTo(e *crm.Entity, names []string, values []crm.Value) string {
	parts := []string{e.Name}
	for i, name := range names {
		v := values[i]
		if to := e.Target(e.Field(name)); to != nil {
			v = crm.Key(r.stableKey(to, v.Int))
		}
		parts = append(parts, name, fmt.Sprint(table.Arg(v)))
	}
	return strings.Join(parts, "\x00")
}

// nameClaim returns the claim of a label. Labels that differ in case or accents alone have the
// same claim, as in the lookup by name.
func nameClaim(e *crm.Entity, name string) string { return e.Name + "\x00\x00" + norm.Fold(name) }

// RestoreAll restores all records of an entity that earlier steps changed or made, and reports whether there are some.
func (r *Run) RestoreAll(e *crm.Entity) (some bool, err error) {
	var wanted []*record
	for id, saved := range r.byKey {
		if id.entity == e {
			wanted = append(wanted, saved)
		}
	}
	slices.SortFunc(wanted, func(a, b *record) int { return cmp.Compare(a.key, b.key) })
	return len(wanted) > 0, r.restore(wanted...)
}
