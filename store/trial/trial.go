// Package trial begins and ends the transactions of the steps of a dry run, which package dryrun
// remembers.
package trial

import (
	"crmkit/crm"
	"crmkit/store/dryrun"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Begin prepares the transaction as if the earlier steps had been committed, as far as
// numbers and caps go. Foreign keys are checked at its end, which it does not reach.
func Begin(tx *txn.Tx, tables map[*crm.Entity]*table.Table, r *dryrun.Run) error {
	if err := tx.DeferReferences(); err != nil {
		return err
	}
	step := dryrun.Step{Tx: tx, Tables: tables, Workspace: tx.Actor.Workspace}
	var err error
	if step.Last, err = lastNumbers(tx, tables); err != nil {
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
func lastNumbers(tx *txn.Tx, tables map[*crm.Entity]*table.Table) (map[*crm.Entity]int64, error) {
	numbers := map[*crm.Entity]int64{}
	err := tx.Rows("SELECT kind, last FROM usage WHERE workspace_id = $1", []any{tx.Actor.Workspace}, func(scan func(...any) error) error {
		var kind string
		var last int64
		err := scan(&kind, &last)
		for e := range tables {
			if e.Plural == kind {
				numbers[e] = last
			}
		}
		return err
	})
	return numbers, err
}

// End remembers what the step did.
func End(tx *txn.Tx, r *dryrun.Run) error {
	if err := tx.CheckDeadline(); err != nil { // the step may have taken it for the failure of a part
		return err
	}
	l, err := tx.Counters()
	if err == nil {
		r.End(l.Last, l.Bytes)
	}
	return err
}
