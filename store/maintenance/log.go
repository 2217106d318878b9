package maintenance

import (
	"context"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/txn"
)

// MinLogDays is the least value of Options.LogDays, so that a delete can be looked up for a
// month.
const MinLogDays = 30

const day = 24 * time.Hour

// maxTrashDays is the largest value of Options.TrashDays, a century.
const maxTrashDays = 36_500

// CheckRetention returns an error that says which values of Options.LogDays and TrashDays are allowed; 0
// means for ever. Deleted records are restored from the log, so the log is kept at least as long as they are.
func CheckRetention(logDays, trashDays int) error {
	switch {
	case logDays != 0 && logDays < MinLogDays:
		return fmt.Errorf("--log-days %d: write %d days or more, so that what was deleted can be looked up for a month, or 0 to keep the log for ever", logDays, MinLogDays)
	case trashDays < 0 || trashDays > maxTrashDays:
		return fmt.Errorf("--trash-days %d: write for how many days deleted records can be restored, 1 to %d, or 0 to keep them for ever", trashDays, maxTrashDays)
	case logDays != 0 && (trashDays == 0 || trashDays > logDays):
		return fmt.Errorf("--trash-days %d with --log-days %d: deleted records are restored from the log, so they cannot be kept for longer. Write --trash-days 1 to %d, or --log-days 0", trashDays, logDays, logDays)
	}
	return nil
}

// trimLogs deletes entries older than Options.LogDays from the logs, oldest first and a few at
// a time. The last entry of each log stays, because numbers continue from it. No kept entry or
// record depends on a deleted one.
func (w *Worker) trimLogs(ctx context.Context) error {
	if w.opts.LogDays == 0 {
		return nil
	}
	cutoff := w.opts.DB.Now().Add(-time.Duration(w.opts.LogDays) * day)
	for above := int64(0); ; {
		next, err := w.workspaceAbove(ctx, above)
		if err == nil && next != 0 {
			err = w.trimLog(ctx, next, cutoff)
		}
		if err != nil || next == 0 {
			return err
		}
		above = next
	}
}

// workspaceAbove returns the next workspace after the number, 0 after the last.
func (w *Worker) workspaceAbove(ctx context.Context, number int64) (next int64, err error) {
	err = w.opts.DB.Read(ctx, func(v *txn.ReadTx) error {
		return v.Row(ctx, "SELECT number FROM workspaces WHERE number > $1 ORDER BY number LIMIT 1", []any{number}, &next)
	})
	_, err = engine.Found(err)
	return next, err
}

// trimLog deletes the entries of a workspace from before a time.
func (w *Worker) trimLog(ctx context.Context, workspace int64, before time.Time) error {
	var old changelog.Beginning
	err := w.opts.DB.Read(ctx, func(v *txn.ReadTx) (err error) {
		old, err = changelog.LogBeginning(ctx, v, workspace)
		return err
	})
	if err != nil || old.At.IsZero() || !old.At.Before(before) {
		return err
	}
	for _, step := range []func(*txn.Tx, int64) (bool, error){trimStep, trimRuns} {
		if err := w.inSteps(ctx, func(tx *txn.Tx) (more bool, err error) {
			tx.Actor.Workspace = workspace
			return step(tx, before.UnixMilli())
		}); err != nil {
			return err
		}
	}
	return nil
}

// trimStep deletes some entries from before a time, and reports whether there are more.
func trimStep(tx *txn.Tx, before int64) (more bool, err error) {
	l, err := tx.Counters()
	if err != nil {
		return false, err
	}
	workspace, n := tx.Actor.Workspace, int64(0)
	first, end := crm.RecordKey(workspace, 0), crm.RecordKey(workspace, l.Last)
	text := fmt.Sprintf("SELECT COUNT(*), MAX(key) FROM (SELECT key FROM log WHERE key > $1 AND key < $2 AND at < $3 ORDER BY key LIMIT %d) x", PurgeStep)
	var until *int64
	if _, err := tx.Row(text, []any{first, end, before}, &n, &until); err != nil || until == nil {
		return false, err
	}
	return n == PurgeStep, tx.ReleaseBytes("DELETE FROM log WHERE key > $1 AND key <= $2 RETURNING workspace_id, "+EntryBytes, first, *until)
}

// trimRuns deletes some runs of which the log has no entry any more, and reports whether there are more.
// Those that were in use since a time may still get entries.
func trimRuns(tx *txn.Tx, before int64) (more bool, err error) {
	text := fmt.Sprintf(`SELECT COUNT(*), MAX(first) FROM (SELECT first FROM runs r WHERE r.workspace_id = $1 AND %s ORDER BY r.first LIMIT %d) x`, emptyRun, PurgeStep)
	workspace, n := tx.Actor.Workspace, int64(0)
	var until *int64
	if _, err := tx.Row(text, []any{workspace, before}, &n, &until); err != nil || until == nil {
		return false, err
	}
	return n == PurgeStep, tx.ReleaseBytes("DELETE FROM runs AS r WHERE r.workspace_id = $1 AND r.first <= $3 AND "+emptyRun+" RETURNING workspace_id, "+RunBytes, workspace, before, *until)
}

// emptyRun is the condition for a run r that was not in use since the time $2 and has no entry.
const emptyRun = "r.last_at < $2 AND NOT EXISTS (SELECT 1 FROM log l WHERE l.workspace_id = r.workspace_id AND l.run = r.first)"

// RunBytes is SQL for the storage that a run takes.
const RunBytes = "OCTET_LENGTH(name)"

// EntryBytes is SQL for the storage that an entry takes.
const EntryBytes = "COALESCE(OCTET_LENGTH(id), 0) + OCTET_LENGTH(action) + OCTET_LENGTH(target) + COALESCE(OCTET_LENGTH(before), 0) + COALESCE(OCTET_LENGTH(after), 0)"

// inSteps repeats a short write until there is no more to do.
func (w *Worker) inSteps(ctx context.Context, step func(*txn.Tx) (more bool, err error)) (err error) {
	for more := true; more && err == nil; {
		select {
		case <-w.opts.Draining:
			return nil
		default:
		}
		err = w.opts.DB.Write(ctx, crm.Actor{}, func(tx *txn.Tx) (err error) {
			more, err = step(tx)
			return err
		})
	}
	return err
}
