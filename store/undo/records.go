package undo

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/duplicates"
	"crmkit/store/identify"
)

// maxLater is how many later entries of a record are read to see whether it is as it was made.
const maxLater = 20_000

// remove undoes a create, or the return of a record: it is deleted, or becomes a part of the other one again.
func (s *step) remove(e entry, rec crm.Record) (out Outcome, err error) {
	if rec.Entity == nil {
		return s.keepMerged(e)
	}
	why, err := s.touched(e, rec)
	if err == nil && why == "" {
		why, err = s.referred(rec)
	}
	if err == nil && why == "" {
		why, err = s.main(e, rec)
	}
	if err != nil {
		return out, err
	}
	if why != "" {
		return s.keepRecord(e.target, why)
	}
	out.Before, out.After = rec, crm.NewRecord(rec.Entity)
	out.After.Key, out.After.ID = rec.Key, rec.ID
	if handle := changelog.MergedIntoOf(e.from); handle != "" {
		return s.mergeAgain(out, handle)
	}
	out.Result = Deleted
	if cause := s.part(e).Cause; cause.Entity != nil || rec.Entity.IsLink() {
		return out, s.tx.RemoveAgain(rec, store.Part{Cause: cause})
	}
	_, err = s.tx.Delete(rec)
	return out, err
}

// mergeAgain makes a record a part of another one again.
func (s *step) mergeAgain(out Outcome, into string) (Outcome, error) {
	e, key := recordOf(s.tx, into)
	winner, found, err := s.lookup(out.Before.Entity, key)
	if err != nil {
		return out, err
	}
	if e != out.Before.Entity || !found || winner.Key == out.Before.Key {
		why, _, err := s.fate(into)
		if err != nil {
			return out, err
		}
		return s.keepRecord(out.Before.Handle(), into+" is not there: "+why)
	}
	out.Result = Merged
	return out, s.tx.RemoveAgain(out.Before, store.Part{Winner: winner.Key})
}

// touched says why a record does not have the values with which an entry made it; empty: it has them, or only the scope
// changed them.
func (s *step) touched(e entry, rec crm.Record) (why string, err error) {
	first := map[string]string{} // the values with which it was made, where a later entry names them
	note := func(name, value string) {
		if _, known := first[name]; !known {
			first[name] = value
		}
	}
	n, w := 0, s.tx.Actor.Workspace
	err = s.tx.Rows("SELECT COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND target = $2 AND key > $3 ORDER BY key LIMIT $4",
		[]any{w, e.target, crm.RecordKey(w, e.number), maxLater + 1}, func(scan func(...any) error) error {
			var before, after string
			n++
			err := scan(&before, &after)
			for _, c := range changelog.ChangesOf(norm.ParseObject(before), norm.ParseObject(after)) {
				note(c.Name, c.Was)
			}
			return err
		})
	if err != nil || n > maxLater {
		return "it has been changed very often since", err
	}
	now := changelog.State(rec)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		f := rec.Entity.Field(changelog.FieldOf(name))
		if f == nil || f.Derived() || now[name] == first[name] {
			continue
		}
		if by, _, err := s.editor(e, name); err != nil || by != "" { // else the scope did, and it could not go back
			return by + " changed " + name + " of it since", err
		}
	}
	return "", nil
}

// referred says which record refers to another one; empty: none does.
func (s *step) referred(rec crm.Record) (why string, err error) {
	for _, ref := range s.tx.Schema().ReferencesTo(rec.Entity) {
		var key int64
		found, err := s.tx.Row(fmt.Sprintf("SELECT key FROM %s WHERE workspace_id = $1 AND %s = $2 LIMIT 1", ref.From.Plural, ref.Field.Col()),
			[]any{s.tx.Actor.Workspace, rec.Key}, &key)
		if err != nil {
			return "", err
		}
		if found {
			return ref.From.Name + "/" + crm.RecordID(ref.From.Prefix, key) + " refers to it", nil
		}
	}
	return "", nil
}

// revive undoes a delete or a merge: the record is made again.
func (s *step) revive(e entry) (out Outcome, err error) {
	if skip, why, err := s.goneAgain(e); skip || why != "" || err != nil {
		if why != "" {
			return s.keepRecord(e.target, why)
		}
		return out, err
	}
	kind, key := e.kind(s.tx)
	rec := crm.NewRecord(kind)
	rec.Key, rec.ID = key, crm.RecordID(kind.Prefix, key)
	gone := rec.Clone()
	changelog.PutAll(rec, e.from)
	rec.Set(crm.FieldVersion, crm.Number(e.version))
	w := &writing{step: s, entry: e, before: rec, back: map[string]string{}}
	for _, m := range changelog.Values(rec) {
		w.back[m.Name] = m.JSON
	}
	w.before = gone
	if waits, err := w.settle(); waits || err != nil {
		return out, err
	}
	for i := range kind.Fields {
		if name := kind.Fields[i].Name; slices.Contains(changelog.StampFields, name) {
			w.after.Values[i] = rec.Values[i]
		}
	}
	out = Outcome{Result: Restored, Before: gone, After: w.after, Kept: w.kept}
	if _, fault := crm.Apply(kind, w.after.Values, nil, s.tx.Actor.At(s.tx.Now())); fault != nil {
		why := fault.Hint
		for _, k := range w.kept {
			if k.Field == fault.Field { // it does not go back, and the record cannot be without it
				why = k.Field + ": " + k.Why
			}
		}
		return s.keepRecord(e.target, "cannot come back: "+why)
	}
	was := s.part(e)
	if err := s.tx.Revive(w.after, was); err != nil {
		return out, err
	}
	return out, duplicates.SayAgain(s.tx, w.after, e.from, was.Winner)
}

