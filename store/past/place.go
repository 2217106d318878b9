package past

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
)

// Place is a place in the log of a workspace.
type Place struct {
	Number int64 // of the entry after which it is; 0: before the first one
	At     int64 // the time that it stands for, in Unix milliseconds
}

// Time returns the time of a place, as answers show it.
func (p Place) Time() string { return shownTime(p.At) }

// shownTime returns a time in Unix milliseconds as answers show it.
func shownTime(at int64) string { return time.UnixMilli(at).UTC().Format(time.RFC3339Nano) }

// Asked says which place a request asks for: after the entry with a number, or at a time.
type Asked struct {
	Name     string // of the parameter
	Text     string // as the client wrote it
	IsNumber bool
	Number   int64
	At       int64 // Unix milliseconds; with IsNumber 0 for the time of the entry
}

// Locate returns the place that a request asks for in the log of a workspace, and the number of the last entry.
//
// Errors: cursor_expired, invalid_cursor, invalid_value.
func Locate(ctx context.Context, v *snapshot.Tx, workspace int64, ask Asked) (place Place, last int64, err error) {
	begins, err := changelog.LogBeginning(ctx, v, workspace)
	if err != nil {
		return place, 0, err
	}
	if _, err = engine.Found(v.Row(ctx, "SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'", []any{workspace}, &last)); err != nil {
		return place, 0, err
	}
	if fault := ask.check(begins, last); fault != nil {
		return place, last, fault.On(ask.Name)
	}
	text, args := entryAt, []any{crm.RecordKey(workspace, 0), crm.RecordKey(workspace, ask.Number)}
	if !ask.IsNumber {
		text, args = "SELECT key, at FROM log WHERE workspace_id = $1 AND at <= $2 ORDER BY at DESC, key DESC LIMIT 1", []any{workspace, ask.At}
	}
	var key, at int64
	found, err := engine.Found(v.Row(ctx, text, args, &key, &at))
	switch {
	case !found: // before the first entry that there is
		place = Place{begins.Number - 1, begins.At.UnixMilli()}
	case ask.IsNumber:
		place = Place{ask.Number, at}
	default:
		place = Place{crm.RecordNumber(key), at}
	}
	if ask.At != 0 {
		place.At = ask.At
	}
	return place, last, err
}

// entryAt reads the last entry between two keys.
const entryAt = "SELECT key, at FROM log WHERE key > $1 AND key <= $2 ORDER BY key DESC LIMIT 1"

// check returns the error of a place that the log does not have.
func (a Asked) check(begins changelog.Beginning, last int64) *crm.Error {
	first := shownTime(begins.At.UnixMilli())
	switch {
	case a.IsNumber && a.Number > last:
		return crm.Errorf(crm.InvalidCursor, "this place is after the end of the log: the database was set back to an earlier state, such as a backup. Take a cursor with GET /changes?since=now.")
	case a.IsNumber && a.Number < begins.Number-1:
		return crm.Errorf(crm.CursorExpired, "changes after this place were deleted: the log is kept for a time only. The earliest time that can be asked for is %s=%s.", a.Name, first)
	case a.IsNumber || a.At >= begins.At.UnixMilli():
		return nil
	case begins.Number > 1:
		return crm.Errorf(crm.InvalidValue, "%s=%s is before the log begins: older changes were deleted. The earliest time that can be asked for is %s=%s.", a.Name, norm.Quote(a.Text), a.Name, first)
	}
	return crm.Errorf(crm.InvalidValue, "%s=%s is before the first change of this workspace, which was at %s: there was nothing.", a.Name, norm.Quote(a.Text), first)
}
