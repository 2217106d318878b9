package erase

import (
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/txn"
)

// Hooks are what a purge needs of package store.
type Hooks struct {
	Schema *crm.Schema
	Log    func(tx *txn.Tx, action, target string) error // writes an entry of the log
	Delete func(tx *txn.Tx, t Target) error              // deletes a record that exists
}

// kindMark begins the kind of a row in the table cascades that stands for a purge.
const kindMark = "purge "

// Is reports whether a row of the table cascades, by its kind, stands for a purge.
func Is(kind string) bool { return strings.HasPrefix(kind, kindMark) }

// Kind returns the kind under which the purge of a record is in the table cascades.
func (t Target) Kind() string { return kindMark + t.Entity.Name }

// The phases of a purge, in their order.
const (
	deleting  int64 = iota // what follows from the delete of the record is not done yet
	searching              // the log is searched for records that were about it alone; the place is a number in the log
	clearing               // its values in the entries of others are erased; the place is a number in the log
	erasing                // its own entries
	answering              // stored answers and plans
	scrubbing              // unused bytes of the file may still have it; the place is the number of a page. SQLite only
	emptying               // what was erased is still in the write-ahead log
)

// Job is a row of the table cascades.
type Job struct {
	Target
	Place, Phase int64
	begun        int64 // the number of the first entry of its change group
}

// ErrWaits is the error of a purge that cannot go on before something else has happened.
var ErrWaits = errors.New("the purge waits")

// Begin begins the purge of a record that is not there any more: the purge is logged, and the last entries of
// the record are erased, so that from now on nothing brings it back. The caller schedules the job. The rest
// is done in steps.
func Begin(tx *txn.Tx, h Hooks, t Target) error {
	s, err := newStep(tx, tx.Actor.Email)
	if err != nil {
		return err
	}
	tx.MarkChanged(tx.Actor.Workspace)
	if err := h.Log(tx, changelog.Purge, t.Handle()); err != nil {
		return err
	}
	_, err = s.entries(t.Handle(), "action <> 'merge'", lastFirst)
	return err
}

// advance does the next step of a purge and moves the job. The actor of the transaction is the one who began it.
func advance(tx *txn.Tx, h Hooks, j *Job) error {
	s, err := newStep(tx, tx.Actor.Email)
	if err != nil {
		return err
	}
	tx.MarkChanged(tx.Actor.Workspace)
	switch j.Phase {
	case deleting:
		return s.awaitDelete(j)
	case searching:
		return s.search(h, j)
	}
	all := false
	switch j.Phase {
	case clearing:
		j.Place, err = s.others(j.Target, j.Place)
		all = j.Place == 0
	case erasing:
		all, err = s.whole(j.Target)
	case answering:
		all, err = s.stored()
	case scrubbing:
		j.Place, err = s.scrub(j.Place)
		all = j.Place == 0
	}
	if all && err == nil {
		j.next()
	}
	return err
}

// isErased reports whether nothing of the record is in the database any more, but perhaps in its write-ahead log.
func (j *Job) isErased() bool { return j.Phase == emptying }

// next begins the next phase.
func (j *Job) next() { j.Phase, j.Place = j.Phase+1, 0 }

// awaitDelete ends the first phase when the records that go with the one are gone.
func (s *step) awaitDelete(j *Job) error {
	var one int
	pending, err := s.tx.Row(`SELECT 1 FROM cascades c WHERE c.workspace_id = $1 AND c.kind = $2 AND c.gone > 0 AND (c.record = $3 OR c.record IN
		(SELECT m.record FROM merged m WHERE m.workspace_id = $1 AND m.kind = $2 AND m.winner = $3)) LIMIT 1`, []any{s.tx.Actor.Workspace, j.Entity.Name, j.Key}, &one)
	if err == nil && pending {
		err = fmt.Errorf("%w until what was deleted with %s is gone", ErrWaits, j.Handle())
	}
	if err == nil {
		j.next()
	}
	return err
}

// scanStep is how many entries one statement searches.
const scanStep = 2000

// search searches the next part of the log, and erases the records that were about the one alone.
func (s *step) search(h Hooks, j *Job) error {
	if len(h.Schema.ReferencesTo(j.Entity)) == 0 { // nothing was about it
		j.next()
		return nil
	}
	f, err := newFinder(s.tx.Rows, h.Schema, j.Target)
	if err != nil {
		return err
	}
	l, err := s.tx.Counters()
	if err != nil {
		return err
	}
	for !s.full() {
		if j.Place > l.Last {
			j.next()
			return nil
		}
		below := min(j.Place+scanStep, l.Last+1)
		list, err := f.page(j.Place, below)
		if err != nil {
			return err
		}
		for _, one := range list {
			j.Place = one.number // if this is not all, the next step begins with it
			if all, err := s.withIt(h, j, one); !all || err != nil {
				return err
			}
		}
		j.Place = below
	}
	return nil
}

// withIt erases a record that was about the one alone. One that records a merge may still be there, since it was
// given another record to be about. Any other one that is there is about that alone by now, unless a server of an
// earlier version, which did not know that the purge goes on, has restored it meanwhile.
func (s *step) withIt(h Hooks, j *Job, one found) (all bool, err error) {
	there, err := s.isThere(one.Target)
	if err != nil {
		return false, err
	}
	if there && !one.tellsOfMerge {
		if back, err := s.cameBack(j, one); err != nil || !back {
			return err == nil, err
		}
	}
	if there {
		if err := h.Delete(s.tx, one.Target); err != nil {
			return false, err
		}
	}
	return s.whole(one.Target)
}

// cameBack reports whether a record was restored from an entry after the purge had begun.
func (s *step) cameBack(j *Job, one found) (is bool, err error) {
	var key int64
	var action string
	w := s.tx.Actor.Workspace
	_, err = s.tx.Row("SELECT key, action FROM log WHERE workspace_id = $1 AND target = $2 AND key > $3 AND action IN ('restore', 'delete', 'merge') ORDER BY key LIMIT 1",
		[]any{w, one.Handle(), crm.RecordKey(w, one.number)}, &key, &action)
	return action == "restore" && crm.RecordNumber(key) > j.begun, err
}

// LeftOf says in words what is left to be done for the purge of a record; empty: nothing.
func LeftOf(rows changelog.Rows, t Target) (left string, err error) {
	err = rows("SELECT after FROM cascades WHERE workspace_id = $1 AND kind = $2 AND record = $3", []any{crm.RecordWorkspace(t.Key), t.Kind(), t.Key}, func(scan func(...any) error) error {
		var phase int64
		err := scan(&phase)
		switch phase {
		case deleting:
			left = "the records that go with it are deleted in steps, then its history is erased; that goes on by itself"
		case scrubbing:
			left = "unused bytes of the database file may still have it; they are overwritten in steps, which go on by themselves"
		case emptying:
			left = "the write-ahead log of the database still has it, since a reader needs that; it is emptied by itself as soon as it can be"
		default:
			left = "its history is erased in steps, which go on by themselves"
		}
		return err
	})
	return left, err
}
