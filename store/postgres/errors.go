package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
)

// lostError is the error of a statement whose connection was lost, or could not be opened.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "the connection to PostgreSQL: " + e.cause.Error() }

func (e *lostError) Unwrap() error { return e.cause }

// conflicts are the SQLSTATE codes of statements that another transaction was in the way of:
// unique_violation, foreign_key_violation, serialization_failure and deadlock_detected
// (postgresql.org/docs/current/errcodes-appendix.html). The rows that break a constraint were
// written after this transaction looked for them, since it looks before it writes.
var conflicts = map[string]bool{"23505": true, "23503": true, "40001": true, "40P01": true}

// lockTimeout is the code of a statement that has waited too long for another transaction, such as that
// of a server that was stopped. If it happens again and again the statement is not to blame.
const lockTimeout = "55P03"

// machineClasses are the first two characters of the codes for faults of the server and not of the
// statement: connection, resources, intervention of an operator, system, internal.
var machineClasses = map[string]bool{"08": true, "53": true, "57": true, "58": true, "XX": true}

// readOnly is the code of a write to a server that only reads, such as a primary that became a
// standby.
const readOnly = "25006"

// Fault implements engine.DB.
func (db *DB) Fault(err error) engine.Fault {
	var known *pgconn.PgError
	var lost *lostError
	var refused *engine.RefusedError
	switch {
	case errors.As(err, &lost), errors.As(err, &refused): // also where the server says why it lets nobody in
		return engine.Machine
	case errors.As(err, &known):
		if conflicts[known.Code] {
			return engine.Conflict
		}
		if known.Code == readOnly || known.Code == lockTimeout || ended(known) || len(known.Code) == 5 && machineClasses[known.Code[:2]] {
			return engine.Machine
		}
	}
	return engine.NoFault
}

// broke reports whether an error says that the connection is of no use any more: it was lost, the
// server ends it, or it does not take writes.
func broke(err error) bool {
	var known *pgconn.PgError
	var refused *dialError
	if errors.As(err, &known) && !errors.As(err, &refused) {
		return known.Code == readOnly || ended(known) || strings.HasPrefix(known.Code, "57P") || strings.HasPrefix(known.Code, "08")
	}
	return err != nil
}

// ended reports whether the server has closed the connection with an error: an operator did it, the
// server shuts down, or this program was stopped for so long that its transaction was taken for
// abandoned (25P03).
func ended(err *pgconn.PgError) bool {
	return err.SeverityUnlocalized == "FATAL" || err.SeverityUnlocalized == "PANIC"
}

// named returns the error of a statement as the store knows it: one that is neither of the server
// nor of the context of the caller is of the connection.
func named(ctx context.Context, err error) error {
	var known *pgconn.PgError
	var lost *lostError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case ctx.Err() != nil && errors.As(context.Cause(ctx), &lost): // see limited
		return lost
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &lost):
		return err
	}
	return &lostError{err}
}

// cmpError returns the first error that there is.
func cmpError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
