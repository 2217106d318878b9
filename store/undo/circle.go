package undo

import (
	"crmkit/crm"
	"crmkit/store/circle"
)

// keepOutOfCircle keeps a reference that would lead back to the record itself by now.
func (w *writing) keepOutOfCircle(f *crm.Field, to *crm.Entity, key int64) error {
	if to != w.before.Entity {
		return nil
	}
	closes, _, err := (circle.Up{Tx: w.tx.Tx, Entity: to, Field: f}).Closes(w.before.Key, key)
	if closes {
		w.keep(Kept{Field: f.Name, Why: to.HandleOf(key) + " belongs to it by now"})
	}
	return err
}
