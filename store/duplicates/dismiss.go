package duplicates

import (
	"fmt"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/table"
)

// The actions of the log for a pair. Their target is its first record.
const (
	Dismissed = "duplicate.dismiss"
	Listed    = "duplicate.list"
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

// TakeBack forgets that two records are different, and returns what was said of them; nothing if nobody had said
// so.
func TakeBack(rows Rows, pair Dismissal) (said []crm.Member, err error) {
	const text = `DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND (record = $3 AND other = $4 OR record = $4 AND other = $3)
		RETURNING CASE WHEN record = $3 THEN other ELSE 0 END, dismissed_at, COALESCE(dismissed_by, ''), 0`
	return read(rows, pair.Entity, text, []any{crm.RecordWorkspace(pair.Pair[0]), pair.Entity.Name, pair.Pair[0], pair.Pair[1]})
}

// Rows reads every row of a statement.
type Rows func(text string, args []any, each func(scan func(...any) error) error) error

// SaidName is the member of an entry of the log that has what was said of pairs, when that is forgotten.
const SaidName = "#dismissed"

// Said returns what was said of pairs with a record that will be deleted or, if there is a winner, become a part
// of it.
func Said(rows Rows, rec crm.Record, winner int64) ([]crm.Member, error) {
	if !alike.Knows(rec.Entity) {
		return nil, nil
	}
	const text = `SELECT d.other, d.dismissed_at, COALESCE(d.dismissed_by, ''), CASE WHEN d.other = $4 OR EXISTS (SELECT 1 FROM dismissed_pairs w
			WHERE w.workspace_id = d.workspace_id AND w.kind = d.kind AND w.record = $4 AND w.other = d.other) THEN 0 ELSE 1 END
		FROM dismissed_pairs d WHERE d.workspace_id = $1 AND d.kind = $2 AND d.record = $3 ORDER BY d.other`
	if winner == 0 { // nobody gets the pairs
		winner = rec.Key
	}
	return read(rows, rec.Entity, text, []any{crm.RecordWorkspace(rec.Key), rec.Entity.Name, rec.Key, winner})
}

// read returns the member for rows of pairs: of each the id of the other record, the time, whether the winner of a merge
// gets the pair, and who said so.
func read(rows Rows, e *crm.Entity, text string, args []any) ([]crm.Member, error) {
	var list []string
	err := rows(text, args, func(scan func(...any) error) error {
		var other, at, passes int64
		var by string
		err := scan(&other, &at, &by, &passes)
		if other == 0 { // the same pair the other way round
			return err
		}
		list = append(list, fmt.Sprintf("%s %d %d %s", crm.RecordID(e.Prefix, other), at, passes, by))
		return err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return []crm.Member{{Name: SaidName, JSON: table.Arg(crm.Labels(list)).(string)}}, nil
}

// Transaction runs statements.
type Transaction interface {
	Writer
	dismisser
	Rows(text string, args []any, each func(scan func(...any) error) error) error
}

// SayAgain says what was said of pairs with a record before it went, as its entry has it, if the others are there. From
// the record that it was a part of, if there is one, what that one got is taken back.
func SayAgain(w Transaction, rec crm.Record, from []crm.Member, winner int64) error {
	for _, m := range from {
		if m.Name != SaidName {
			continue
		}
		for _, line := range table.Strings(m.JSON) {
			if err := sayAgain(w, rec, line, winner); err != nil {
				return err
			}
		}
	}
	return nil
}

func sayAgain(w Transaction, rec crm.Record, line string, winner int64) error {
	var id, by string
	var at, passed int64
	fmt.Sscan(line, &id, &at, &passed, &by) // the last may be missing
	workspace, kind := crm.RecordWorkspace(rec.Key), rec.Entity.Name
	other, fault := crm.ParseID(rec.Entity, workspace, id)
	if fault != crm.IDOK {
		return nil
	}
	if passed > 0 && winner != 0 {
		const text = "DELETE FROM dismissed_pairs WHERE workspace_id = $1 AND kind = $2 AND (record = $3 AND other = $4 OR record = $4 AND other = $3)"
		if err := w.Exec(text, workspace, kind, winner, other); err != nil {
			return err
		}
	}
	there := false
	err := w.Rows("SELECT 1 FROM "+rec.Entity.Plural+" WHERE workspace_id = $1 AND key = $2", []any{workspace, other}, func(func(...any) error) error {
		there = true
		return nil
	})
	if err != nil || !there {
		return err
	}
	_, err = Dismiss(w, Dismissal{Entity: rec.Entity, Pair: [2]int64{rec.Key, other}, At: at, By: by})
	return err
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
