package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
)

// What a transaction asks of a rehearsal, if it is a step of one.

// restoreDryRun puts the record with the key into the transaction, where earlier steps left it
// otherwise than it is.
func (tx *Tx) restoreDryRun(e *crm.Entity, key int64) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	if g := r.byKey[dryRunKey{e, r.stableKey(e, key)}]; g != nil {
		return r.restore(tx, g)
	}
	return nil
}

// restoreHolders does so with the records that had or have unique values.
func (tx *Tx) restoreHolders(e *crm.Entity, names []string, values []crm.Value) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	return r.restore(tx, r.claimed[r.claimTo(e, names, values)]...)
}

// restoreNamesakes does so with the records that were called so, and with as many of those
// that are as tell whether there is one.
func (tx *Tx) restoreNamesakes(e *crm.Entity, name string) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	claim := nameClaim(e, name)
	var list []*dryRunRecord
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
	return r.restore(tx, list...)
}

// imported returns the key that an earlier row's record has, 0 where none noted the id.
func (r *DryRun) imported(n importNote) int64 {
	if r == nil {
		return 0
	}
	if at := slices.Index(r.noted, n); at >= 0 {
		return r.keys[at]
	}
	if key := r.notes[n]; key != 0 {
		return r.currentKey(n.entity, key)
	}
	return 0
}

func (r *DryRun) note(n importNote, key int64) {
	if r != nil {
		r.noted, r.keys = append(r.noted, n), append(r.keys, key)
	}
}

func (r *DryRun) change(before, after crm.Record) {
	if r != nil {
		r.records = append(r.records, dryRunChange{before, after})
	}
}

// dryRunMark is what a part of a step goes back to.
type dryRunMark struct{ records, noted, brought int }

func (r *DryRun) mark() dryRunMark {
	if r == nil {
		return dryRunMark{}
	}
	return dryRunMark{len(r.records), len(r.noted), len(r.restored)}
}

// rewind takes back what was noted since the mark. Records that were put into the
// transaction since are gone from it.
func (r *DryRun) rewind(m dryRunMark) {
	if r == nil {
		return
	}
	for _, g := range r.restored[m.brought:] {
		g.step = 0
	}
	r.records, r.noted, r.keys, r.restored = r.records[:m.records], r.noted[:m.noted], r.keys[:m.noted], r.restored[:m.brought]
}

// restore puts ghosts into the transaction that are not in it yet, with those whose unique
// values they took over: of what changed hands all is let go before any is taken.
func (r *DryRun) restore(tx *Tx, wanted ...*dryRunRecord) error {
	var list []*dryRunRecord
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
	r.restored = append(r.restored, list...)
	for _, g := range list {
		if err := g.releaseUnique(tx); err != nil {
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

// releaseUnique unsets the unique values that a record has in earnest, where it has others now: put
// sets those.
func (g *dryRunRecord) releaseUnique(tx *Tx) error {
	var set []string
	for _, names := range g.entity.Keys() {
		if last := g.entity.Index(names[len(names)-1]); g.cells[last] != (unchanged{}) {
			set = append(set, g.entity.Fields[last].Col()+" = NULL")
		}
	}
	if g.isNew || len(set) == 0 || slices.Equal(g.before, g.claims) {
		return nil
	}
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", g.entity.Plural, strings.Join(set, ", ")), tx.Actor.Workspace, g.key)
}

// put writes a ghost into its table. Where somebody took its unique value meanwhile, or
// deleted it, there is none.
func (r *DryRun) put(tx *Tx, g *dryRunRecord) error {
	t := tx.store.mappings[g.entity]
	cells := []any{r.currentKey(g.entity, g.key), tx.Actor.Workspace}
	var set []string
	for _, i := range t.persistent {
		f, cell := &t.entity.Fields[i], g.cells[i]
		if cell == (unchanged{}) {
			continue
		}
		values := []any{cell}
		if key, is := cell.(int64); is && f.IsReference() {
			values[0] = r.currentKey(t.entity.Target(f), key)
		} else if f.HasFoldColumn() {
			values = columnValues(f, loaded(f.Type.Kind(), cell))
		}
		for j, column := range fieldColumns(f) {
			cells = append(cells, values[j])
			set = append(set, fmt.Sprintf("%s = $%d", column, len(cells)))
		}
	}
	if g.isNew {
		return tx.Exec(t.insert+" ON CONFLICT DO NOTHING", cells...)
	}
	return tx.Exec(fmt.Sprintf("UPDATE OR IGNORE %s SET %s WHERE key = $1 AND workspace_id = $2", g.entity.Plural, strings.Join(set, ", ")), cells...)
}
