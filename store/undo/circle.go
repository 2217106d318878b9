package undo

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/circle"
)

// keepOutOfCircle keeps a reference that would lead back to the record itself by now, or put it too far down.
func (w *writing) keepOutOfCircle(f *crm.Field, to *crm.Entity, key int64) error {
	if to != w.before.Entity {
		return nil
	}
	closes, chain, err := (circle.Up{Tx: w.tx.Tx, Entity: to, Field: f}).Closes(w.before.Key, key)
	switch {
	case closes && slices.Contains(chain, w.before.Key):
		w.keep(Kept{Field: f.Name, Why: to.HandleOf(key) + " belongs to it by now"})
	case closes:
		w.keep(Kept{Field: f.Name, Why: fmt.Sprintf("more than %d %s would be one above the other", circle.MaxAbove, to.Plural)})
	}
	return err
}
