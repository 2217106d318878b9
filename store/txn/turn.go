package txn

import (
	"context"
	"errors"
	"runtime"
	"time"

	"crmkit/crm"
	"crmkit/store/fair"
)

// How many writes and reads may wait, and how long a read may.
const (
	maxWaiting      = 4096
	MaxWaitingOfOne = 1024 // of them, those of one tenant
	maxTurnWait     = 15 * time.Second
)

// tenantOf returns the tenant whose share the work of an actor takes: the user, in all
// workspaces, so that more workspaces give nobody a larger share, and colleagues do not
// wait for each other's work. Work that no user asked for is that of the workspace.
func tenantOf(actor crm.Actor) int64 {
	if actor.User != 0 {
		return actor.User
	}
	return -actor.Workspace
}

// processors returns how many processors the reads may use.
func processors() int { return max(2, runtime.NumCPU()) }

func newTurns(places int) *fair.Turns {
	return fair.NewTurns(places, fair.Limits{Total: maxWaiting, PerTenant: MaxWaitingOfOne}, maxTurnWait)
}

func newJobs() *fair.Batches[*job] {
	return fair.NewBatches[*job](fair.Limits{Total: maxWaiting, PerTenant: MaxWaitingOfOne})
}

// turnKey marks the context of somebody who has a turn.
type turnKey struct{}

// Turn waits until the actor may read records, and returns a context that carries the
// right: Read then has a connection for it without further waiting. Reads within a turn
// share it. The caller calls end when it has read. Account reads and work in the background
// need no turn: they have connections of their own.
func (d *DB) Turn(ctx context.Context, actor crm.Actor) (_ context.Context, end func(), err error) {
	if ctx.Value(turnKey{}) != nil {
		return ctx, func() {}, nil
	}
	end, err = d.turns.Take(ctx, tenantOf(actor))
	if err != nil {
		return ctx, nil, waitError(err)
	}
	return context.WithValue(ctx, turnKey{}, true), end, nil
}

// NoteActive says that an actor is at work without a turn. Sign-in and housekeeping are
// nobody's.
func (d *DB) NoteActive(actor crm.Actor) {
	if tenant := tenantOf(actor); tenant != 0 {
		d.turns.Note(tenant)
	}
}

// waitError returns the error for work that was not done because too much waited before it.
func waitError(err error) error {
	switch {
	case errors.Is(err, fair.ErrFull):
		return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the server has more requests waiting than it takes; nothing was done. Send it again in a moment."}
	case errors.Is(err, fair.ErrShareFull):
		refused := crm.Errorf(crm.RateLimited, "%d requests of yours wait already; nothing was done. Wait for answers before you send more.", MaxWaitingOfOne)
		refused.RetryAfter = retryAfter
		return refused
	case errors.Is(err, fair.ErrTimeout):
		return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the reads before this one take too long; nothing was read. Try again with fewer requests at the same time, or with narrower filters."}
	}
	return err
}
