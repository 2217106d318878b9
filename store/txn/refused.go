package txn

import (
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/store/engine"
)

// refusedError is the error of a server that must not use its database any more. Unlike other errors
// that are not_ready it says the reason and the next step to everybody: the operator may have no
// other sign.
type refusedError struct{ fault crm.Error }

func (e *refusedError) Error() string { return e.fault.Error() }
func (e *refusedError) Unwrap() error { return &e.fault }

const (
	refusedRetry = 5 * time.Second // when a client may try again: another server may answer it
	refusedLog   = 60              // seconds without a refusal, after which one is logged
)

// Refused reports whether a read or write failed because the server must not use its database any
// more, such as one that a newer version has upgraded.
func Refused(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused)
}

// unusable logs that the database could not be used in a step, and returns the error for the client:
// with the hint, unless a better one is known.
func (d *DB) unusable(step, hint string, err error) error {
	var refused *engine.RefusedError
	if errors.As(err, &refused) {
		if now := time.Now().Unix(); now-d.refused.Swap(now) > refusedLog { // every request meets it
			d.opts.Log.Error("this server must not use its database any more", "step", step, "error", err)
		}
		return &refusedError{crm.Error{Code: crm.NotReady, RetryAfter: refusedRetry, Hint: refused.Hint}}
	}
	d.opts.Log.Error(step+" failed", "error", err)
	return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: hint}
}
