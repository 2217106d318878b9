package view

import (
	"context"
	"time"

	"crmkit/store/changelog"
	"crmkit/store/list"
	"crmkit/store/txn"
)

// LogTrimmed returns the time of the oldest entry in the log of the workspace if older ones
// were deleted; otherwise the zero time.
func (v *View) LogTrimmed() (time.Time, error) {
	if err := v.begin(v.reads.schema.Entities[0]); err != nil { // any entity: only the moment matters
		return time.Time{}, err
	}
	b, err := changelog.LogBeginning(v.ctx, v.rows, v.actor.Workspace)
	if err != nil || b.Number <= 1 { // 0: the log is empty; 1: nothing was deleted
		return time.Time{}, err
	}
	return b.At, nil
}

// replay completes the entries of a page of the log, which may end earlier for it.
func (s *Reads) replay(ctx context.Context, v *txn.ReadTx, page *list.Page) error {
	past := changelog.Past{Schema: s.schema, Tables: s.tables, MaxBytes: list.MaxPageBytes}
	n, err := past.Complete(ctx, v, page.Records)
	if err == nil && n < len(page.Records) {
		page.Records, page.More, page.Truncated = page.Records[:n], true, true
	}
	return err
}
