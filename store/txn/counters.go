package txn

import (
	"errors"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// Counters are the end of a workspace's log and the storage of the workspace, as the current
// transaction leaves them. The writer reads them once in a batch and writes them once, before
// the commit; no other transaction changes the row meanwhile.
type Counters struct {
	Last     int64 // the number of the last entry of the log
	Latest   int64 // the time of that entry
	Bytes    int64 // that are stored
	unlogged int64 // changes of records by this batch that the log does not name
}

// counterSet holds the counters that a batch has read, by workspace, as they were and as they
// are, and the counts that it has not written.
type counterSet struct {
	was, is map[int64]Counters
	counts  counts
}

func newCounterSet() counterSet {
	return counterSet{map[int64]Counters{}, map[int64]Counters{}, counts{records: map[recordCount]countRow{}}}
}

// mark returns a state for rewind.
func (l counterSet) mark() counterSet {
	return counterSet{is: maps.Clone(l.is), counts: l.counts.mark()}
}

// rewind takes back what changed since the mark.
func (l *counterSet) rewind(mark counterSet) {
	for workspace, was := range l.was { // those that were read since
		if _, there := mark.is[workspace]; !there {
			mark.is[workspace] = was
		}
	}
	l.is, l.counts = mark.is, mark.counts
}

// rewind takes back what a part of a batch changed that is rolled back.
func (w *writer) rewind(mark counterSet) {
	w.counters.rewind(mark)
	clear(w.origins) // it may have made some
	clear(w.runs)
	w.memo.clear()
}

// Counters returns the counters of the transaction's workspace. From then on the time of the
// transaction is not before that of the last entry: if the clock went back, changes would be
// dated before those that they follow.
func (tx *Tx) Counters() (Counters, error) {
	all, workspace := tx.writer.counters, tx.Actor.Workspace
	l, known := all.is[workspace]
	if !known {
		if err := tx.lockHead(workspace); err != nil {
			return l, err
		}
		_, err := tx.rowAsStored("SELECT last, latest, n FROM usage WHERE workspace_id = $1 AND kind = '"+catalog.Storage+"'", []any{workspace}, &l.Last, &l.Latest, &l.Bytes)
		if err != nil {
			return l, err
		}
		all.was[workspace], all.is[workspace] = l, l
	}
	tx.now = max(tx.now, l.Latest)
	return l, nil
}

// CountUnlogged counts a change of a record that the log does not contain: a derived value
// followed another record.
func (tx *Tx) CountUnlogged() error {
	l, err := tx.Counters()
	if err == nil {
		l.unlogged++
		tx.SetCounters(l)
	}
	return err
}

// SetCounters sets the counters of the transaction's workspace. They are written before the
// commit, so it is a write: if the job fails after it, the transaction is rolled back.
func (tx *Tx) SetCounters(l Counters) {
	tx.dirty = true
	tx.writer.counters.is[tx.Actor.Workspace] = l
}

// GrowStorage adds n bytes to the storage of the workspace; n may be negative. Above the cap
// of the plan the error is plan_limit_reached; a negative n is never refused.
func (tx *Tx) GrowStorage(n int64) error {
	l, err := tx.Counters()
	if err != nil {
		return err
	}
	if limit := tx.db.opts.Plans.Cap(tx.Actor.Plan, catalog.Storage); n > 0 && l.Bytes+n > limit {
		return storageFull(tx.Actor.Plan, limit, l.Bytes)
	}
	l.Bytes += n
	tx.SetCounters(l)
	return nil
}

// AddBytes adds to the storage without a cap: for deletes, sign-ins and tokens, and for
// changes that free more than they take.
func (tx *Tx) AddBytes(n int64) error {
	l, err := tx.Counters()
	if err == nil {
		l.Bytes += n
		tx.SetCounters(l)
	}
	return err
}

// ReleaseBytes runs a statement that deletes rows and returns the workspace and the bytes of
// each, and subtracts those from the storage of the workspaces.
func (tx *Tx) ReleaseBytes(text string, args ...any) error {
	freed := map[int64]int64{}
	err := tx.Rows(text, args, func(scan func(...any) error) error {
		var workspace, bytes int64
		err := scan(&workspace, &bytes)
		freed[workspace] += bytes
		return err
	})
	actor := tx.Actor
	defer func() { tx.Actor = actor }()
	for workspace, bytes := range freed {
		if err == nil {
			tx.Actor.Workspace = workspace
			err = tx.AddBytes(-bytes)
		}
	}
	return err
}

// ForgetCounters drops the counters of a workspace, whose row is deleted.
func (tx *Tx) ForgetCounters(workspace int64) { delete(tx.writer.counters.is, workspace) }

// storageFull is the error for storage beyond the cap of the plan.
func storageFull(plan string, limit, used int64) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d bytes of storage, of which %d are in use. Do not retry: tell the user. Deletes still work; GET /whoami shows the usage.",
		plan, limit, used)
}

