package undo

import (
	"slices"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/duplicates"
	"crmkit/store/erase"
	"crmkit/store/identify"
)

// Limit says how much a step does at most.
type Limit struct {
	Entries int
	Until   time.Time // no further entry begins after it; zero: any time
}

// pageEntries is how many entries are read at once.
const pageEntries = 200

// step is a step of an undo.
type step struct {
	tx       *store.Tx
	scope    Scope
	place    *Place
	limit    Limit
	at       int64 // the number of the entry at hand
	waits    bool  // it waits
	outcomes []Outcome
	seen     int              // entries that were undone, or could not be
	theirs   int64            // entries that the log got of deletes and merges by others
	read     int              // entries of which it was seen whether they have waited
	undos    map[int64]undone // what change groups undo, as far as it was asked for
	doomed   *erase.Doomed    // what purges are erasing; nil: it was not asked for
}

// Step undoes the next entries of a scope in a running transaction, and moves the place. done is true if
// nothing is left.
func Step(tx *store.Tx, s Scope, p *Place, limit Limit) (outcomes []Outcome, done bool, err error) {
	r := &step{tx: tx, scope: s, place: p, limit: limit}
	done, err = r.logged()
	return r.outcomes, done, err
}

// logged runs the step, and logs what is undone before the first one, and what was done after the last one.
func (s *step) logged() (done bool, err error) {
	tells := s.scope.Delete == "" // what brings a deleted record back speaks for itself
	if !s.place.Began && tells {
		if err := s.logBegin(); err != nil {
			return false, err
		}
		s.place.Began = true
	}
	before, err := s.tx.Counters()
	if err == nil {
		done, err = s.run()
	}
	if err != nil {
		return false, err
	}
	after, err := s.tx.Counters()
	if s.place.Wrote = s.place.Wrote || after.Last > before.Last+s.theirs; err == nil && done && tells {
		err = s.logEnd()
	}
	return done, err
}

func (s *step) run() (done bool, err error) {
	for {
		if full, err := s.waiting(); full || err != nil {
			return false, err
		}
		list, err := page(s.tx, s.scope, span{0, s.place.Below}, min(pageEntries, s.limit.Entries-s.seen+1))
		if err == nil && len(list) == 0 {
			return true, s.tieRest()
		}
		if err != nil {
			return false, err
		}
		for _, e := range list {
			if s.full() {
				return false, nil
			}
			s.place.Below = e.number
			if err := s.undo(e); err != nil {
				return false, err
			}
			if full, err := s.waiting(); full || err != nil {
				return false, err
			}
		}
	}
}

// waiting undoes the entries that have waited for records that were made again. If one of them makes a record again
// for which others wait, these come before the rest. full is true if the step must end before.
func (s *step) waiting() (full bool, err error) {
	for len(s.place.Now) > 0 {
		depth := len(s.place.Now)
		list, err := page(s.tx, s.scope, s.place.Now[depth-1].span, pageEntries)
		if err != nil {
			return false, err
		}
		if len(list) == 0 {
			s.place.Now = s.place.Now[:depth-1]
		}
		for _, e := range list {
			if s.full() {
				return true, nil
			}
			if err := s.waited(e); err != nil {
				return false, err
			}
			if len(s.place.Now) > depth {
				break
			}
		}
	}
	return false, nil
}

// waited undoes an entry of the part that is looked through now, if it has waited.
func (s *step) waited(e entry) error {
	now := &s.place.Now[len(s.place.Now)-1]
	now.Below = e.number
	s.read++
	has := e.refersTo(now.For)
	if !has { // it may have waited because its record did
		next, found, err := nextOf(s.tx, s.scope, e, "'delete', 'merge'")
		if has = found && next.refersTo(now.For); err != nil {
			return err
		}
	}
	if !has {
		return nil
	}
	return s.undo(e)
}

// wait has the entry at hand wait for a record.
func (s *step) wait(handle string) {
	s.place.wait(handle, s.at)
	s.waits = true
}

// refersTo reports whether a record referred to another one before the change.
func (e entry) refersTo(handle string) bool {
	id := string(norm.AppendQuoted(nil, crm.CutHandle(handle)))
	return slices.ContainsFunc(e.from, func(m crm.Member) bool { return m.JSON == id })
}

