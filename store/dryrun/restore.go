package dryrun

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
)

// Restore writes the record with the key into the transaction if earlier steps changed it, with
// the records whose unique values it took over. So do RestoreHolders and RestoreNamesakes. A
// record is written once in a step. An error is one of the transaction.
func (r *Run) Restore(e *crm.Entity, key int64) error {
	if r == nil {
		return nil
	}
	if saved := r.byKey[recordKey{e, r.stableKey(e, key)}]; saved != nil {
		return r.restore(saved)
	}
	return nil
}

// RestoreTargets restores the records that a record refers to, whose labels it shows, and reports
// whether it wrote any.
func (r *Run) RestoreTargets(rec crm.Record) (some bool, err error) {
	before := len(r.restored)
	for i := range rec.Entity.Fields {
		if to := rec.Entity.Target(&rec.Entity.Fields[i]); to != nil && rec.Values[i].Set() && err == nil {
			err = r.Restore(to, rec.Values[i].Int)
		}
	}
	return len(r.restored) > before, err
}

// RestoreHolders restores the records that had or have a unique value: the fields of a key and
// their values.
func (r *Run) RestoreHolders(e *crm.Entity, names []string, values []crm.Value) error {
	if r == nil {
		return nil
	}
	return r.restore(r.claimed[r.claimTo(e, names, values)]...)
}

// RestoreNamesakes restores the records that had a label, and at most so many that have it: two
// are enough to see that a label is not unique.
func (r *Run) RestoreNamesakes(e *crm.Entity, name string, most int) error {
	if r == nil {
		return nil
	}
	claim := nameClaim(e, name)
	var list []*record
	others := 0
	for _, saved := range r.claimed[claim] {
		switch {
		case slices.Contains(saved.before, claim):
			list = append(list, saved)
		case others < most && slices.Contains(saved.claims, claim):
			others++
			list = append(list, saved)
		}
	}
	return r.restore(list...)
}

// Imported returns the key of the record that an earlier row with the id became, or 0. The key is
// valid in the current step.
func (r *Run) Imported(n Import) int64 {
	if r == nil {
		return 0
	}
	for at := len(r.noted) - 1; at >= 0; at-- { // the last one is valid
		if r.noted[at] == n {
			return r.keys[at]
		}
	}
	if key := r.imports[n]; key != 0 {
		return r.currentKey(n.Entity, key)
	}
	return 0
}

// NoteImport notes which record an imported id became.
func (r *Run) NoteImport(n Import, key int64) {
	if r != nil {
		r.noted, r.keys = append(r.noted, n), append(r.keys, key)
	}
}

// Change notes the change of a record. before has no key if the record is new.
func (r *Run) Change(before, after crm.Record) {
	if r != nil {
		r.changes = append(r.changes, change{before, after})
	}
}

// Mark is a state of a step, to which Rewind returns when a part of the step failed.
type Mark struct{ changes, noted, restored int }

// Mark returns the current state of the step.
func (r *Run) Mark() Mark {
	if r == nil {
		return Mark{}
	}
	return Mark{len(r.changes), len(r.noted), len(r.restored)}
}

// Rewind forgets everything that was noted since the mark. The caller has rolled back to the
// savepoint of that time, so records that were restored since are restored again when needed.
func (r *Run) Rewind(m Mark) {
	if r == nil {
		return
	}
	for _, saved := range r.restored[m.restored:] {
		saved.step = 0
	}
	r.changes, r.noted, r.keys, r.restored = r.changes[:m.changes], r.noted[:m.noted], r.keys[:m.noted], r.restored[:m.restored]
}

// restore writes records into the transaction that are not in it yet, with the records whose
// unique values they took over. All changed unique values are released before any is set.
func (r *Run) restore(wanted ...*record) error {
	var list []*record
	for len(wanted) > 0 {
		saved := wanted[0]
		if wanted = wanted[1:]; saved.step == r.number {
			continue
		}
		saved.step = r.number
		list = append(list, saved)
		wanted = append(wanted, r.previousHolders(saved)...)
	}
	r.restored = append(r.restored, list...)
	for _, saved := range list {
		release := r.releaseUnique
		if saved.gone {
			release = r.remove
		}
		if err := release(saved); err != nil {
			return err
		}
	}
	for _, saved := range list {
		if saved.gone {
			continue
		}
		if err := r.put(saved); err != nil {
			return err
		}
	}
	return nil
}

