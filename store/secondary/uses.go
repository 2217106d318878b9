package secondary

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/txn"
)

// Use is a record that holds a value of a field from now on, or no longer.
type Use struct {
	Field, Value string
	N            int64 // more or less
}

// usesOf returns what a change of a record does to the counts of values.
func usesOf(before, after crm.Record) (uses []Use) {
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		if !after.Entity.CountsValues(f) || was.Equal(is) {
			continue
		}
		for _, value := range difference(valuesHeld(f, was), valuesHeld(f, is)) {
			uses = append(uses, Use{f.Name, value, removed})
		}
		for _, value := range difference(valuesHeld(f, is), valuesHeld(f, was)) {
			uses = append(uses, Use{f.Name, value, added})
		}
	}
	return uses
}

// valuesHeld returns the values that count where a record has v in the field.
func valuesHeld(f *crm.Field, v crm.Value) []string {
	switch {
	case !v.Set():
		return nil
	case f.Type.Kind() == crm.ListKind:
		return v.List()
	}
	return []string{v.Text}
}

// usesAtOnce is the most counts that one statement changes.
const usesAtOnce = 16

// CountUses brings the counts of values of a kind in step: one statement changes some of
// them, and where records lost values, one per field drops those that nothing holds.
func CountUses(tx *txn.Tx, kind string, uses []Use) error {
	for some := range slices.Chunk(uses, usesAtOnce) {
		args := []any{tx.Actor.Workspace, kind}
		var rows, lost []string
		for _, u := range some {
			n := len(args)
			rows = append(rows, "($1, $2, $"+strconv.Itoa(n+1)+", $"+strconv.Itoa(n+2)+", $"+strconv.Itoa(n+3)+")")
			args = append(args, u.Field, u.Value, u.N)
			if u.N < 0 && !slices.Contains(lost, u.Field) {
				lost = append(lost, u.Field)
			}
		}
		err := tx.Exec("INSERT INTO values_in_use (workspace_id, kind, field, value, n) VALUES "+strings.Join(rows, ", ")+
			" ON CONFLICT (workspace_id, kind, field, value) DO UPDATE SET n = values_in_use.n + excluded.n", args...)
		if err != nil {
			return err
		}
		for _, field := range lost {
			err := tx.Exec("DELETE FROM values_in_use WHERE workspace_id = $1 AND kind = $2 AND field = $3 AND n <= 0", tx.Actor.Workspace, kind, field)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
