package undo

import (
	"maps"
	"slices"

	"crmkit/crm"
)

// The main contact of a deal is always among its people (store/tie.go). An undo takes back the two in the order of the
// log, so it may take the tie first. Records without the tie that they need are noted, and at the end those that still have none
// get one: an earlier version of the product made none, or others removed it since.

// maxUntied is how many records are noted. Of more, the first ones get their ties at once.
const maxUntied = 100

// main says which record needs a tie that is to go; empty: none does, or the scope changed it before, so it is
// noted.
func (s *step) main(e entry, tie crm.Record) (why string, err error) {
	if !tie.Entity.IsLink() {
		return "", nil
	}
	rec, err := s.tx.MainOf(tie)
	if err != nil || rec.Entity == nil {
		return "", err
	}
	earlier, err := hasEarlier(s.tx, s.scope, entry{target: rec.Handle(), number: e.number})
	if err != nil || earlier {
		return "", s.noteUntied(rec, err)
	}
	return rec.Handle() + " needs it: its " + rec.Entity.MainLink().Main + " leads there", nil
}

// keepMain keeps the references of a tie that another record needs as it is.
func (w *writing) keepMain() error {
	for _, name := range slices.Sorted(maps.Keys(w.back)) {
		if f := w.before.Entity.Field(name); f == nil || !f.IsReference() {
			continue
		}
		why, err := w.main(w.entry, w.before)
		if err != nil || why == "" {
			return err
		}
		w.keep(Kept{Field: name, Why: why})
	}
	return nil
}

// noteUntied notes a record that may have no tie where its main reference leads.
func (s *step) noteUntied(rec crm.Record, err error) error {
	l := rec.Entity.MainLink()
	if err != nil || l == nil || !rec.Value(l.Main).Set() || slices.Contains(s.place.Untied, rec.Handle()) {
		return err
	}
	if s.place.Untied = append(s.place.Untied, rec.Handle()); len(s.place.Untied) > maxUntied {
		return s.tieFirst()
	}
	return nil
}

// noteTied forgets the record to which a tie leads that is there again, if that was all it needed.
func (s *step) noteTied(tie crm.Record) error {
	rec, err := s.tx.MainOf(tie)
	if err == nil && rec.Entity != nil {
		s.place.Untied = slices.DeleteFunc(s.place.Untied, func(handle string) bool { return handle == rec.Handle() })
	}
	return err
}

// noteTies notes what the undo of an entry did to ties.
func (s *step) noteTies(out Outcome) error {
	switch {
	case out.After.Entity == nil || out.After.Version() == 0:
		return nil
	case out.After.Entity.MainLink() != nil:
		return s.noteUntied(out.After, nil)
	case out.After.Entity.IsLink() && len(s.place.Untied) > 0:
		return s.noteTied(out.After)
	}
	return nil
}

// tieFirst makes the tie of the first record that was noted, if it is there and has none.
func (s *step) tieFirst() error {
	kind, key := recordOf(s.tx, s.place.Untied[0])
	s.place.Untied = s.place.Untied[1:]
	rec, found, err := s.tx.Visible(kind, key)
	if err != nil || !found {
		return err
	}
	_, err = s.tx.TieMain(rec)
	return err
}

// tieRest makes the ties of all records that were noted.
func (s *step) tieRest() error {
	for len(s.place.Untied) > 0 {
		if err := s.tieFirst(); err != nil {
			return err
		}
	}
	return nil
}
