package store

import (
	"context"
	"errors"

	"crmkit/crm"
)

// A dry run of many rows must not occupy the writer until the last one, but has to say of each
// row what a real run would, in which earlier rows count: they made the record that it
// updates, took its e-mail, or used up the plan. So it runs in steps. Each step has a
// transaction of its own that is rolled back, and the DryRun remembers what it did. A later
// step puts records of earlier steps into its transaction when a statement is about to look
// for them, and only those; the statements themselves are the same as in a real run.

// DryRun is a series of writes to one workspace that are all rolled back, each run as if the
// ones before had been committed. It is not safe for concurrent use.
type DryRun struct {
	base    map[*crm.Entity]int64 // the last number of each kind given to a real record, as this step found it
	made    map[*crm.Entity]int64 // how many records of each kind earlier steps made
	byKey   map[dryRunKey]*dryRunRecord
	claimed map[string][]*dryRunRecord // the records that had or have the value
	notes   map[importNote]int64
	bytes   int64 // of storage that earlier steps took
	memory  int64 // bytes of memory that the records take, roughly
	limit   int64 // of memory, at which no further step begins
	logged  bool  // a step has logged something, so the actor is in origins

	step     int
	start    counters // as this step found it
	records  []dryRunChange
	noted    []importNote // in this step, with their keys in keys
	keys     []int64
	restored []*dryRunRecord // in this step
}

// NewDryRun returns a dry run without steps. When it remembers limit bytes, the next step is
// refused with ErrDryRunFull.
func NewDryRun(most int64) *DryRun {
	return &DryRun{limit: most, made: map[*crm.Entity]int64{}, byKey: map[dryRunKey]*dryRunRecord{}, claimed: map[string][]*dryRunRecord{}, notes: map[importNote]int64{}}
}

// ErrDryRunFull says that a dry run remembers as much as it may.
var ErrDryRunFull = errors.New("the steps so far changed as much as a dry run remembers")

// DryRunStep runs fn like Write, as the next step of a dry run, and rolls it back. A step that
// fails leaves the dry run as it was. No other write is in its transaction.
func (s *Store) DryRunStep(ctx context.Context, actor crm.Actor, r *DryRun, fn func(*Tx) error) error {
	if r.memory >= r.limit {
		return ErrDryRunFull
	}
	return s.submit(&job{ctx: ctx, actor: actor, dryRun: r, done: make(chan struct{}), run: func(tx *Tx) error {
		if err := r.begin(tx); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return r.end(tx)
	}})
}

// Made reports whether a record of the last step was made by the dry run, so that its id is
// not a real one.
func (r *DryRun) Made(rec crm.Record) bool {
	return crm.RecordNumber(rec.Key) > r.base[rec.Entity]
}

// runDryRun runs a step of a dry run and rolls it back.
func (w *writer) runDryRun(j *job) error {
	ctx := context.Background()
	if err := w.conn.BeginWrite(); err != nil {
		return w.jobError("transaction", err)
	}
	err := w.start(w.own(ctx))
	if err == nil && !j.abandoned() {
		w.runJob(j, alone)
	}
	w.rollback()
	j.after, j.commitErr = nil, nil
	if err != nil {
		return w.jobError("transaction", err)
	}
	return nil
}

// begin prepares the transaction as if the earlier steps had been committed, as far as numbers
// and caps go. Foreign keys are checked at its end, which it does not reach.
func (r *DryRun) begin(tx *Tx) (err error) {
	r.step++
	r.records, r.noted, r.keys, r.restored, r.base = nil, nil, nil, nil, map[*crm.Entity]int64{}
	if err := tx.conn.DeferReferences(); err != nil {
		return err
	}
	err = tx.Rows("SELECT kind, last FROM usage WHERE workspace_id = $1", []any{tx.Actor.Workspace}, func(scan func(...any) error) error {
		var kind string
		var last int64
		err := scan(&kind, &last)
		for _, e := range tx.store.Schema.Entities {
			if e.Plural == kind {
				r.base[e] = last
			}
		}
		return err
	})
	for e, n := range r.made {
		if err == nil {
			err = tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, $2, $3, $3, 0, 0)
				ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + $3, n = usage.n + $3`, tx.Actor.Workspace, e.Plural, n)
		}
	}
	if err == nil {
		r.start, err = tx.counters()
	}
	if err == nil && r.logged {
		_, err = tx.origin()
	}
	if err != nil {
		return err
	}
	l, err := tx.counters()
	l.bytes = r.start.bytes + r.bytes
	tx.setCounters(l)
	return err
}

// end remembers what the step did.
func (r *DryRun) end(tx *Tx) error {
	if err := tx.checkDeadline(); err != nil { // the step may have taken it for the fault of a part
		return err
	}
	l, err := tx.counters()
	if err != nil {
		return err
	}
	r.bytes, r.logged = l.bytes-r.start.bytes, r.logged || l.last > r.start.last
	for _, c := range r.records {
		r.remember(tx, c)
	}
	for i, n := range r.noted {
		r.notes[n] = r.stableKey(n.entity, r.keys[i])
	}
	r.records = nil
	return nil
}

// dryRunNumbers is where the numbers of records begin that a dry run made. They are above
// those of all real records.
const dryRunNumbers = 1 << 39

// stableKey returns the key under which a dry run remembers a record that it made: the number
// that the record has in the transaction is given to a real record meanwhile. Keys of real
// records stay as they are.
func (r *DryRun) stableKey(e *crm.Entity, key int64) int64 {
	return r.renumber(key, r.base[e], dryRunNumbers)
}

// currentKey is the inverse of stableKey in the current step.
func (r *DryRun) currentKey(e *crm.Entity, key int64) int64 {
	return r.renumber(key, dryRunNumbers, r.base[e])
}

func (r *DryRun) renumber(key, from, to int64) int64 {
	if n := crm.RecordNumber(key); n > from {
		return crm.RecordKey(crm.RecordWorkspace(key), n-from+to)
	}
	return key
}