// writeCounters writes the counters and counts that changed, and numbers the new entries of the log
// and the changes without an entry.
func (w *writer) writeCounters(tx *Tx) error {
	if err := errors.Join(tx.writeRecordCounts(), tx.writeUses(), tx.writeWords()); err != nil {
		return err
	}
	for _, workspace := range slices.Sorted(maps.Keys(w.counters.is)) {
		was, is := w.counters.was[workspace], w.counters.is[workspace]
		if was == is {
			continue
		}
		err := tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, '`+catalog.Storage+`', $2, $3, $4, 0)
			ON CONFLICT (workspace_id, kind) DO UPDATE SET last = $2, n = $3, latest = $4`, workspace, is.Last, is.Bytes, is.Latest)
		if err != nil {
			return err
		}
		if is.Last != was.Last {
			err = w.number(tx, workspace, was.Last+1, is.Last-was.Last)
		}
		if err == nil && is.unlogged != was.unlogged {
			err = w.number(tx, workspace, 0, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// LastCommit reads the number of the last commit. A reader compares it with that of the text
// index.
const LastCommit = "SELECT number FROM commits ORDER BY number DESC LIMIT 1"

// maxCommits is after how many numbers old commits are deleted.
const maxCommits = 1000

// number gives the next commit numbers to what a workspace commits: to n entries of its log
// from first on, or if n is 0 one number to a change without entries.
func (w *writer) number(tx *Tx, workspace, first, n int64) error {
	if w.db.traits.Shared {
		return nil // the numbers are for what is kept in memory
	}
	before := w.last
	w.last += max(n, 1)
	err := tx.Exec("INSERT INTO commits (number, workspace, first, n) VALUES ($1, $2, $3, $4)", w.last, workspace, first, n)
	if err == nil && before/maxCommits != w.last/maxCommits {
		err = tx.Exec("DELETE FROM commits WHERE number < $1", w.last-2*maxCommits)
	}
	return err
}

// Sequence returns the next number of a counter that belongs to no workspace.
func (tx *Tx) Sequence(name string) (n int64, err error) {
	_, err = tx.Row(`INSERT INTO sequences (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last`, []any{name}, &n)
	return n, err
}

// Reserve counts n bytes as stored by the workspace until Release is called with the same id. A second
// call with the same id changes how much is reserved.
func (tx *Tx) Reserve(id string, n int64) error {
	if n < 0 {
		return errors.New("a negative reservation")
	}
	if err := tx.Release(id); err != nil {
		return err
	}
	if err := tx.GrowStorage(n); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO reservations (id, workspace_id, bytes, made_at) VALUES ($1, $2, $3, $4)", id, tx.Actor.Workspace, n, tx.Now())
}

// Release ends the reservation with the id. There need not be one.
func (tx *Tx) Release(id string) error {
	var n int64
	_, err := tx.Row("DELETE FROM reservations WHERE id = $1 AND workspace_id = $2 RETURNING bytes", []any{id, tx.Actor.Workspace}, &n)
	if err != nil {
		return err
	}
	return tx.AddBytes(-n)
}
