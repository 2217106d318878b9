package undo

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
)

// update undoes an update: the values that the record still has become what they were before.
func (s *step) update(e entry, rec crm.Record) (out Outcome, err error) {
	changes := changelog.ChangesOf(e.from, e.to)
	if len(changes) == 0 {
		return out, nil
	}
	if rec.Entity == nil {
		return s.keepGone(e)
	}
	w := &writing{step: s, entry: e, before: rec, back: map[string]string{}}
	now := changelog.State(rec)
	for _, c := range changes {
		switch {
		case rec.Entity.Field(changelog.FieldOf(c.Name)) == nil:
		case s.place.isKept(e.target, c.Name):
		case c.Gave(now[c.Name]):
			w.back[c.Name] = c.Was
		case now[c.Name] != c.Was:
			if err := w.keepChanged(c.Name); err != nil {
				return out, err
			}
		}
	}
	if err := w.keepMain(); err != nil {
		return out, err
	}
	if waits, err := w.settle(); waits || err != nil {
		return out, err
	}
	out.Kept, out.Result, out.Before, out.After = w.kept, Updated, rec, w.after
	if len(crm.Changed(rec.Values, w.after.Values)) == 0 {
		if out.Result = ""; len(w.kept) > 0 {
			out.Result = Skipped
		}
		return out, s.saveLost(e, out)
	}
	if err := s.tx.PutBack(rec, w.after); err != nil {
		return out, err
	}
	return out, s.saveLost(e, out)
}

// keepRecord notes that an entry is not undone, since the record is not as it must be.
func (s *step) keepRecord(handle, why string) (Outcome, error) {
	k := Kept{Record: handle, Why: why}
	if s.place.isKept(handle, "") {
		return Outcome{}, nil
	}
	s.place.keep(k)
	return Outcome{Result: Skipped, Kept: []Kept{k}}, nil
}

// writing is a record to which values go back.
type writing struct {
	*step
	entry  entry
	before crm.Record        // as it is; it has nothing set if it is made again
	back   map[string]string // the values that go back, by their names; empty: it is unset
	after  crm.Record        // the record with them
	kept   []Kept
}

// keep notes that a value is not undone.
func (w *writing) keep(k Kept) {
	k.Record = w.entry.target
	w.place.keep(k)
	w.kept = append(w.kept, k)
	delete(w.back, k.Field)
}

// keepChanged notes that a value is not undone since somebody changed it, unless only earlier undos of the entry did.
func (w *writing) keepChanged(name string) error {
	by, again, err := w.editor(w.entry, name)
	if err == nil && (by != "" || !again) {
		w.keep(Kept{Field: name, Why: cmp.Or(by, somebody) + " changed it since"})
	}
	return err
}

// maxEditors is how many of the last entries of a record are read to find who changed a value.
const maxEditors = 200

// somebody stands for a user who is not found.
const somebody = "somebody"

// editor returns who changed a value after an entry, last and outside of the scope; empty if nobody did. again is true
// if earlier undos of the entry changed it, which are not others.
func (s *step) editor(e entry, name string) (by string, again bool, err error) {
	own, err := s.tx.Logged()
	if err != nil {
		return "", false, err
	}
	type edit struct {
		by    string
		group int64
	}
	var edits []edit // the last one first
	n := 0
	err = s.tx.Rows(`SELECT COALESCE(o.actor, ''), COALESCE(l.change_group, 0), COALESCE(l.run, 0), l.key, COALESCE(l.before, ''), COALESCE(l.after, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
		WHERE l.workspace_id = $1 AND l.target = $2 AND l.key > $3 ORDER BY l.key DESC LIMIT $4`,
		[]any{s.tx.Actor.Workspace, e.target, crm.RecordKey(s.tx.Actor.Workspace, e.number), maxEditors}, func(scan func(...any) error) error {
			var actor, before, after string
			var group, run, key int64
			n++
			if err := scan(&actor, &group, &run, &key, &before, &after); err != nil {
				return err
			}
			if group == 0 {
				group = crm.RecordNumber(key)
			}
			if s.scope.has(group, run) || own != 0 && group == int64(own) {
				return nil
			}
			if slices.ContainsFunc(changelog.ChangesOf(norm.ParseObject(before), norm.ParseObject(after)), func(c changelog.Change) bool { return c.Name == name }) {
				edits = append(edits, edit{cmp.Or(actor, "the server"), group})
			}
			return nil
		})
	for i := 0; i < len(edits) && err == nil && by == ""; i++ {
		var turns int
		if turns, err = s.undoes(edits[i].group, e); turns == 0 {
			by = edits[i].by
		}
		again = again || turns > 0
	}
	if n == maxEditors {
		by = cmp.Or(by, somebody)
	}
	return by, again, err
}

// settle computes the record with the values that can go back. waits is true if the entry has to wait until
// another record is there again.
func (w *writing) settle() (waits bool, err error) {
	for _, name := range slices.Sorted(maps.Keys(w.back)) {
		if f := w.before.Entity.Field(name); f != nil && f.IsReference() && w.back[name] != "" {
			if waits, err := w.reference(f); waits || err != nil {
				return waits, err
			}
		}
	}
	for {
		w.keepTogether()
		w.put()
		list, err := w.conflict()
		if err != nil || len(list) == 0 {
			return false, err
		}
		left := len(w.back)
		for _, k := range list {
			w.keep(k)
		}
		if len(w.back) == left { // it would be the same for ever
			return false, fmt.Errorf("%s: %v does not go back, so it cannot be kept", w.entry.target, list)
		}
	}
}