// goneAgain says why a record that was deleted or merged after an entry too does not come back: others did it.
// skip is true if it was an earlier undo of the entry, after which the record was not there either.
func (s *step) goneAgain(e entry) (skip bool, why string, err error) {
	var key, group, run int64
	var action, by, to string
	w := s.tx.Actor.Workspace
	found, err := s.tx.Row(`SELECT l.key, COALESCE(l.change_group, 0), COALESCE(l.run, 0), l.action, COALESCE(o.actor, ''), COALESCE(l.after, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
		WHERE l.workspace_id = $1 AND l.target = $2 AND l.key > $3 AND l.action IN ('delete', 'merge') ORDER BY l.key DESC LIMIT 1`,
		[]any{w, e.target, crm.RecordKey(w, e.number)}, &key, &group, &run, &action, &by, &to)
	if err != nil || !found {
		return false, "", err
	}
	if group == 0 {
		group = crm.RecordNumber(key)
	}
	own, err := s.tx.Logged()
	if err != nil || s.scope.has(group, run) || group == int64(own) {
		return false, "", err
	}
	turns, err := s.undoes(group, e)
	if err != nil || turns > 0 {
		return turns%2 == 1, "", err
	}
	why = cmp.Or(by, somebody) + " deleted it since"
	if into := changelog.MergedIntoOf(norm.ParseObject(to)); into != "" {
		why = cmp.Or(by, somebody) + " merged it into " + into + " since"
	}
	return false, why + " (" + changelog.GroupID(w, group) + ")", nil
}

// part returns how the record of an entry went.
func (s *step) part(e entry) (was store.Part) {
	was.Cause.Entity, was.Cause.Key = recordOf(s.tx, changelog.CauseIn(e.to))
	if handle := changelog.MergedIntoOf(e.to); handle != "" {
		_, was.Winner = recordOf(s.tx, handle)
	}
	for _, id := range changelog.LedBy(e.from) {
		kind, _ := e.kind(s.tx)
		if key, fault := crm.ParseID(kind, s.tx.Actor.Workspace, id); fault == crm.IDOK {
			was.Led = append(was.Led, key)
		}
	}
	return was
}

// verdict undoes what was said of a pair of records.
func (s *step) verdict(e entry, rec crm.Record) (out Outcome, err error) {
	handle := ""
	for _, m := range e.to {
		if m.Name == "other" {
			handle, _ = norm.Unquote(m.JSON)
		}
	}
	kind, key := recordOf(s.tx, handle)
	if rec.Entity == nil || kind != rec.Entity {
		return out, nil
	}
	out = Outcome{Result: Updated, Before: rec, After: rec}
	if e.action == duplicates.Listed {
		if err := duplicates.SayAgain(s.tx, rec, e.from, 0); err != nil {
			return out, err
		}
		return out, s.tx.LogEntry(duplicates.Dismissed, e.target, nil, e.to)
	}
	said, err := duplicates.TakeBack(s.tx.Rows, duplicates.Dismissal{Entity: kind, Pair: [2]int64{rec.Key, key}})
	if err != nil || said == nil {
		return Outcome{}, err
	}
	return out, s.tx.LogEntry(duplicates.Listed, e.target, said, e.to)
}

// completion undoes what an import noted about a record that an earlier row only named: that a row has completed
// it, or that this was undone. Without it the same file would make a second record for the name.
func (s *step) completion(e entry) error {
	kind, key := e.kind(s.tx)
	id := ""
	for _, m := range e.to {
		if m.Name == identify.CompletedAs {
			id, _ = norm.Unquote(m.JSON)
		}
	}
	if id == "" { // it was erased
		return nil
	}
	if e.action == identify.Reopened {
		if err := s.tx.SaveImportMapping(identify.Done, kind, id, key); err != nil {
			return err
		}
		return s.tx.LogEntry(identify.Completed, e.target, nil, e.to)
	}
	was, err := s.tx.Reopen(kind, id, key)
	if err != nil || !was {
		return err
	}
	return s.tx.LogEntry(identify.Reopened, e.target, nil, e.to)
}
