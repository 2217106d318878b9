package view

import (
	"context"
	"errors"
	"time"

	"crmkit/crm"
)

// maxRead bounds how long one view may work.
const maxRead = 20 * time.Second

// errTooLong is the cause of the end of a context after maxRead.
var errTooLong = errors.New("a view worked for too long")

// limited returns a context that ends after maxRead at the latest.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, maxRead, errTooLong)
}

// explained returns what a client can do about the error of a view whose context, one of limited, has ended
// by itself: sent again at once it would take as long.
func explained(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errTooLong) {
		return crm.Errorf(crm.NotReady, "reading this took longer than %d s and was stopped. Narrow it with a filter (stage=customer, updated_at=gt:-30d), search for words of three letters or more, and leave out total=exact.", maxRead/time.Second)
	}
	return err
}