// put sets after.
func (w *writing) put() {
	w.after = w.before.Clone()
	changelog.Put(w.after, w.back, changelog.Order(w.entry.from))
}

// reference checks that a reference which goes back leads to a record that is there.
func (w *writing) reference(f *crm.Field) (waits bool, err error) {
	to := w.before.Entity.Target(f)
	key := changelog.Value(w.before.Entity, f, w.back[f.Name], w.tx.Actor.Workspace).Int
	rec, found, err := w.lookup(to, key)
	switch {
	case err != nil:
		return false, err
	case found && rec.Key == key:
		return false, w.keepOutOfCircle(f, to, key)
	}
	handle := to.Name + "/" + crm.RecordID(to.Prefix, key)
	gone, err := goneSince(w.tx, w.scope, handle, min(w.at, w.place.Below))
	if err != nil {
		return false, err
	}
	waitsFor, err := w.waitsFor(handle, w.at)
	if err != nil {
		return false, err
	}
	if waitsFor != "" || gone != 0 && gone < w.place.Below { // the scope will make it again
		w.wait(handle)
		return true, nil
	}
	if found { // it was merged meanwhile
		w.back[f.Name] = `"` + rec.ID + `"`
		return false, w.keepOutOfCircle(f, to, rec.Key)
	}
	why, _, err := w.fate(handle)
	w.keep(Kept{Field: f.Name, Why: handle + " is not there: " + why})
	return false, err
}

// keepTogether keeps a time that says since when another field has its value, if that field is kept, and the
// field if the time is.
func (w *writing) keepTogether() {
	e := w.before.Entity
	for i := range e.Fields {
		f := &e.Fields[i]
		t := f.Transition()
		if t == nil || f.Type.Kind() != crm.TimeKind {
			continue
		}
		_, since := w.back[f.Name]
		_, word := w.back[t.Of]
		switch {
		case since && !word && w.place.isKept(w.entry.target, t.Of):
			w.keep(Kept{Field: f.Name, Why: "it belongs to " + t.Of})
		case word && !since && w.place.isKept(w.entry.target, f.Name):
			w.keep(Kept{Field: t.Of, Why: "it belongs to " + f.Name})
		}
	}
}

// conflict returns values that cannot go back together; none if all can. Of a key of several fields these are the ones
// that go back.
func (w *writing) conflict() (list []Kept, err error) {
	e := w.before.Entity
	for _, key := range e.Keys.All() {
		names := w.goingBack(key...)
		if len(names) == 0 {
			continue
		}
		holder, err := w.tx.KeyBy(e, key, valuesOf(w.after, key), w.after.Key)
		if err != nil {
			return nil, err
		}
		if holder != 0 && holder != w.after.Key {
			for _, name := range names {
				list = append(list, Kept{Field: name, Why: "it belongs to " + e.HandleOf(holder), Holder: e.HandleOf(holder)})
			}
			return list, nil
		}
	}
	for _, name := range w.goingBack(e.Keys.Items...) {
		for _, item := range w.after.Value(name).List() {
			key, err := w.tx.KeyOfItem(e, name, item)
			if err != nil {
				return nil, err
			}
			if key != 0 && key != w.after.Key && !slices.Contains(w.before.Value(name).List(), item) {
				return []Kept{{Field: name, Why: item + " belongs to " + e.HandleOf(key), Holder: e.HandleOf(key)}}, nil
			}
		}
	}
	taken, err := w.tx.TakenMember(w.before, w.after)
	if err != nil || taken.Holder == 0 {
		return w.invalid(), err
	}
	return []Kept{{Field: taken.Name, Why: taken.Value + " belongs to " + e.HandleOf(taken.Holder), Holder: e.HandleOf(taken.Holder)}}, nil
}

// goingBack returns those of some fields whose values go back.
func (w *writing) goingBack(fields ...string) (names []string) {
	for _, name := range fields {
		if _, is := w.back[name]; is {
			names = append(names, name)
		}
	}
	return names
}

// invalid returns a value that cannot go back because the record must have another one instead. That can only be
// if some values are kept. A record that is made again is checked as a whole instead, by revive.
func (w *writing) invalid() []Kept {
	if len(w.kept) == 0 || len(w.back) == 0 || w.entry.action != "update" {
		return nil
	}
	_, fault := crm.Apply(w.after.Entity, w.after.Values, nil, w.tx.Actor.At(w.tx.Now()))
	if fault == nil {
		return nil
	}
	return []Kept{{Field: slices.Min(slices.Collect(maps.Keys(w.back))), Why: fault.Hint}}
}

// valuesOf returns the values of fields.
func valuesOf(rec crm.Record, names []string) []crm.Value {
	values := make([]crm.Value, len(names))
	for i, name := range names {
		values[i] = rec.Value(name)
	}
	return values
}
