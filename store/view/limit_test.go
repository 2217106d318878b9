package view

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crmkit/crm"
)

// TestLongReadsSayWhatToDo ends a read by its own limit, by a shorter one of its caller, by the client, and
// by an error.
func TestLongReadsSayWhatToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := errors.New("another error")
		for name, c := range map[string]struct {
			caller time.Duration // until the context of the caller ends
			err    error         // of the read, if it is not that of its context
			want   error         // nil: the answer says what to do
		}{
			"by itself":     {time.Hour, nil, nil},
			"by the caller": {time.Second, nil, context.DeadlineExceeded},
			"by an error":   {time.Hour, other, other},
		} {
			caller, cancel := context.WithTimeout(t.Context(), c.caller)
			ctx, end := limited(caller)
			<-ctx.Done()
			err := c.err
			if err == nil {
				err = fmt.Errorf("a statement: %w", ctx.Err())
			}
			got := explained(ctx, err)
			var known *crm.Error
			if says := errors.As(got, &known); says != (c.want == nil) || !says && !errors.Is(got, c.want) {
				t.Errorf("%s: %v", name, got)
			}
			end()
			cancel()
		}
	})
}
