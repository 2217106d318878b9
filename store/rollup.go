package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/secondary"
	"crmkit/store/table"
)

// updateRollups updates the rollups of the records to which a changed record refers.
func (tx *Tx) updateRollups(before, after crm.Record) error {
	for _, t := range tx.store.rollups[after.Entity] {
		was, is := before.Value(t.Ref.Name), after.Value(t.Ref.Name)
		previous, current := t.Contributions(was, before), t.Contributions(is, after)
		if was.Equal(is) && slices.EqualFunc(previous, current, table.SameContribution) {
			continue
		}
		if err := tx.addContributions(t, was.Int, previous, removed); err != nil {
			return err
		}
		if err := tx.addContributions(t, is.Int, current, added); err != nil {
			return err
		}
	}
	return nil
}

// The signs of a contribution.
const (
	added   int64 = 1
	removed int64 = -1
)

// addContributions adds contributions to the fields of the record with the key, or subtracts
// them. The contributing records must be written already: if the latest time is subtracted it
// is searched again among them.
func (tx *Tx) addContributions(t table.Rollup, key int64, contributions []table.Contribution, sign int64) error {
	if tx.deleting.is(t.To, key) {
		return nil
	}
	var set []string
	args := []any{tx.Actor.Workspace, key}
	for i, f := range t.Fields {
		s := contributions[i]
		if !s.Set {
			continue
		}
		column, n := f.Col(), "$"+strconv.Itoa(len(args)+1)
		switch {
		case f.Type.Kind() == crm.ListKind:
			list, changed, err := secondary.Labels{Entity: t.To, Field: f, Key: key}.Add(tx.Tx, s.Times(sign))
			if err != nil {
				return err
			}
			if changed {
				args, set = append(args, list), append(set, column+" = "+n)
			}
		case f.Type.Kind() == crm.IntKind:
			args, set = append(args, sign*s.N), append(set, column+" = "+column+" + "+n)
		case sign == added:
			args, set = append(args, s.N), append(set, fmt.Sprintf("%s = CASE WHEN %s >= %s THEN %s ELSE %s END", column, column, n, column, n))
		default:
			args, set = append(args, s.N), append(set, fmt.Sprintf("%s = CASE WHEN %s > %s THEN %s ELSE %s END", column, column, n, column, t.MaxSQL(tx.store.rollups, f)))
		}
	}
	if len(set) == 0 {
		return nil
	}
	tx.Invalidate(t.To, key)
	return tx.ExecCorrecting(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", t.To.Plural, strings.Join(set, ", ")), args...)
}
