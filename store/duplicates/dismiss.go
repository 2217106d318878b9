package duplicates

import (
	"crmkit/crm"
	"crmkit/store/table"
)

// Dismissal says that two records of a kind are different, and who says so.
type Dismissal struct {
	Entity *crm.Entity
	Pair   [2]int64 // their keys
	At     int64
	By     string
}

// dismisser writes rows, and says how many.
type dismisser interface {
	Affect(text string, args ...any) (int64, error)
}

// Dismiss remembers that two records are different. A pair that is dismissed again stays as it is,
// and isNew is false.
func Dismiss(w dismisser, d Dismissal) (isNew bool, err error) {
	const text = `INSERT INTO dismissed_pairs (workspace_id, kind, record, other, dismissed_at, dismissed_by) VALUES ($1, $2, $3, $4, $5, $6), ($1, $2, $4, $3, $5, $6)
		ON CONFLICT (workspace_id, kind, record, other) DO NOTHING`
	n, err := w.Affect(text, crm.RecordWorkspace(d.Pair[0]), d.Entity.Name, d.Pair[0], d.Pair[1], d.At, table.NullText(d.By))
	return n > 0, err
}

// TakeBack forgets that two records are different. was is false if nobody had said so.
func TakeBack(w dismisser, d Dismissal) (was bool, err error) {
	const text = "DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND (record = $3 AND other = $4 OR record = $4 AND other = $3)"
	n, err := w.Affect(text, crm.RecordWorkspace(d.Pair[0]), d.Entity.Name, d.Pair[0], d.Pair[1])
	return n > 0, err
}

// inherit says of the record that another one became a part of, if it did, what was said about that one: who is
// not that one is not this one either.
func inherit(w Writer, rec crm.Record) error {
	for _, sides := range []string{"m.winner, d.other", "d.other, m.winner"} {
		err := w.Exec("INSERT INTO dismissed_pairs (workspace_id, kind, record, other, dismissed_at, dismissed_by) SELECT d.workspace_id, d.kind, "+sides+`, d.dismissed_at, d.dismissed_by
			FROM dismissed_pairs d JOIN merged m ON m.workspace_id = d.workspace_id AND m.kind = d.kind AND m.record = d.record
			WHERE d.workspace_id = $1 AND d.kind = $2 AND d.record = $3 AND d.other <> m.winner
			ON CONFLICT (workspace_id, kind, record, other) DO NOTHING`, crm.RecordWorkspace(rec.Key), rec.Entity.Name, rec.Key)
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes what was said about pairs with a record that is deleted, or part of another one now.
func forget(w Writer, rec crm.Record) error {
	if err := inherit(w, rec); err != nil {
		return err
	}
	args := []any{crm.RecordWorkspace(rec.Key), rec.Entity.Name, rec.Key}
	const text = `DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND other = $3
		AND record IN (SELECT d.other FROM dismissed_pairs d WHERE d.workspace_id = $1 AND d.kind = $2 AND d.record = $3)`
	if err := w.Exec(text, args...); err != nil {
		return err
	}
	return w.Exec("DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND record = $3", args...)
}
