package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
)

// What a transaction asks of a rehearsal, if it is a step of one.

// meetGhost puts the record with the key into the transaction, where earlier steps left it
// otherwise than it is.
func (tx *Tx) meetGhost(e *crm.Entity, key int64) error {
	r := tx.job.rehearsal
	if r == nil {
		return nil
	}
	if g := r.ghosts[ghostKey{e, r.apart(e, key)}]; g != nil {
		return r.bring(tx, g)
	}
	return nil
}

// meetHolder does so with the records that had or have unique values.
func (tx *Tx) meetHolder(e *crm.Entity, names []string, values []crm.Value) error {
	r := tx.job.rehearsal
	if r == nil {
		return nil
	}
	return r.bring(tx, r.claimed[r.claimTo(e, names, values)]...)
}

// meetNamesakes does so with the records that were called so, and with as many of those
// that are as tell whether there is one.
func (tx *Tx) meetNamesakes(e *crm.Entity, name string) error {
	r := tx.job.rehearsal
	if r == nil {
		return nil
	}
	claim := nameClaim(e, name)
	var list []*ghost
	others := 0
	for _, g := range r.claimed[claim] {
		switch {
		case slices.Contains(g.before, claim):
			list = append(list, g)
		case others < 2 && slices.Contains(g.claims, claim):
			others++
			list = append(list, g)
		}
	}
	return r.bring(tx, list...)
}

// imported returns the key that an earlier row's record has, 0 where none noted the id.
func (r *Rehearsal) imported(n importNote) int64 {
	if r == nil {
		return 0
	}
	if at := slices.Index(r.noted, n); at >= 0 {
		return r.keys[at]
	}
	if key := r.notes[n]; key != 0 {
		return r.here(n.entity, key)
	}
	return 0
}

func (r *Rehearsal) note(n importNote, key int64) {
	if r != nil {
		r.noted, r.keys = append(r.noted, n), append(r.keys, key)
	}
}

func (r *Rehearsal) change(before, after crm.Record) {
	if r != nil {
		r.records = append(r.records, ghostChange{before, after})
	}
}

// rehearsed is what a part of a step goes back to.
type rehearsed struct{ records, noted, brought int }

func (r *Rehearsal) mark() rehearsed {
	if r == nil {
		return rehearsed{}
	}
	return rehearsed{len(r.records), len(r.noted), len(r.brought)}
}

// rewind takes back what was noted since the mark. Records that were put into the
// transaction since are gone from it.
func (r *Rehearsal) rewind(m rehearsed) {
	if r == nil {
		return
	}
	for _, g := range r.brought[m.brought:] {
		g.step = 0
	}
	r.records, r.noted, r.keys, r.brought = r.records[:m.records], r.noted[:m.noted], r.keys[:m.noted], r.brought[:m.brought]
}

// bring puts ghosts into the transaction that are not in it yet, with those whose unique
// values they took over: of what changed hands all is let go before any is taken.
func (r *Rehearsal) bring(tx *Tx, wanted ...*ghost) error {
	var list []*ghost
	for len(wanted) > 0 {
		g := wanted[0]
		if wanted = wanted[1:]; g.step == r.step {
			continue
		}
		g.step = r.step
		list = append(list, g)
		for _, claim := range g.claims {
			if strings.HasPrefix(claim, nameClaim(g.entity, "")) {
				continue // of which there may be several
			}
			for _, other := range r.claimed[claim] {
				if slices.Contains(other.before, claim) {
					wanted = append(wanted, other)
				}
			}
		}
	}
	r.brought = append(r.brought, list...)
	for _, g := range list {
		if err := g.letGo(tx); err != nil {
			return err
		}
	}
	for _, g := range list {
		if err := r.put(tx, g); err != nil {
			return err
		}
	}
	return nil
}

// letGo unsets the unique values that a record has in earnest, where it has others now: put
// sets those.
func (g *ghost) letGo(tx *Tx) error {
	var set []string
	for _, names := range g.entity.Keys() {
		if last := g.entity.Index(names[len(names)-1]); g.cells[last] != (unchanged{}) {
			set = append(set, g.entity.Fields[last].Col()+" = NULL")
		}
	}
	if g.made || len(set) == 0 || slices.Equal(g.before, g.claims) {
		return nil
	}
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", g.entity.Plural, strings.Join(set, ", ")), tx.Actor.Workspace, g.key)
}

// put writes a ghost into its table. Where somebody took its unique value meanwhile, or
// deleted it, there is none.
func (r *Rehearsal) put(tx *Tx, g *ghost) error {
	t := tx.store.tables[g.entity]
	cells := []any{r.here(g.entity, g.key), tx.Actor.Workspace}
	var set []string
	for _, i := range t.persistent {
		f, cell := &t.entity.Fields[i], g.cells[i]
		if cell == (unchanged{}) {
			continue
		}
		values := []any{cell}
		if key, is := cell.(int64); is && f.Type == crm.Ref {
			values[0] = r.here(t.entity.Target(f), key)
		} else if f.HasFoldColumn() {
			values = columnValues(f, loaded(f.Type, cell))
		}
		for j, column := range fieldColumns(f) {
			cells = append(cells, values[j])
			set = append(set, fmt.Sprintf("%s = $%d", column, len(cells)))
		}
	}
	if g.made {
		return tx.Exec(t.insert+" ON CONFLICT DO NOTHING", cells...)
	}
	return tx.Exec(fmt.Sprintf("UPDATE OR IGNORE %s SET %s WHERE key = $1 AND workspace_id = $2", g.entity.Plural, strings.Join(set, ", ")), cells...)
}
