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

// dismisser writes rows and says how many, and reads one.
type dismisser interface {
	rowReader
	Affect(text string, args ...any) (int64, error)
}

// maxDismissed is of how many others somebody may say that they are not one record. Pairs are no part of the
// storage of a workspace, so its records bound them.
const maxDismissed = 500

// Dismiss remembers that two records are different. A pair that is dismissed again stays as it is,
// and isNew is false. If a record has too many pairs the error is invalid_value.
func Dismiss(w dismisser, d Dismissal) (isNew bool, err error) {
	const text = `INSERT INTO dismissed_pairs (workspace_id, kind, record, other, dismissed_at, dismissed_by) VALUES ($1, $2, $3, $4, $5, $6), ($1, $2, $4, $3, $5, $6)
		ON CONFLICT (workspace_id, kind, record, other) DO NOTHING`
	n, err := w.Affect(text, crm.RecordWorkspace(d.Pair[0]), d.Entity.Name, d.Pair[0], d.Pair[1], d.At, table.NullText(d.By))
	if err != nil || n == 0 {
		return false, err
	}
	for _, key := range d.Pair {
		const count = "SELECT COUNT(*) FROM (SELECT 1 FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND record = $3 LIMIT $4) few"
		if _, err := w.Row(count, []any{crm.RecordWorkspace(key), d.Entity.Name, key, maxDismissed + 1}, &n); err != nil {
			return false, err
		}
		if n > maxDismissed {
			return false, crm.Errorf(crm.InvalidValue, "%s is in %d dismissed pairs, the most that a record may be in. Nothing was saved; merge or delete some of the records that look like it.",
				d.Entity.Name+"/"+crm.RecordID(d.Entity.Prefix, key), maxDismissed).On("pair")
		}
	}
	return true, nil
}

// TakeBack forgets that two records are different. was is false if nobody had said so.
func TakeBack(w dismisser, d Dismissal) (was bool, err error) {
	const text = "DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND (record = $3 AND other = $4 OR record = $4 AND other = $3)"
	n, err := w.Affect(text, crm.RecordWorkspace(d.Pair[0]), d.Entity.Name, d.Pair[0], d.Pair[1])
	return n > 0, err
}

// inherit says of the record that another one became a part of, if it did, what was said about that one: who is
// not that one is not this one either. A record that is in maxDismissed pairs by itself gets no more, and any other
// so many at most. Pairs beyond that are listed again.
func inherit(w Writer, rec crm.Record) error {
	const (
		insert = "INSERT INTO dismissed_pairs (workspace_id, kind, record, other, dismissed_at, dismissed_by) SELECT d.workspace_id, d.kind, "
		from   = `, d.dismissed_at, d.dismissed_by
			FROM dismissed_pairs d JOIN merged m ON m.workspace_id = d.workspace_id AND m.kind = d.kind AND m.record = d.record
			WHERE d.workspace_id = $1 AND d.kind = $2 AND d.record = $3 AND d.other <> m.winner AND `
		ofWinner = "FROM dismissed_pairs w WHERE w.workspace_id = d.workspace_id AND w.kind = d.kind AND w.record = m.winner"
		once     = " ON CONFLICT (workspace_id, kind, record, other) DO NOTHING"
	)
	args := []any{crm.RecordWorkspace(rec.Key), rec.Entity.Name, rec.Key}
	err := w.Exec(insert+"m.winner, d.other"+from+"(SELECT COUNT(*) "+ofWinner+") < $4 LIMIT $4"+once, append(args, maxDismissed)...)
	if err != nil {
		return err
	}
	return w.Exec(insert+"d.other, m.winner"+from+"EXISTS (SELECT 1 "+ofWinner+" AND w.other = d.other)"+once, args...)
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