// readPerUndo is how many entries are read in the time that the undo of one takes.
const readPerUndo = 20

// full reports whether the step must not undo another entry.
func (s *step) full() bool {
	did := s.seen + s.read/readPerUndo
	return did >= s.limit.Entries || did > 0 && !s.limit.Until.IsZero() && time.Now().After(s.limit.Until)
}

// undo undoes an entry.
func (s *step) undo(e entry) error {
	s.seen++
	s.at, s.waits = e.number, false
	if e.action == Began || e.action == Ended {
		return nil
	}
	kind, key := e.kind(s.tx)
	if kind == nil {
		s.place.other(e.action)
		return nil
	}
	erasure, erased, err := s.erasure(e)
	if err != nil {
		return err
	}
	if erased {
		out, err := s.keepRecord(e.target, "was "+erasure.String()+": nothing brings it back")
		return s.undone(e, out, err)
	}
	rec, found, err := s.current(kind, key)
	if err != nil {
		return err
	}
	if !found { // it may lead to another one
		rec = crm.Record{}
		if waits, err := s.waitsToo(e); waits || err != nil {
			return err
		}
	}
	out, err := s.because(e, rec)
	if !s.waits { // else its record is not there yet for those that wait for it
		s.place.resume(e)
	}
	return s.undone(e, out, err)
}

// current returns the record of an entry. If a delete or merge by others has not reached it yet, that is done first: what
// the undo leaves to others then does not depend on how far they have come.
func (s *step) current(kind *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	before, err := s.tx.Counters()
	if err != nil {
		return rec, false, err
	}
	if rec, found, err = s.tx.Finished(kind, key); err != nil {
		return rec, false, err
	}
	after, err := s.tx.Counters()
	s.theirs += after.Last - before.Last
	return rec, found, err
}

// erasure says when and by whom the values of an entry were erased, or are being erased.
func (s *step) erasure(e entry) (erasure changelog.Erasure, erased bool, err error) {
	if erasure, erased = changelog.ErasureOf(e.to); erased {
		return erasure, true, nil
	}
	if s.doomed == nil {
		if s.doomed, err = erase.DoomedIn(s.tx.Rows, s.tx.Schema(), s.tx.Actor.Workspace); err != nil {
			return erasure, false, err
		}
	}
	found, err := s.doomed.Record(e.target)
	if err != nil || found == nil {
		return erasure, false, err
	}
	return *found, true, nil
}

// undone notes what the undo of an entry did.
func (s *step) undone(e entry, out Outcome, err error) error {
	if err == nil && s.place.Names[e.target] != nil {
		err = s.forget(e)
	}
	if err != nil || out.Result == "" {
		return err
	}
	out.Handle = e.target
	s.outcomes = append(s.outcomes, out)
	s.place.count(out.Result)
	return s.noteTies(out)
}

// forget forgets what was kept of the record of an entry if the scope has none before it, and none waits.
func (s *step) forget(e entry) error {
	if len(s.place.Later) > 0 || len(s.place.Now) > 0 {
		return nil
	}
	earlier, err := hasEarlier(s.tx, s.scope, e)
	if err == nil && !earlier {
		s.place.forget(e.target)
	}
	return err
}

// because undoes an entry of a record, for the same reason as that of the entry: who restores the record that was
// deleted wants back what this deletes, too.
func (s *step) because(e entry, rec crm.Record) (out Outcome, err error) {
	reason, key := recordOf(s.tx, e.cause)
	if reason == nil {
		return s.undoEntry(e, rec)
	}
	err = s.tx.Because(reason, key, func() error {
		out, err = s.undoEntry(e, rec)
		return err
	})
	return out, err
}

// undoEntry undoes an entry of a record, which has no entity if it is not there.
func (s *step) undoEntry(e entry, rec crm.Record) (out Outcome, err error) {
	switch e.action {
	case "update":
		return s.update(e, rec)
	case "create", "restore":
		return s.remove(e, rec)
	case "delete", "merge":
		if rec.Entity == nil {
			return s.revive(e)
		}
	case duplicates.Dismissed, duplicates.Listed:
		return s.verdict(e, rec)
	case identify.Completed, identify.Reopened:
		return out, s.completion(e)
	default:
		s.place.other(e.action)
	}
	return out, nil
}
