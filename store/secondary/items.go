package secondary

import (
	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// updateItems writes the rows of list_values for a change of a list field. before and after are
// the record in both states.
func updateItems(tx *txn.Tx, e *crm.Entity, f *crm.Field, states [2]crm.Record) error {
	was, is := table.ItemForms(f, states[0].Value(f.Name)), table.ItemForms(f, states[1].Value(f.Name))
	kind, key := e.ItemKind(f), states[1].Key
	for _, item := range difference(was, is) {
		if err := tx.Exec(table.DeleteItem, tx.Actor.Workspace, kind, item, key); err != nil {
			return err
		}
	}
	for _, item := range difference(is, was) {
		if err := tx.Exec(table.InsertItem, tx.Actor.Workspace, kind, item, key); err != nil {
			return err
		}
	}
	return nil
}

// Holders returns the keys of records, at most two, that have an item, in its compared form, in
// a list field.
func Holders(tx *txn.Tx, e *crm.Entity, f *crm.Field, form string) (keys []int64, err error) {
	err = tx.Rows("SELECT record FROM list_values WHERE workspace_id = $1 AND kind = $2 AND value = $3 LIMIT 2",
		[]any{tx.Actor.Workspace, e.ItemKind(f), form}, func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
	return keys, err
}
