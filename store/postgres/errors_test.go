package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// TestFault checks what kind of failure an error is, and whether the connection is of use after it.
func TestFault(t *testing.T) {
	db := &DB{}
	for _, c := range []struct {
		err    error
		fault  engine.Fault
		broken bool
	}{
		{nil, engine.NoFault, false},
		{errors.New("of the program"), engine.NoFault, true},
		{context.Canceled, engine.NoFault, true},
		{engine.ErrNoRows, engine.NoFault, true},
		{&lostError{io.EOF}, engine.Machine, true},
		{&pgconn.PgError{Code: "23505"}, engine.Conflict, false},                             // unique_violation
		{&pgconn.PgError{Code: "23503"}, engine.Conflict, false},                             // foreign_key_violation
		{&pgconn.PgError{Code: "40001"}, engine.Conflict, false},                             // serialization_failure
		{&pgconn.PgError{Code: "40P01"}, engine.Conflict, false},                             // deadlock_detected
		{&pgconn.PgError{Code: "55P03"}, engine.Machine, false},                              // lock_not_available
		{&pgconn.PgError{Code: "23502"}, engine.NoFault, false},                              // not_null_violation
		{&pgconn.PgError{Code: "23514"}, engine.NoFault, false},                              // check_violation
		{&pgconn.PgError{Code: "42601"}, engine.NoFault, false},                              // syntax_error
		{&pgconn.PgError{Code: "22P02"}, engine.NoFault, false},                              // invalid_text_representation
		{&pgconn.PgError{Code: "25P02"}, engine.NoFault, false},                              // in_failed_sql_transaction
		{&pgconn.PgError{Code: "25006"}, engine.Machine, true},                               // read_only_sql_transaction
		{&pgconn.PgError{Code: "53100"}, engine.Machine, false},                              // disk_full
		{&pgconn.PgError{Code: "53300"}, engine.Machine, false},                              // too_many_connections
		{&pgconn.PgError{Code: "57014"}, engine.Machine, false},                              // query_canceled: it took too long
		{&pgconn.PgError{Code: "57P01"}, engine.Machine, true},                               // admin_shutdown
		{&pgconn.PgError{Code: "57P03"}, engine.Machine, true},                               // cannot_connect_now
		{&pgconn.PgError{Code: "08006"}, engine.Machine, true},                               // connection_failure
		{&pgconn.PgError{Code: "58030"}, engine.Machine, false},                              // io_error
		{&pgconn.PgError{Code: "XX001"}, engine.Machine, false},                              // data_corrupted
		{&pgconn.PgError{Code: "25P03", SeverityUnlocalized: "FATAL"}, engine.Machine, true}, // idle_in_transaction_session_timeout
		{&pgconn.PgError{Code: "", SeverityUnlocalized: "ERROR"}, engine.NoFault, false},
	} {
		wrapped := c.err
		if wrapped != nil {
			wrapped = fmt.Errorf("a statement: %w", errors.Join(engine.ErrNotCommitted, c.err))
		}
		if got := db.Fault(wrapped); got != c.fault {
			t.Errorf("%v is the fault %d, want %d", c.err, got, c.fault)
		}
		if got := broke(c.err); got != c.broken {
			t.Errorf("%v breaks the connection: %t", c.err, got)
		}
	}
}

// TestCallersErrorsKeepTheConnection reads rows with a function that fails, and cancels a read. After
// the first the connection is the same, after the second another.
func TestCallersErrorsKeepTheConnection(t *testing.T) {
	db := opened(t, pgtest.Database(t), 1)
	c := newConn(db)
	defer c.Close()
	process := func() (n int64) {
		must(t, c.Row("SELECT pg_backend_pid()::BIGINT", nil, &n))
		return n
	}
	first, oops := process(), errors.New("oops")
	err := c.Rows(t.Context(), "SELECT generate_series(1, 100000)", nil, func(func(...any) error) error { return oops })
	if !errors.Is(err, oops) || db.Fault(err) != engine.NoFault || process() != first {
		t.Errorf("an error of the caller: %v", err)
	}
	err = c.Rows(t.Context(), "SELECT 'text'", nil, func(scan func(...any) error) error { return scan(new(int64)) })
	if err == nil || db.Fault(err) != engine.NoFault || process() != first {
		t.Errorf("a text that is read as a number: %v", err)
	}
	if err := c.Rows(t.Context(), "SELECT nothing", nil, nil); db.Fault(err) != engine.NoFault || process() != first {
		t.Errorf("a wrong statement: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = c.Rows(ctx, "SELECT generate_series(1, 100000000)", nil, func(func(...any) error) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || db.Fault(err) != engine.NoFault || process() == first {
		t.Errorf("a cancelled read: %v", err)
	}
	first = process()
	pgtest.Shared(t).TerminateBackends(t, db.opts.Address)
	if process() == first {
		t.Error("the server did not end the connection")
	}
}
