package changelog

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
)

// Beginning is the first entry that a log still has.
type Beginning struct {
	Number int64
	At     time.Time
}

// LogBeginning returns the first entry of the log of a workspace, nothing if the log is empty.
func LogBeginning(ctx context.Context, v *snapshot.Tx, workspace int64) (b Beginning, err error) {
	var key, at int64
	err = v.Row(ctx, "SELECT key, at FROM log WHERE key > $1 AND key < $2 ORDER BY key LIMIT 1",
		[]any{crm.RecordKey(workspace, 0), crm.RecordKey(workspace+1, 0)}, &key, &at)
	if found, err := engine.Found(err); !found {
		return b, err
	}
	return Beginning{crm.RecordNumber(key), time.UnixMilli(at)}, nil
}
