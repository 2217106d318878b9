package store

import (
	"crmkit/crm"
	"crmkit/store/erase"
	"crmkit/store/txn"
)

// Purge erases a record for good, which exists if rec has values. The rest is done in steps (package erase).
func (tx *Tx) Purge(t erase.Target, rec crm.Record) error {
	if rec.Entity != nil {
		if _, err := tx.Delete(rec); err != nil {
			return err
		}
	}
	if err := erase.Begin(tx.Tx, tx.store.eraseHooks(), t); err != nil {
		return err
	}
	return tx.scheduleCascade(cascade{kind: t.Kind(), record: t.Key})
}

// eraseHooks returns what package erase needs of the store.
func (s *Store) eraseHooks() erase.Hooks {
	return erase.Hooks{Schema: s.Schema,
		Log: func(tx *txn.Tx, action, target string) error { return s.newTx(tx).LogEntry(action, target, nil, nil) },
		Delete: func(tx *txn.Tx, t erase.Target) error {
			tx.Actor.Role = crm.RoleAdmin // as when the purge began
			rec, err := s.newTx(tx).Fetch(t.Entity, t.Key)
			if err == nil {
				_, err = s.newTx(tx).Delete(rec)
			}
			return err
		}}
}
