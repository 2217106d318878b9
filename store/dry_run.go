package store

import (
	"context"

	"crmkit/crm"
	"crmkit/store/dryrun"
	"crmkit/store/txn"
)

// DryRunStep runs fn like Write, as the next step of a dry run, and rolls it back. A step that
// fails leaves the dry run as it was. No other write is in its transaction. If the dry run is
// full the error is dryrun.ErrFull.
func (s *Store) DryRunStep(ctx context.Context, actor crm.Actor, r *dryrun.Run, fn func(*Tx) error) error {
	if r.Full() {
		return dryrun.ErrFull
	}
	return s.db.WriteDry(ctx, actor, r, func(t *txn.Tx) error {
		tx := s.newTx(t)
		if err := tx.beginDryRun(r); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return tx.endDryRun(r)
	})
}

// beginDryRun prepares the transaction as if the earlier steps had been committed, as far as
// numbers and caps go. Foreign keys are checked at its end, which it does not reach.
func (tx *Tx) beginDryRun(r *dryrun.Run) error {
	if err := tx.DeferReferences(); err != nil {
		return err
	}
	step := dryrun.Step{Tx: tx, Tables: tx.store.mappings, Workspace: tx.Actor.Workspace}
	var err error
	if step.Last, err = tx.lastNumbers(); err != nil {
		return err
	}
	for e, n := range r.NewRecords() {
		err := tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, $2, $3, $3, 0, 0)
			ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + $3, n = usage.n + $3`, tx.Actor.Workspace, e.Plural, n)
		if err != nil {
			return err
		}
	}
	was, err := tx.Counters()
	if err != nil {
		return err
	}
	step.Entries, step.Bytes = was.Last, was.Bytes
	if r.Logged() { // the earlier step made the row of the actor
		if _, err := tx.Origin(); err != nil {
			return err
		}
	}
	now, err := tx.Counters()
	now.Bytes = step.Bytes + r.Grown()
	tx.SetCounters(now)
	r.Begin(step)
	return err
}

// lastNumbers returns the last number given to each kind of record.
func (tx *Tx) lastNumbers() (map[*crm.Entity]int64, error) {
	numbers := map[*crm.Entity]int64{}
	err := tx.Rows("SELECT kind, last FROM usage WHERE workspace_id = $1", []any{tx.Actor.Workspace}, func(scan func(...any) error) error {
		var kind string
		var last int64
		err := scan(&kind, &last)
		for _, e := range tx.store.Schema.Entities {
			if e.Plural == kind {
				numbers[e] = last
			}
		}
		return err
	})
	return numbers, err
}

// endDryRun remembers what the step did.
func (tx *Tx) endDryRun(r *dryrun.Run) error {
	if err := tx.CheckDeadline(); err != nil { // the step may have taken it for the failure of a part
		return err
	}
	l, err := tx.Counters()
	if err == nil {
		r.End(l.Last, l.Bytes)
	}
	return err
}
