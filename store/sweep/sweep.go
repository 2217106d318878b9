// Package sweep deletes the rows of a deleted workspace, some at a time: a workspace may have
// millions, and other writes wait for each transaction.
package sweep

import (
	"fmt"

	"crmkit/crm"
	"crmkit/store/txn"
)

// Table is a table with rows of workspaces, and the columns of its key.
type Table struct{ name, key string }

// Words has the words of a shared database.
var Words = Table{"words", "kind, letters, word"}

// Tables returns the tables that every database has, each before those that its rows refer to.
func Tables(schema *crm.Schema) (list []Table) {
	for _, e := range schema.Dependents() {
		if !e.IsView() {
			list = append(list, Table{e.Plural, "key"})
		}
	}
	return append(list, Table{"confirmations", "hash"},
		Table{"log", "key"}, Table{"runs", "first"}, Table{"bookmarks", "token_key, name"}, Table{"origins", "key"}, Table{"kept_answers", "user_id, hash"}, Table{"kept_files", "hash"}, Table{"kept_parts", "hash, part"}, Table{"imported", "source, kind, id"}, Table{"reservations", "id"},
		Table{"list_values", "kind, value, record"}, Table{"duplicate_keys", "kind, hash, record"}, Table{"dismissed_pairs", "kind, record, other"}, Table{"merged", "kind, record"}, Table{"stage_visits", "kind, record, n"}, Table{"values_in_use", "kind, field, value"}, Table{"deal_sums", "place"})
}

// counts is the last table, because what goes before is counted there.
var counts = Table{"usage", "kind"}

// most is about how many rows a transaction deletes.
const most = 2000

// Some deletes some of the rows of a workspace, and reports whether none is left.
func Some(tx *txn.Tx, tables []Table, number int64) (all bool, err error) {
	left := int64(most)
	for _, t := range append(tables, counts) {
		for _, workspace := range []int64{number, -number} { // hidden records have the negative number
			n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND (%s) IN (SELECT %s FROM %s WHERE workspace_id = $1 LIMIT $2)", t.name, t.key, t.key, t.name), workspace, left)
			if left -= n; err != nil || left <= 0 {
				return false, err
			}
		}
	}
	if all, err = names(tx, number, left); all {
		tx.ForgetCounters(number)
	}
	return all, err
}

// names deletes names of a deleted workspace with the tags and custom values that use
// them, up to about left rows. It reports whether all are deleted.
func names(tx *txn.Tx, workspace, left int64) (all bool, err error) {
	for left > 0 {
		var name int64
		found, err := tx.Row("SELECT key FROM names WHERE workspace_id = $1 LIMIT 1", []any{workspace}, &name)
		if err != nil || !found {
			return !found, err
		}
		for _, table := range []string{"tags", "custom_values"} {
			n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE name_id = $1 AND record IN (SELECT record FROM %s WHERE name_id = $1 LIMIT $2)", table, table), name, left)
			if left -= n; err != nil || left <= 0 {
				return false, err
			}
		}
		left -= nameCost
		if err := tx.Exec("DELETE FROM names WHERE key = $1", name); err != nil {
			return false, err
		}
	}
	return false, nil
}

// nameCost is how many rows of one statement cost as much as the statements for a name.
const nameCost = 8
