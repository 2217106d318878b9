package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/store/erase"
	"crmkit/store/sweep"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// A change may affect many other records: those that refer to a deleted record, the activities of a contact that moves to
// another company, all records of a workspace. If they are few they change in the same transaction. Otherwise the change
// adds a row to the table cascades, and the store does the rest in steps of their own, between which other writes run. A
// step updates the row in its own transaction, so after a kill the next start continues.

// Limits on what one transaction does to other records.
const (
	cascadeAtOnce = 200 // with the change itself
	cascadeStep   = 300 // in a step, which also ends after cascadeTime
	cascadeTime   = 100 * time.Millisecond
	cascadeRetry  = 10 * time.Second // after a step that failed
)

// cascade is a row of the table cascades: what remains to be done after a change.
type cascade struct {
	workspace int64
	kind      string // of the record; workspaceKind
	record    int64
	gone      fate
	at, after int64  // how far it has come, where nothing is gone
	group     Group  // of the change that began it
	place     string // how far a restore has come
	actor     crm.Actor
}

// fate says what happened to a record whose references change in steps.
type fate = int64

const (
	stays   fate = 0 // what inherits from it follows
	deleted fate = 1 // references to it are cleared
	merged  fate = 2 // references to it lead to another record
	returns fate = 3 // it is there again, and what was deleted with it follows
)

const workspaceKind = "workspace"

const cascadeColumns = "workspace_id, kind, record, gone, at, after, COALESCE(actor, ''), COALESCE(token_id, ''), COALESCE(addr, ''), change_group, COALESCE(place, '')"

func (c *cascade) scanDest() []any {
	return []any{&c.workspace, &c.kind, &c.record, &c.gone, &c.at, &c.after, &c.actor.Email, &c.actor.TokenID, &c.actor.Addr, &c.group, &c.place}
}

