package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmkit/crm"
)

// MinLogDays is the least that Options.LogDays may be, so that what was deleted can be
// looked up for a month.
const MinLogDays = 30

const day = 24 * time.Hour

// CheckLogDays returns an error that says what is allowed, unless the log may be kept for
// that many days; 0 is for ever.
func CheckLogDays(days int) error {
	if days == 0 || days >= MinLogDays {
		return nil
	}
	return fmt.Errorf("--log-days %d: write %d days or more, so that what was deleted can be looked up for a month, or 0 to keep the log for ever", days, MinLogDays)
}

// trimLogs deletes what is in the logs for longer than it is kept, oldest first and a little
// at a time. Of each log the last entry stays, for its number counts on from it. What
// later entries and records tell of the values after of older ones is not needed once
// those are gone.
func (s *Store) trimLogs(ctx context.Context) error {
	if s.opts.LogDays == 0 {
		return nil
	}
	cutoff := s.Now().Add(-time.Duration(s.opts.LogDays) * day)
	for above := int64(0); ; {
		next, err := s.workspaceAbove(ctx, above)
		if err == nil && next != 0 {
			err = s.trimLog(ctx, next, cutoff)
		}
		if err != nil || next == 0 {
			return err
		}
		above = next
	}
}

// workspaceAbove returns the number of the next workspace, 0 after the last.
func (s *Store) workspaceAbove(ctx context.Context, number int64) (next int64, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Row(ctx, "SELECT number FROM workspaces WHERE number > $1 ORDER BY number LIMIT 1", []any{number}, &next)
	})
	_, err = Found(err)
	return next, err
}

// trimLog deletes the entries of a workspace from before a time.
func (s *Store) trimLog(ctx context.Context, workspace int64, before time.Time) error {
	old, err := s.logBeginning(ctx, workspace)
	if err != nil || old.at.IsZero() || !old.at.Before(before) {
		return err
	}
	return s.inSteps(ctx, func(tx *Tx) (more bool, err error) {
		tx.Actor.Workspace = workspace
		return tx.trimStep(before.UnixMilli())
	})
}

// trimStep deletes some of the entries from before a time, and reports whether there are more.
func (tx *Tx) trimStep(before int64) (more bool, err error) {
	l, err := tx.counters()
	if err != nil {
		return false, err
	}
	workspace, n := tx.Actor.Workspace, int64(0)
	first, end := crm.RecordKey(workspace, 0), crm.RecordKey(workspace, l.last)
	text := fmt.Sprintf("SELECT COUNT(*), MAX(key) FROM (SELECT key FROM log WHERE key > $1 AND key < $2 AND at < $3 ORDER BY key LIMIT %d) x", purgeStep)
	var until *int64
	if _, err := tx.Row(text, []any{first, end, before}, &n, &until); err != nil || until == nil {
		return false, err
	}
	return n == purgeStep, tx.releaseBytes("DELETE FROM log WHERE key > $1 AND key <= $2 RETURNING workspace_id, "+entryBytes, first, *until)
}

// entryBytes is the SQL of how much storage an entry takes.
const entryBytes = "COALESCE(OCTET_LENGTH(id), 0) + OCTET_LENGTH(action) + OCTET_LENGTH(target) + COALESCE(OCTET_LENGTH(before), 0) + COALESCE(OCTET_LENGTH(after), 0)"

// inSteps writes until there is no more to do, each time for a moment only.
func (s *Store) inSteps(ctx context.Context, step func(*Tx) (more bool, err error)) (err error) {
	for more := true; more && err == nil; {
		select {
		case <-s.draining:
			return nil
		default:
		}
		err = s.Write(ctx, crm.Actor{}, func(tx *Tx) (err error) {
			more, err = step(tx)
			return err
		})
	}
	return err
}

// beginning is the first entry of a log.
type beginning struct {
	number int64
	at     time.Time
}

// logBeginning returns where the log of a workspace begins; nothing where there is none.
func (s *Store) logBeginning(ctx context.Context, workspace int64) (b beginning, err error) {
	var key, at int64
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Row(ctx, "SELECT key, at FROM log WHERE key > $1 AND key < $2 ORDER BY key LIMIT 1",
			[]any{crm.RecordKey(workspace, 0), crm.RecordKey(workspace+1, 0)}, &key, &at)
	})
	if found, err := Found(err); !found {
		return b, err
	}
	return beginning{crm.RecordNumber(key), time.UnixMilli(at)}, nil
}

// LogTrimmed returns when the oldest entry was made that the log of the actor's workspace
// still has; the zero time where it has them all.
func (s *Store) LogTrimmed(ctx context.Context, actor crm.Actor) (time.Time, error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return time.Time{}, err
	}
	defer end()
	b, err := s.logBeginning(ctx, actor.Workspace)
	if b.number <= 1 {
		return time.Time{}, err
	}
	return b.at, err
}

// Reserve counts n bytes as stored by the actor's workspace until Release is called with
// the same id, until the next start of a server, and for a day at most, in case this
// process is killed. Beyond what the plan
// allows the error is plan_limit_reached, and nothing is reserved. A second call with an
// id changes how much it reserves.
func (s *Store) Reserve(ctx context.Context, actor crm.Actor, id string, n int64) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Reserve(id, n) })
}

// Release gives back what was reserved under an id; what is not reserved is no error.
func (s *Store) Release(ctx context.Context, actor crm.Actor, id string) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Release(id) })
}

// Reserve does what Store.Reserve does, in the transaction of another write.
func (tx *Tx) Reserve(id string, n int64) error {
	if n < 0 {
		return errors.New("a negative reservation")
	}
	if err := tx.Release(id); err != nil {
		return err
	}
	if err := tx.GrowStorage(n); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO reservations (id, workspace_id, bytes, made_at) VALUES ($1, $2, $3, $4)", id, tx.Actor.Workspace, n, tx.now)
}

// Release does what Store.Release does, in the transaction of another write.
func (tx *Tx) Release(id string) error {
	var n int64
	_, err := tx.Row("DELETE FROM reservations WHERE id = $1 AND workspace_id = $2 RETURNING bytes", []any{id, tx.Actor.Workspace}, &n)
	if err != nil {
		return err
	}
	return tx.addBytes(-n)
}

// dropReservations gives back what processes reserved that are no more, when one begins
// that holds the file. What a command reserves that works beside it is then counted no
// more, which refuses nothing.
func (s *Store) dropReservations(ctx context.Context) {
	err := s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
		return tx.releaseBytes("DELETE FROM reservations RETURNING workspace_id, bytes")
	})
	if err != nil {
		s.opts.Log.Warn("reserved storage was not given back; it will be within a day", "error", err)
	}
}

// reservedFor is how long storage stays reserved that nobody releases: longer than any
// request takes.
const reservedFor = 24 * time.Hour
