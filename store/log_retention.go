package store

import (
	"context"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

// MinLogDays is the least value of Options.LogDays, so that a delete can be looked up for a
// month.
const MinLogDays = 30

const day = 24 * time.Hour

// CheckLogDays returns an error that says which values of Options.LogDays are allowed; 0 means
// for ever.
func CheckLogDays(days int) error {
	if days == 0 || days >= MinLogDays {
		return nil
	}
	return fmt.Errorf("--log-days %d: write %d days or more, so that what was deleted can be looked up for a month, or 0 to keep the log for ever", days, MinLogDays)
}

// trimLogs deletes entries older than Options.LogDays from the logs, oldest first and a few at
// a time. The last entry of each log stays, because numbers continue from it. No kept entry or
// record depends on a deleted one.
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

// workspaceAbove returns the next workspace after the number, 0 after the last.
func (s *Store) workspaceAbove(ctx context.Context, number int64) (next int64, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Row(ctx, "SELECT number FROM workspaces WHERE number > $1 ORDER BY number LIMIT 1", []any{number}, &next)
	})
	_, err = sqlite.Found(err)
	return next, err
}

// trimLog deletes the entries of a workspace from before a time.
func (s *Store) trimLog(ctx context.Context, workspace int64, before time.Time) error {
	var old beginning
	err := s.Read(ctx, func(v *ReadTx) (err error) {
		old, err = logBeginning(ctx, v, workspace)
		return err
	})
	if err != nil || old.at.IsZero() || !old.at.Before(before) {
		return err
	}
	return s.inSteps(ctx, func(tx *Tx) (more bool, err error) {
		tx.Actor.Workspace = workspace
		return tx.trimStep(before.UnixMilli())
	})
}

// trimStep deletes some entries from before a time, and reports whether there are more.
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

// entryBytes is SQL for the storage that an entry takes.
const entryBytes = "COALESCE(OCTET_LENGTH(id), 0) + OCTET_LENGTH(action) + OCTET_LENGTH(target) + COALESCE(OCTET_LENGTH(before), 0) + COALESCE(OCTET_LENGTH(after), 0)"

// inSteps repeats a short write until there is no more to do.
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

// beginning is the first entry that a log still has.
type beginning struct {
	number int64
	at     time.Time
}

// logBeginning returns the first entry of the log of a workspace, nothing if the log is empty.
func logBeginning(ctx context.Context, v *ReadTx, workspace int64) (b beginning, err error) {
	var key, at int64
	err = v.Row(ctx, "SELECT key, at FROM log WHERE key > $1 AND key < $2 ORDER BY key LIMIT 1",
		[]any{crm.RecordKey(workspace, 0), crm.RecordKey(workspace+1, 0)}, &key, &at)
	if found, err := sqlite.Found(err); !found {
		return b, err
	}
	return beginning{crm.RecordNumber(key), time.UnixMilli(at)}, nil
}

// LogTrimmed returns the time of the oldest entry in the log of the workspace if older ones
// were deleted; otherwise the zero time.
func (v *View) LogTrimmed() (time.Time, error) {
	if err := v.begin(v.store.Schema.Entities[0]); err != nil {
		return time.Time{}, err
	}
	b, err := logBeginning(v.ctx, v.rows, v.actor.Workspace)
	if b.number <= 1 {
		return time.Time{}, err
	}
	return b.at, err
}
