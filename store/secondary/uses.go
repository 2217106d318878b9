package secondary

import (
	"crmkit/crm"
	"crmkit/store/txn"
)

// countUses counts the values that a change of a record gives to it or takes from it.
func countUses(tx *txn.Tx, before, after crm.Record) {
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		if !after.Entity.CountsValues(f) || was.Equal(is) {
			continue
		}
		for _, value := range difference(valuesHeld(f, was), valuesHeld(f, is)) {
			tx.CountUse(after.Entity.Name, f.Name, value, removed)
		}
		for _, value := range difference(valuesHeld(f, is), valuesHeld(f, was)) {
			tx.CountUse(after.Entity.Name, f.Name, value, added)
		}
	}
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
