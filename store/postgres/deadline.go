package postgres

import (
	"context"
	"fmt"
	"time"
)

// statementTime is how long the methods of a Conn without a context wait for the server.
const statementTime = 30 * time.Second

// silence is how long a statement waits for its answer at least if its end by a deadline says that the
// server is silent, and not that the caller was in a hurry.
const silence = 5 * time.Second

// limited returns the context of a method without one. The error after its time, and after Interrupt, is
// one of the connection.
func (db *DB) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(db.life, statementTime, &lostError{fmt.Errorf("no answer within %v", statementTime)})
}

// bounded returns a context that ends, for a caller whose own may never do so.
func (db *DB) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ends := ctx.Deadline(); ends {
		return ctx, func() {}
	}
	own, cancel := context.WithTimeoutCause(ctx, statementTime, &lostError{fmt.Errorf("no answer within %v", statementTime)})
	stop := context.AfterFunc(db.life, cancel)
	return own, func() { stop(); cancel() }
}