// scheduleCascade stores what remains to be done, in the name of the actor. It replaces what was scheduled before for the same record.
func (tx *Tx) scheduleCascade(c cascade) error {
	tx.After(tx.store.cascades.wake)
	group, err := tx.Group()
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO cascades (workspace_id, kind, record, gone, at, after, actor, token_id, addr, change_group, place) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (workspace_id, kind, record) DO UPDATE SET gone = $4, at = $5, after = $6, actor = $7, token_id = $8, addr = $9, change_group = $10, place = $11`,
		tx.Actor.Workspace, c.kind, c.record, c.gone, firstMoment, 0, table.NullText(tx.Actor.Email), table.NullText(tx.Actor.TokenID), table.NullText(tx.Actor.Addr), group, table.NullText(c.place))
}

// firstMoment is before every time.
const firstMoment = -1 << 62

// cascades holds the limits of cascades and wakes the goroutine that runs them.
type cascades struct {
	some    chan struct{}
	atOnce  int // records that change with another in one transaction
	step    int // and in a step
	restore *atomic.Pointer[RestoreStep]
}

func newCascades(opts Options) cascades {
	return cascades{some: make(chan struct{}, 1), atOnce: cmp.Or(opts.CascadeAtOnce, cascadeAtOnce), step: cmp.Or(opts.CascadeStep, cascadeStep), restore: &atomic.Pointer[RestoreStep]{}}
}

func (c *cascades) wake() {
	select {
	case c.some <- struct{}{}:
	default:
	}
}

// runCascades runs scheduled cascades until the store closes.
func (s *Store) runCascades() {
	tick := time.NewTicker(cascadeRetry)
	defer tick.Stop()
	for {
		err := s.Settle(context.Background())
		select {
		case <-s.draining:
			return
		default:
		}
		if err != nil {
			s.opts.Log.Warn("a cascade is not done yet", "error", err)
		}
		select {
		case <-s.cascades.some:
		case <-tick.C:
		case <-s.draining:
			return
		}
	}
}

// Settle runs all scheduled cascades to their end. The store does that by itself as well. A cascade that fails does not stop the others.
func (s *Store) Settle(ctx context.Context) error {
	for {
		moved, err := s.round(ctx)
		if !moved || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		select {
		case <-s.draining:
			return err
		default:
		}
	}
}

// round does one step of each cascade in turn, so that a small one does not wait for a large one; moved reports whether any made progress.
func (s *Store) round(ctx context.Context) (moved bool, _ error) {
	var errs []error
	var last cascade
	for {
		list, err := s.remaining(ctx, last)
		if err != nil || len(list) == 0 {
			return moved, errors.Join(append(errs, err)...)
		}
		for _, c := range list {
			switch err := s.advance(ctx, c); {
			case err == nil:
				moved = true
			case !errors.Is(err, erase.ErrWaits):
				errs = append(errs, err)
			}
		}
		last = list[len(list)-1]
	}
}

// remaining returns the next scheduled cascades after last.
func (s *Store) remaining(ctx context.Context, last cascade) (list []cascade, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		text := "SELECT " + cascadeColumns + " FROM cascades WHERE (workspace_id, kind, record) > ($1, $2, $3) ORDER BY workspace_id, kind, record LIMIT 100"
		return v.Rows(ctx, text, []any{last.workspace, last.kind, last.record}, func(scan func(...any) error) error {
			list = append(list, cascade{})
			return scan(list[len(list)-1].scanDest()...)
		})
	})
	return list, err
}

// advance does one step of a cascade.
func (s *Store) advance(ctx context.Context, c cascade) error {
	select {
	case <-s.draining:
		return txn.Stopped()
	default:
	}
	c.actor.Workspace = c.workspace
	if erase.Is(c.kind) {
		return s.purges.Advance(ctx, c.actor, c.kind, c.record)
	}
	return s.Write(ctx, c.actor, func(tx *Tx) error {
		var now cascade // it may be done meanwhile, or something else begun
		found, err := tx.Row("SELECT "+cascadeColumns+" FROM cascades WHERE workspace_id = $1 AND kind = $2 AND record = $3", []any{c.workspace, c.kind, c.record}, now.scanDest()...)
		if err != nil || !found {
			return err
		}
		tx.Join(now.group)
		tx.until = time.Now().Add(cascadeTime)
		switch e := tx.store.Schema.ByName(strings.TrimPrefix(c.kind, beforeTies)); {
		case e != nil && c.kind == beforeTies+e.Name:
			return tx.tieStep(now, e)
		case c.kind == workspaceKind:
			return tx.sweepWorkspace(now)
		case now.gone == deleted:
			return tx.detachStep(now)
		case now.gone == merged:
			return tx.followStep(now)
		case now.gone == returns:
			return tx.restoreStep(now)
		}
		return tx.propagateStep(now)
	})
}

// stepTimeUp reports whether a step of a cascade has used its time.
func (tx *Tx) stepTimeUp() bool { return !tx.until.IsZero() && time.Now().After(tx.until) }

// finishCascade deletes a cascade that is done.
func (tx *Tx) finishCascade(c cascade) error {
	return tx.Exec("DELETE FROM cascades WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record)
}

// hide deletes or merges a record to which others refer. A cascade does the rest, unseen (store/table/pending_view.go).
func (tx *Tx) hide(action string, rec crm.Record, then fate) error {
	hidden, err := tx.hideRow(rec)
	if err != nil || !hidden {
		return err
	}
	if err := tx.scheduleCascade(cascade{kind: rec.Entity.Name, record: rec.Key, gone: then}); err != nil {
		return err
	}
	return tx.removed(action, rec)
}

// hideRow hides the row of a record. It stays in the table, so that foreign keys remain valid, but
// with a negative workspace, so that nobody reads it.
func (tx *Tx) hideRow(rec crm.Record) (hidden bool, err error) {
	e := rec.Entity
	set := "workspace_id = -workspace_id"
	for i := range e.Fields { // its address is free, and what it refers to may be deleted too
		if f := &e.Fields[i]; f.Stored() && !f.Required && (f.IsReference() || f.Name == e.Keys.Unique) {
			set += ", " + f.Col() + " = NULL"
		}
	}
	n, err := tx.Affect(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", e.Plural, set), tx.Actor.Workspace, rec.Key)
	return n > 0, err
}

// dropRow deletes the row of a hidden record, to which nothing refers any more.
func (tx *Tx) dropRow(e *crm.Entity, key int64) error {
	return tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", e.Plural), -tx.Actor.Workspace, key)
}

// detachStep clears the references to a hidden record in some of the records that hold it, and deletes the row when none is left.
func (tx *Tx) detachStep(c cascade) error {
	e, left := tx.store.Schema.ByName(c.kind), tx.store.cascades.step
	tx.cause = deleting{e, c.record}
	for _, ref := range tx.store.Schema.Referring(e) {
		n, err := tx.detach(ref, c.record, left)
		if left -= n; err != nil || left <= 0 {
			return err
		}
	}
	if err := tx.dropRow(e, c.record); err != nil {
		return err
	}
	return tx.finishCascade(c)
}

// DeleteRecords deletes all records of the actor's workspace, its log, and what else it stores beside accounts. That
// happens in steps after the write, so the caller also has to take away every access to the workspace.
func (tx *Tx) DeleteRecords() error {
	number := tx.Actor.Workspace
	tx.MarkChanged(number)
	tx.After(func() {
		tx.store.indexes.Forget(number)
		tx.store.cache.ClearRecords()
		tx.store.changes.Changed(number)
	})
	if err := tx.Exec("DELETE FROM cascades WHERE workspace_id = $1", number); err != nil {
		return err
	}
	return tx.scheduleCascade(cascade{kind: workspaceKind, record: number, gone: deleted})
}

// sweepWorkspace deletes some of the rows of a deleted workspace.
func (tx *Tx) sweepWorkspace(c cascade) error {
	tables := sweep.Tables(tx.store.Schema)
	if len(tx.store.words) > 0 {
		tables = append(tables, sweep.Words)
	}
	if all, err := sweep.Some(tx.Tx, tables, c.workspace); err != nil || !all {
		return err
	}
	return tx.finishCascade(c)
}
