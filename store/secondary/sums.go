package secondary

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// updateSums writes what a change of a record changes in the sums of its kind. The head of the workspace is locked
// by every write, so no two of them change a row at once.
func updateSums(tx *txn.Tx, before, after crm.Record) error {
	if after.Entity.Sums == nil {
		return nil
	}
	was, is := summandOf(before), summandOf(after)
	if was == is {
		return nil
	}
	if err := was.add(tx, after.Entity, removed); err != nil {
		return err
	}
	return is.add(tx, after.Entity, added)
}

// summand is what a record contributes to the sums of its kind.
type summand struct {
	place   string // of the row; empty: there is no record
	values  [maxSummed]string
	amount  int64
	amounts int64 // 1 if there is an amount
}

// maxSummed is the most fields by which sums are kept.
const maxSummed = 3

// summandOf returns what a record contributes. A record that is not there has no value in the first field.
func summandOf(rec crm.Record) (s summand) {
	of := rec.Entity.Sums
	if !rec.Value(of.By[0]).Set() {
		return s
	}
	var parts []string
	for i, name := range of.By {
		if v := rec.Value(name); v.Set() {
			s.values[i] = v.Text
			parts = append(parts, v.Text)
		}
	}
	s.place = strings.Join(parts, " ")
	if v := rec.Value(of.Of); v.Set() {
		s.amount, s.amounts = v.Int, 1
	}
	return s
}

// add adds the summand to its row, or takes it from it. A row without records is deleted.
func (s summand) add(tx *txn.Tx, e *crm.Entity, sign int64) error {
	if s.place == "" {
		return nil
	}
	by, name := e.Sums.By, e.SumsTable()
	args := []any{tx.Actor.Workspace, s.place}
	for i := range by {
		args = append(args, orNull(s.values[i]))
	}
	args = append(args, sign, sign*s.amounts, sign*(s.amount/part), sign*(s.amount%part))
	err := tx.Exec(fmt.Sprintf(`INSERT INTO %[1]s (workspace_id, place, %[2]s, n, amounts, high, low) VALUES (%[3]s)
		ON CONFLICT (workspace_id, place) DO UPDATE SET n = %[1]s.n + excluded.n, amounts = %[1]s.amounts + excluded.amounts, high = %[1]s.high + excluded.high, low = %[1]s.low + excluded.low`,
		name, strings.Join(by, ", "), table.Placeholders(1, len(args))), args...)
	if err != nil || sign == added {
		return err
	}
	return tx.Exec("DELETE FROM "+name+" WHERE workspace_id = $1 AND place = $2 AND n = 0", args[:2]...)
}

// part is the size of the parts of a sum.
const part = 1 << 32

// orNull returns a text as an SQL argument, NULL for none.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
