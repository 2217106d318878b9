package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
)

// The hooks of a transaction that is a step of a dry run.

// restoreDryRun writes the record with the key into the transaction if earlier steps changed
// it.
func (tx *Tx) restoreDryRun(e *crm.Entity, key int64) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	if saved := r.byKey[dryRunKey{e, r.stableKey(e, key)}]; saved != nil {
		return r.restore(tx, saved)
	}
	return nil
}

// restoreHolders does that for the records that had or have the unique values.
func (tx *Tx) restoreHolders(e *crm.Entity, names []string, values []crm.Value) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	return r.restore(tx, r.claimed[r.claimTo(e, names, values)]...)
}

// restoreNamesakes does that for the records that had the label, and for up to two that have
// it, which is enough to tell whether it is unique.
func (tx *Tx) restoreNamesakes(e *crm.Entity, name string) error {
	r := tx.job.dryRun
	if r == nil {
		return nil
	}
	claim := nameClaim(e, name)
	var list []*dryRunRecord
	others := 0
	for _, saved := range r.claimed[claim] {
		switch {
		case slices.Contains(saved.before, claim):
			list = append(list, saved)
		case others < 2 && slices.Contains(saved.claims, claim):
			others++
			list = append(list, saved)
		}
	}
	return r.restore(tx, list...)
}

// imported returns the key of the record that an earlier row became, 0 if there is none.
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

// dryRunMark is a state to which a failed part of a step goes back.
type dryRunMark struct{ records, noted, restored int }

func (r *DryRun) mark() dryRunMark {
	if r == nil {
		return dryRunMark{}
	}
	return dryRunMark{len(r.records), len(r.noted), len(r.restored)}
}

// rewind forgets what was noted since the mark. Records that were restored since then are not
// in the transaction any more.
func (r *DryRun) rewind(m dryRunMark) {
	if r == nil {
		return
	}
	for _, saved := range r.restored[m.restored:] {
		saved.step = 0
	}
	r.records, r.noted, r.keys, r.restored = r.records[:m.records], r.noted[:m.noted], r.keys[:m.noted], r.restored[:m.restored]
}

// restore writes records into the transaction that are not in it yet, with the records whose
// unique values they took over. All changed unique values are released before any is set.
func (r *DryRun) restore(tx *Tx, wanted ...*dryRunRecord) error {
	var list []*dryRunRecord
	for len(wanted) > 0 {
		saved := wanted[0]
		if wanted = wanted[1:]; saved.step == r.step {
			continue
		}
		saved.step = r.step
		list = append(list, saved)
		wanted = append(wanted, r.previousHolders(saved)...)
	}
	r.restored = append(r.restored, list...)
	for _, saved := range list {
		if err := saved.releaseUnique(tx); err != nil {
			return err
		}
	}
	for _, saved := range list {
		if err := r.put(tx, saved); err != nil {
			return err
		}
	}
	return nil
}

// previousHolders returns the records whose unique values a record has taken over.
func (r *DryRun) previousHolders(saved *dryRunRecord) (list []*dryRunRecord) {
	for _, claim := range saved.claims {
		if strings.HasPrefix(claim, nameClaim(saved.entity, "")) {
			continue // several records may have the label
		}
		for _, other := range r.claimed[claim] {
			if slices.Contains(other.before, claim) {
				list = append(list, other)
			}
		}
	}
	return list
}

// releaseUnique unsets the unique values that the real record has and the dry run changed; put
// sets the new ones.
func (saved *dryRunRecord) releaseUnique(tx *Tx) error {
	var set []string
	for _, names := range saved.entity.Keys() {
		if last := saved.entity.Index(names[len(names)-1]); saved.cells[last] != (unchanged{}) {
			set = append(set, saved.entity.Fields[last].Col()+" = NULL")
		}
	}
	if saved.isNew || len(set) == 0 || slices.Equal(saved.before, saved.claims) {
		return nil
	}
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", saved.entity.Plural, strings.Join(set, ", ")), tx.Actor.Workspace, saved.key)
}

// put writes a record into its table. It does nothing if the record was deleted, or its unique
// value taken, by a real write meanwhile.
func (r *DryRun) put(tx *Tx, saved *dryRunRecord) error {
	t := tx.store.mappings[saved.entity]
	cells := []any{r.currentKey(saved.entity, saved.key), tx.Actor.Workspace}
	var set []string
	for _, i := range t.Stored {
		f, cell := &t.Entity.Fields[i], saved.cells[i]
		if cell == (unchanged{}) {
			continue
		}
		values := []any{cell}
		if key, is := cell.(int64); is && f.IsReference() {
			values[0] = r.currentKey(t.Entity.Target(f), key)
		} else if f.HasFoldColumn() {
			values = table.FieldValues(f, table.Load(f.Type.Kind(), cell))
		}
		for j, column := range table.FieldColumns(f) {
			cells = append(cells, values[j])
			set = append(set, fmt.Sprintf("%s = $%d", column, len(cells)))
		}
	}
	if saved.isNew {
		return tx.Exec(t.Insert+" ON CONFLICT DO NOTHING", cells...)
	}
	return tx.Exec(fmt.Sprintf("UPDATE OR IGNORE %s SET %s WHERE key = $1 AND workspace_id = $2", saved.entity.Plural, strings.Join(set, ", ")), cells...)
}
