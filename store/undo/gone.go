package undo

import (
	"cmp"

	"crmkit/crm"
	"crmkit/crm/merging"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/table"
)

// lookup returns the record that a key leads to. The answer of the request does not say that it led there.
func (s *step) lookup(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	if rec, found, err = s.tx.Visible(e, key); found || err != nil {
		return rec, found, err
	}
	var to, madeAt int64
	if found, err = s.tx.Row(table.Winner, []any{s.tx.Actor.Workspace, e.Name, key}, &to, &madeAt); !found || err != nil {
		return rec, false, err
	}
	return s.tx.Visible(e, to)
}

// fate says in words what became of a record that is not there, and who did it. into is the record of which it is a
// part now; empty: it was deleted.
func (s *step) fate(handle string) (why, into string, err error) {
	var by, after string
	found, err := s.tx.Row(`SELECT COALESCE(o.actor, ''), COALESCE(l.after, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
		WHERE l.workspace_id = $1 AND l.target = $2 AND l.action IN ('delete', 'merge') ORDER BY l.key DESC LIMIT 1`, []any{s.tx.Actor.Workspace, handle}, &by, &after)
	to := norm.ParseObject(after)
	by, into = cmp.Or(by, "the server"), changelog.MergedIntoOf(to)
	erasure, erased := changelog.ErasureOf(to)
	switch cause := changelog.CauseIn(to); {
	case !found:
		why = "is not there any more"
	case erased:
		why = "was " + erasure.String()
	case into != "":
		why = by + " merged it into " + into
	case cause != "":
		why = by + " deleted it with " + cause
	default:
		why = by + " deleted it"
	}
	return why, into, err
}

// keepGone notes that an update is not undone, since its record is not there any more.
func (s *step) keepGone(e entry) (Outcome, error) {
	why, _, err := s.fate(e.target)
	if err != nil {
		return Outcome{}, err
	}
	return s.keepRecord(e.target, why)
}

// keepMerged notes that a create is not undone, if its record became a part of another one, which has its values. If
// it was deleted, or merged again as it was before it came back, nothing is left to be undone.
func (s *step) keepMerged(e entry) (Outcome, error) {
	why, into, err := s.fate(e.target)
	if err != nil || into == "" || into == changelog.MergedIntoOf(e.from) {
		return Outcome{}, err
	}
	return s.keepRecord(e.target, why)
}

// waitsToo has an entry about a record that is not there wait as well, if the scope deleted or merged it later and
// that entry waits.
func (s *step) waitsToo(e entry) (waits bool, err error) {
	handle, err := s.waitsFor(e.target, e.number)
	if handle != "" {
		s.wait(handle)
	}
	return handle != "", err
}

// waitsFor returns the handle of the record for which the first delete or merge of another one after an entry waits;
// empty: it does not wait.
func (s *step) waitsFor(target string, after int64) (handle string, err error) {
	if len(s.place.Later) == 0 || s.place.isKept(target, "") {
		return "", nil
	}
	next, found, err := nextOf(s.tx, s.scope, entry{target: target, number: after}, "'delete', 'merge'")
	if err != nil || !found {
		return "", err
	}
	for handle, in := range s.place.Later {
		if next.number >= in.From && next.number < in.Below && next.refersTo(handle) {
			return handle, nil
		}
	}
	return "", nil
}

// saveLost writes what a merge that is done again would lose into activities of the winner, as a merge does: values
// of the other record for which the winner has others by now.
func (s *step) saveLost(e entry, out Outcome) error {
	cause := s.part(e).Cause
	if len(out.Kept) == 0 || cause.Entity != out.After.Entity {
		return nil
	}
	if _, again, err := nextOf(s.tx, s.scope, entry{target: e.cause, number: e.number}, "'restore'"); err != nil || !again {
		return err
	}
	into, found, err := s.lookup(cause.Entity, cause.Key)
	journal, body, has := s.tx.Schema().Journal(out.After.Entity)
	if err != nil || !found || !has || into.Key != out.After.Key || into.Key == cause.Key {
		return err
	}
	lost, err := s.asMerged(cause, e.cause)
	if err != nil {
		return err
	}
	story := merging.Story{Before: out.After, After: out.After, Others: []crm.Record{lost}, Country: s.tx.Actor.Country, Most: body.Limit()}
	for _, text := range merging.Texts(story)[0] {
		inputs := []crm.Input{{Field: journal.Field, Value: crm.Key(into.Key)}, {Field: body, Value: crm.Str(text)}}
		if _, err := s.tx.Save(store.Draft{Entity: journal.From, Inputs: inputs}); err != nil {
			return err
		}
	}
	return nil
}

// asMerged returns a record with the values that it had when it was merged.
func (s *step) asMerged(of crm.Record, handle string) (crm.Record, error) {
	rec := crm.NewRecord(of.Entity)
	rec.Key, rec.ID = of.Key, crm.CutHandle(handle)
	var before string
	_, err := s.tx.Row("SELECT COALESCE(before, '') FROM log WHERE workspace_id = $1 AND target = $2 AND action = 'merge' ORDER BY key DESC LIMIT 1", []any{s.tx.Actor.Workspace, handle}, &before)
	changelog.PutAll(rec, norm.ParseObject(before))
	return rec, err
}
