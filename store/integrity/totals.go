package integrity

import (
	"context"
	"errors"
	"time"

	"crmkit/store/engine"
)

// Totals are read from the tables of a database.
type Totals struct {
	Users      int64     // accounts
	LastChange time.Time // the latest change in the log; zero: none
}

// Read reads them.
func (t *Totals) Read(ctx context.Context, c engine.Conn) error {
	var at *int64
	err := errors.Join(c.RowUntil(ctx, "SELECT COUNT(*) FROM users", nil, &t.Users), c.RowUntil(ctx, "SELECT MAX(at) FROM log", nil, &at))
	if at != nil {
		t.LastChange = time.UnixMilli(*at)
	}
	return err
}
