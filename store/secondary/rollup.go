package secondary

import (
	"fmt"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Rollup is what records contribute to fields of the record with a key, to which they refer.
type Rollup struct {
	table.Rollup
	All map[*crm.Entity][]table.Rollup // of the schema
	Key int64
}

// Add adds contributions to the fields of the record.
func (r Rollup) Add(tx *txn.Tx, contributions []table.Contribution) error {
	return r.change(tx, contributions, added)
}

// Remove subtracts contributions. The contributing records must be written already: if the latest time is
// subtracted it is searched again among them.
func (r Rollup) Remove(tx *txn.Tx, contributions []table.Contribution) error {
	return r.change(tx, contributions, removed)
}

// change adds contributions with a sign.
func (r Rollup) change(tx *txn.Tx, contributions []table.Contribution, sign int64) error {
	var set []string
	args := []any{tx.Actor.Workspace, r.Key}
	for i, f := range r.Fields {
		s := contributions[i]
		if !s.Set {
			continue
		}
		column, n := f.Col(), "$"+strconv.Itoa(len(args)+1)
		switch {
		case f.Type.Kind() == crm.ListKind:
			list, changed, err := Labels{Entity: r.To, Field: f, Key: r.Key}.Add(tx, s.Times(sign))
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
			args, set = append(args, s.N), append(set, fmt.Sprintf("%s = CASE WHEN %s > %s THEN %s ELSE %s END", column, column, n, column, r.MaxSQL(r.All, f)))
		}
	}
	if len(set) == 0 {
		return nil
	}
	tx.Invalidate(r.To, r.Key)
	return tx.ExecCorrecting(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", r.To.Plural, strings.Join(set, ", ")), args...)
}
