package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/answers"
	"crmkit/store/dryrun"
	"crmkit/store/identify"
	"crmkit/store/trial"
	"crmkit/store/txn"
)

// Tx is a running write of records. It carries the actor and one time; everything it does is
// kept together or not at all. It must not be used after its function returns.
type Tx struct {
	*txn.Tx
	identify.Lookups
	answers.Stored

	NewUserPlan string // of users that the transaction makes; empty: Options.Plan

	store          *Store
	deleting       deleting     // the record that is being deleted
	cause          deleting     // the record whose delete or merge is the reason for all changes
	until          time.Time    // when a step of a cascade ends; zero: this is no step
	winner         int64        // the record into which others are being merged
	lost           []crm.Member // what the entry of a record that goes has beside its values
	followed       []Followed
	joined         []crm.Count // ties that became a part of another one in the merge at hand
	leftOver       []Unkept    // and what these had beside it
	inheritedCount int         // records that followed what they refer to
	unlimited      bool        // it makes what an upgrade needs, which no cap on records refuses
	uncapped       bool        // it deletes or revokes, which no cap on storage refuses
}

// ReadTx is a read of what is committed.
type ReadTx = txn.ReadTx

// Change is what a write did to a record.
type Change = txn.Change

// Group is a change group.
type Group = txn.Group

// Write runs fn in a transaction and returns when its changes are on disk; see txn.DB.Write
// for what holds when fn fails, takes longer than Options.MaxWrite, or runs more than once.
func (s *Store) Write(ctx context.Context, actor crm.Actor, fn func(*Tx) error) error {
	return s.db.Write(ctx, actor, func(t *txn.Tx) error { return fn(s.newTx(t)) })
}

// WriteAhead is Write for a function of which it is known what it will ask.
func (s *Store) WriteAhead(ctx context.Context, actor crm.Actor, ahead []txn.Ahead, fn func(*Tx) error) error {
	return s.db.WriteAhead(ctx, actor, ahead, func(t *txn.Tx) error { return fn(s.newTx(t)) })
}

func (s *Store) newTx(t *txn.Tx) *Tx {
	return &Tx{Tx: t, Lookups: identify.In(t), Stored: answers.In(t), store: s}
}

// DryRunStep runs fn like Write, as the next step of a dry run, and rolls it back. A step that fails leaves the dry
// run as it was. No other write is in its transaction. If the dry run is full the error is dryrun.ErrFull.
func (s *Store) DryRunStep(ctx context.Context, actor crm.Actor, r *dryrun.Run, fn func(*Tx) error) error {
	if r.Full() {
		return dryrun.ErrFull
	}
	return s.db.WriteDry(ctx, actor, r, func(t *txn.Tx) error {
		if err := errors.Join(trial.Begin(t, s.mappings, r), s.shapes.Resume(t, r)); err != nil {
			return err
		}
		if err := fn(s.newTx(t)); err != nil {
			return err
		}
		return trial.End(t, r)
	})
}

// Read runs fn with a connection for reading, see txn.DB.Read.
func (s *Store) Read(ctx context.Context, fn func(*ReadTx) error) error { return s.db.Read(ctx, fn) }

// Snapshot runs fn with a connection on which all statements see the same commit.
func (s *Store) Snapshot(ctx context.Context, fn func(*ReadTx) error) error {
	return s.db.Snapshot(ctx, fn)
}

// Ready reports whether the database answers reads; Probe tells of writes.
func (s *Store) Ready(ctx context.Context) error { return s.db.Ready(ctx) }

// TooLong reports whether a write was ended for the time that it took, so that less of it at once may be done.
func TooLong(err error) bool { return txn.TooLong(err) }

// Refused reports whether a read or write failed because this server must not use its database any
// more, such as one that a newer version has upgraded.
func Refused(err error) bool { return txn.Refused(err) }

// record reads a record of the transaction's workspace as it stands.
func (tx *Tx) record(e *crm.Entity, key int64) (crm.Record, bool, error) {
	if err := tx.DryRun().Restore(e, key); err != nil {
		return crm.Record{}, false, err
	}
	rec, found, err := tx.recordAsStored(e, key)
	if tx.DryRun() == nil || !found || err != nil {
		return rec, found, err
	}
	if some, err := tx.DryRun().RestoreTargets(rec); !some || err != nil {
		return rec, err == nil, err
	}
	return tx.recordAsStored(e, key)
}

// recordAsStored reads a record of the transaction's workspace from its table.
func (tx *Tx) recordAsStored(e *crm.Entity, key int64) (crm.Record, bool, error) {
	t := tx.store.mappings[e]
	row := t.NewRow()
	found, err := tx.Row(t.Fetch, []any{tx.Actor.Workspace, key}, row.Dest...)
	if !found || err != nil {
		return crm.Record{}, false, err
	}
	rec, err := row.Record()
	return rec, err == nil, tx.store.db.WrapReadError(err)
}

// Schema is the schema of the store.
func (tx *Tx) Schema() *crm.Schema { return tx.store.Schema }

// IdempotentResponse is the stored response to a request with an Idempotency-Key.
type IdempotentResponse = answers.IdempotentResponse

// SaveIdempotentResponse stores a response in the transaction of the change it reports.
func (tx *Tx) SaveIdempotentResponse(a IdempotentResponse) error {
	a.Uncapped = a.Uncapped || tx.uncapped
	return tx.Stored.SaveIdempotentResponse(a)
}

// RandomID returns a new random id with the prefix.
func (tx *Tx) RandomID(prefix string) (string, error) {
	return crm.RandomID(prefix, tx.Random())
}

// Plans are the plans that the server of the file knows.
func (tx *Tx) Plans() catalog.Plans { return tx.store.opts.Plans }

// DefaultPlan is the plan of a new user.
func (tx *Tx) DefaultPlan() string { return cmp.Or(tx.NewUserPlan, tx.store.opts.Plan) }
