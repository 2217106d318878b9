package view

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/erase"
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
	n, err := s.past().Complete(ctx, v, page.Records)
	if err == nil && n < len(page.Records) {
		page.Records, page.More, page.Truncated = page.Records[:n], true, true
	}
	return err
}

// past returns what reads the log of the schema.
func (s *Reads) past() changelog.Past {
	return changelog.Past{Schema: s.schema, Tables: s.tables, MaxBytes: list.MaxPageBytes, Veil: s.veil}
}

// veil has entries of the log without the values that purges are erasing.
func (s *Reads) veil(ctx context.Context, v *txn.ReadTx, entries []crm.Record) error {
	if len(entries) == 0 {
		return nil
	}
	doomed, err := s.doomed(ctx, v, crm.RecordWorkspace(entries[0].Key))
	if err != nil || doomed.None() {
		return err
	}
	return doomed.Veil(entries)
}

// doomed returns what the purges of a workspace are erasing.
func (s *Reads) doomed(ctx context.Context, v *txn.ReadTx, workspace int64) (*erase.Doomed, error) {
	return erase.DoomedIn(func(text string, args []any, each func(scan func(...any) error) error) error {
		return v.Rows(ctx, text, args, each)
	}, s.schema, workspace)
}

// Changes reads a part of the log of the workspace, in the order of the commits.
func (v *View) Changes(ask changelog.Question) (changelog.Part, error) {
	if err := v.begin(v.reads.schema.Entities[0]); err != nil {
		return changelog.Part{}, err
	}
	return v.reads.past().Read(v.ctx, v.rows, v.actor.Workspace, ask)
}

// Runs returns the runs of a name that the user with an e-mail has in the workspace.
func (v *View) Runs(name, email string) (changelog.Runs, error) {
	if err := v.begin(v.reads.schema.Entities[0]); err != nil {
		return changelog.Runs{}, err
	}
	return changelog.FindRuns(v.ctx, v.rows, changelog.RunName{Workspace: v.actor.Workspace, Name: name, Email: email})
}

// Bookmark returns the number of the last entry of the log that the token of the actor has seen under a
// name; found is false if it has no such bookmark.
func (v *View) Bookmark(name string) (number int64, found bool, err error) {
	if err := v.begin(v.reads.schema.Entities[0]); err != nil {
		return 0, false, err
	}
	found, err = engine.Found(v.rows.Row(v.ctx, "SELECT number FROM bookmarks WHERE workspace_id = $1 AND token_key = (SELECT key FROM tokens WHERE id = $2) AND name = $3",
		[]any{v.actor.Workspace, v.actor.TokenID, name}, &number))
	return number, found, err
}

// Deleted reads a part of the deleted records of a kind.
func (v *View) Deleted(ask changelog.Deleted) (changelog.DeletedPart, error) {
	if err := v.begin(ask.Entity); err != nil {
		return changelog.DeletedPart{}, err
	}
	ask.Workspace = v.actor.Workspace
	doomed, err := v.reads.doomed(v.ctx, v.rows, ask.Workspace)
	if err != nil {
		return changelog.DeletedPart{}, err
	}
	if keeps := ask.Keeps; !doomed.None() {
		ask.Keeps = func(d changelog.Deletion) bool { return doomed.Deletion(d) == nil && (keeps == nil || keeps(d)) }
	}
	return changelog.ReadDeleted(v.logRows, ask)
}

// DeletionOf returns how the record with a handle was deleted, see changelog.DeletionOf.
func (v *View) DeletionOf(handle string) (d changelog.Deletion, found bool, err error) {
	if err := v.begin(v.reads.schema.Entities[0]); err != nil {
		return d, false, err
	}
	if d, found, err = changelog.DeletionOf(v.logRows, v.actor.Workspace, handle); err != nil || !found {
		return d, found, err
	}
	doomed, err := v.reads.doomed(v.ctx, v.rows, v.actor.Workspace)
	if err == nil {
		doomed.Mark(&d)
	}
	return d, true, err
}

// logRows is changelog.Rows of the view.
func (v *View) logRows(text string, args []any, each func(scan func(...any) error) error) error {
	return v.rows.Rows(v.ctx, text, args, each)
}
