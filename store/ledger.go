package store

import (
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// counters is the end of a workspace's log, and how much the workspace stores, as the
// transaction at hand leaves them. The writer reads it once in a batch and writes it once,
// before the commit; the row belongs to no other transaction meanwhile.
type counters struct {
	last     int64 // the number of the last entry of the log
	latest   int64 // the time of that entry
	bytes    int64 // that are stored
	unlogged int64 // changes of records by this batch that the log does not name
}

// counterSet are those that a batch has read, by workspace, as they were and as they are.
type counterSet struct{ was, is map[int64]counters }

func newCounterSet() counterSet { return counterSet{map[int64]counters{}, map[int64]counters{}} }

// mark returns what take goes back to.
func (l counterSet) mark() map[int64]counters { return maps.Clone(l.is) }

// rewind takes back what was noted since the mark.
func (l *counterSet) rewind(mark map[int64]counters) {
	for workspace, was := range l.was { // those that were read since
		if _, there := mark[workspace]; !there {
			mark[workspace] = was
		}
	}
	l.is = mark
}

// rewind takes back what a part of a batch noted that is rolled back.
func (w *writer) rewind(mark map[int64]counters) {
	w.counters.rewind(mark)
	clear(w.origins) // it may have made some
}

// counters returns the ledger of the transaction's workspace. The time of the transaction is
// from then on not before that of the last entry: a clock that went back would else put
// changes before those that they follow.
func (tx *Tx) counters() (counters, error) {
	all, workspace := tx.store.writer.counters, tx.Actor.Workspace
	l, known := all.is[workspace]
	if !known {
		_, err := tx.Row("SELECT last, latest, n FROM usage WHERE workspace_id = $1 AND kind = '"+catalog.Storage+"'", []any{workspace}, &l.last, &l.latest, &l.bytes)
		if err != nil {
			return l, err
		}
		all.was[workspace], all.is[workspace] = l, l
	}
	tx.now = max(tx.now, l.latest)
	return l, nil
}

// countUnlogged notes that a record of the transaction's workspace shows something else, of which
// the log has no entry: what it keeps of others has followed them. Other processes learn of
// it by a number of its own.
func (tx *Tx) countUnlogged() error {
	l, err := tx.counters()
	if err == nil {
		l.unlogged++
		tx.setCounters(l)
	}
	return err
}

func (tx *Tx) setCounters(l counters) { tx.store.writer.counters.is[tx.Actor.Workspace] = l }

// GrowStorage counts that the workspace stores n bytes more, or less where n is negative. Beyond
// what its plan allows the error is plan_limit_reached; less is never refused.
func (tx *Tx) GrowStorage(n int64) error {
	l, err := tx.counters()
	if err != nil {
		return err
	}
	if limit := tx.store.opts.Plans.Cap(tx.Actor.Plan, catalog.Storage); n > 0 && l.bytes+n > limit {
		return storageFull(tx.Actor.Plan, limit, l.bytes)
	}
	l.bytes += n
	tx.setCounters(l)
	return nil
}

// addBytes counts bytes that no cap refuses: of deletes, sign-ins, tokens, and of what frees
// more than it takes.
func (tx *Tx) addBytes(n int64) error {
	l, err := tx.counters()
	if err == nil {
		l.bytes += n
		tx.setCounters(l)
	}
	return err
}

func storageFull(plan string, limit, used int64) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d bytes of storage, of which %d are in use. Do not retry: tell the user. Deletes still work; GET /whoami shows the usage.",
		plan, limit, used)
}

// writeCounters writes the ledgers that changed, which entries of the log are new, and which
// workspaces changed without one.
func (w *writer) writeCounters(tx *Tx) error {
	for _, workspace := range slices.Sorted(maps.Keys(w.counters.is)) {
		was, is := w.counters.was[workspace], w.counters.is[workspace]
		if was == is {
			continue
		}
		err := tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, '`+catalog.Storage+`', $2, $3, $4, 0)
			ON CONFLICT (workspace_id, kind) DO UPDATE SET last = $2, n = $3, latest = $4`, workspace, is.last, is.bytes, is.latest)
		if err != nil {
			return err
		}
		if is.last != was.last {
			err = w.number(tx, workspace, was.last+1, is.last-was.last)
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

// number gives the next numbers to what a workspace commits: to n entries of its log from
// first on, or where n is 0 one number to what has no entry.
func (w *writer) number(tx *Tx, workspace, first, n int64) error {
	before := w.last
	w.last += max(n, 1)
	err := tx.Exec("INSERT INTO commits (number, workspace, first, n) VALUES ($1, $2, $3, $4)", w.last, workspace, first, n)
	if err == nil && before/maxForeign != w.last/maxForeign {
		err = tx.Exec("DELETE FROM commits WHERE number < $1", w.last-2*maxForeign)
	}
	return err
}

// recordBytes returns how many bytes of storage a record takes: its texts, without what is kept
// in it of other records.
func recordBytes(rec crm.Record) (n int64) {
	for i, v := range rec.Values {
		if f := &rec.Entity.Fields[i]; !f.Stored() || f.Derived() {
			continue
		}
		n += int64(byteCount(columnValue(v)))
	}
	return n
}

// byteCount returns the UTF-8 length of the texts among SQL arguments.
func byteCount(args ...any) (n int) {
	for _, arg := range args {
		if text, ok := arg.(string); ok {
			n += len(text)
		}
	}
	return n
}