// previousHolders returns the records whose unique values a record has taken over.
func (r *Run) previousHolders(saved *record) (list []*record) {
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

// releaseUnique unsets the unique values of the real record that the dry run changed. Otherwise
// the order in which put writes records that exchanged values would matter.
func (r *Run) releaseUnique(saved *record) error {
	var set []string
	for _, names := range saved.entity.Keys.All() {
		if last := saved.entity.Index(names[len(names)-1]); saved.cells[last] != (unchanged{}) {
			set = append(set, saved.entity.Fields[last].Col()+" = NULL")
		}
	}
	if saved.isNew || len(set) == 0 || slices.Equal(saved.before, saved.claims) {
		return nil
	}
	return r.at.Tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", saved.entity.Plural, strings.Join(set, ", ")), r.at.Workspace, saved.key)
}

// remove deletes a record that an earlier step deleted, with what it is found by.
func (r *Run) remove(saved *record) error {
	for _, name := range saved.entity.Keys.Items {
		f := saved.entity.Field(name)
		if err := r.runEach(table.DeleteItem, saved, f, saved.itemsBefore(f)); err != nil {
			return err
		}
	}
	return r.at.Tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", saved.entity.Plural), r.at.Workspace, r.currentKey(saved.entity, saved.key))
}

// put writes a record into its table. It does nothing if a real write has deleted the record or
// taken its unique value since the earlier step.
func (r *Run) put(saved *record) error {
	t := r.at.Tables[saved.entity]
	cells := []any{r.currentKey(saved.entity, saved.key), r.at.Workspace}
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
	if err := r.putItems(saved); err != nil {
		return err
	}
	if saved.isNew {
		return r.at.Tx.Exec(t.Insert+" ON CONFLICT DO NOTHING", cells...)
	}
	return r.at.Tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE key = $1 AND workspace_id = $2%s", saved.entity.Plural, strings.Join(set, ", "), untaken(saved.entity, set)), cells...)
}

// untaken returns conditions under which no other record has the keys that assignments give to a
// record.
func untaken(e *crm.Entity, assignments []string) (conditions string) {
	values := map[string]string{}
	for _, assignment := range assignments {
		column, value, _ := strings.Cut(assignment, " = ")
		values[column] = value
	}
	for _, names := range e.Keys.All() {
		same, changed := "", false
		for _, name := range names {
			column := e.Field(name).Col()
			value, is := values[column]
			changed = changed || is
			if !is {
				value = e.Plural + "." + column
			}
			same += fmt.Sprintf(" AND o.%s = %s", column, value)
		}
		if changed {
			conditions += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s o WHERE o.workspace_id = $2 AND o.key <> $1%s)", e.Plural, same)
		}
	}
	return conditions
}

// putItems writes the rows of a record in list_values by which it is found.
func (r *Run) putItems(saved *record) error {
	e := saved.entity
	for _, name := range e.Keys.Items {
		f, cell := e.Field(name), saved.cells[e.Index(name)]
		if cell == (unchanged{}) {
			continue
		}
		if err := r.runEach(table.DeleteItem, saved, f, saved.itemsBefore(f)); err != nil {
			return err
		}
		if err := r.runEach(table.InsertItem, saved, f, table.ItemForms(f, table.Load(f.Type.Kind(), cell))); err != nil {
			return err
		}
	}
	return nil
}

// itemsBefore returns the items of a list of the real record.
func (saved *record) itemsBefore(f *crm.Field) (items []string) {
	for _, claim := range saved.before {
		if value, is := strings.CutPrefix(claim, itemClaim(saved.entity, f)); is {
			items = append(items, value)
		}
	}
	return items
}

// runEach runs a statement on list_values for each item of a record.
func (r *Run) runEach(text string, saved *record, f *crm.Field, items []string) error {
	for _, item := range items {
		if err := r.at.Tx.Exec(text, r.at.Workspace, saved.entity.ItemKind(f), item, r.currentKey(saved.entity, saved.key)); err != nil {
			return err
		}
	}
	return nil
}
