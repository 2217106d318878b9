package changelog

import (
	"errors"
	"fmt"

	"crmkit/crm"
)

// Deleted is a question about the deleted records of a kind that are not there again.
type Deleted struct {
	Workspace int64
	Entity    *crm.Entity
	From      int64               // the time in milliseconds since which they were deleted
	Until     int64               // the time before which they were deleted; 0: any
	Oldest    bool                // the first deleted comes first, not the last
	After     int64               // the number of the entry after which the part begins, in its order; 0: it is the first part
	Keeps     func(Deletion) bool // refuses a record; nil: none
	Limit     int                 // of records
	Scan      int                 // most entries that are looked at
	Bytes     int                 // of values in the part, which one record may exceed
}

// DeletedPart is a part of the answer.
type DeletedPart struct {
	List   []Deletion
	Cursor int64 // the number of the last entry that was looked at
	More   bool  // there may be records after it
}

// deletedStep is how many entries one statement reads.
const deletedStep = 200

// deletedReader reads a part.
type deletedReader struct {
	rows         Rows
	ask          Deleted
	from, before int64 // keys between which the entries are
	part         DeletedPart
	seen, bytes  int
}

// ReadDeleted reads a part of the deleted records of a kind, in the order in which they were deleted.
func ReadDeleted(rows Rows, ask Deleted) (DeletedPart, error) {
	r := &deletedReader{rows: rows, ask: ask}
	if err := r.bounds(); err != nil {
		return r.part, err
	}
	for r.from < r.before {
		n, err := r.step()
		switch {
		case errors.Is(err, errStepFull) || err == nil && r.seen >= ask.Scan && n == deletedStep:
			r.part.More = true
			return r.part, nil
		case err != nil || n < deletedStep:
			return r.part, err
		}
	}
	return r.part, nil
}

// bounds finds the keys between which the entries are. Times never fall from one entry to the next.
func (r *deletedReader) bounds() (err error) {
	w := r.ask.Workspace
	end := crm.RecordKey(w+1, 0)
	if r.from, err = r.keyAt(r.ask.From, end); err != nil {
		return err
	}
	if r.before = end; r.ask.Until != 0 {
		if r.before, err = r.keyAt(r.ask.Until, end); err != nil {
			return err
		}
	}
	r.begin(r.ask.After)
	return nil
}

// keyAt returns the key of the first entry since a time, or end if there is none.
func (r *deletedReader) keyAt(at, end int64) (key int64, err error) {
	key = end
	err = r.rows("SELECT key FROM log WHERE workspace_id = $1 AND at >= $2 ORDER BY at, key LIMIT 1", []any{r.ask.Workspace, at},
		func(scan func(...any) error) error { return scan(&key) })
	return key, err
}

// begin has the next step begin after an entry.
func (r *deletedReader) begin(after int64) {
	switch key := crm.RecordKey(r.ask.Workspace, after); {
	case after == 0:
	case r.ask.Oldest:
		r.from = max(r.from, key+1)
	default:
		r.before = min(r.before, key)
	}
}

// step reads the next entries, and returns how many there were.
func (r *deletedReader) step() (n int, err error) {
	e := r.ask.Entity
	order, prefix := "DESC", e.Name+"/"
	if r.ask.Oldest {
		order = "ASC"
	}
	text := fmt.Sprintf(deletedSQL, order, deletedStep)
	args := []any{r.ask.Workspace, e.HandleOf(0)[:3], prefix, e.Name + "0", r.from, r.before} // 0 is the character after /
	err = r.rows(text, args, func(scan func(...any) error) error {
		d, _, err := scanDeletion(scan)
		if err != nil {
			return err
		}
		n++
		return r.take(d)
	})
	r.begin(r.part.Cursor)
	return n, err
}

// deletedSQL reads deletes that are the last entry of their record, in an order.
const deletedSQL = "SELECT " + deletionColumns + " FROM log l LEFT JOIN origins o ON o.key = l.origin" +
	" WHERE l.workspace_id = $1 AND SUBSTR(l.target, 1, 3) = $2 AND l.action = 'delete' AND l.target >= $3 AND l.target < $4 AND l.key >= $5 AND l.key < $6 AND l.before IS NOT NULL" +
	" AND NOT EXISTS (SELECT 1 FROM log n WHERE n.workspace_id = l.workspace_id AND n.target = l.target AND n.key > l.key AND n.action IN " + endings + ")" +
	" ORDER BY l.key %s LIMIT %d"

// take adds a record to the part, unless the question refuses it. It returns errStepFull if the part is full
// before it.
func (r *deletedReader) take(d Deletion) error {
	if len(r.part.List) == r.ask.Limit || r.bytes > r.ask.Bytes {
		return errStepFull
	}
	r.seen++
	r.part.Cursor = d.Number
	if r.ask.Keeps != nil && !r.ask.Keeps(d) {
		return nil
	}
	r.part.List = append(r.part.List, d)
	for _, m := range d.Values {
		r.bytes += len(m.Name) + len(m.JSON)
	}
	return nil
}
