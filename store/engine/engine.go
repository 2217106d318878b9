package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// DB is an open database.
type DB interface {
	// Writers returns the connections that write. Each belongs to one goroutine.
	Writers() []Conn
	// Reader opens a connection that reads. The caller closes it.
	Reader(ctx context.Context) (Conn, error)
	// Traits says what the store must know of the engine.
	Traits() Traits
	// Tidy deletes rows of the engine itself that are of no use any more.
	Tidy(ctx context.Context) error
	// CheckPlace returns an error where what is written now would be lost with the process: the file of
	// the database was removed or replaced.
	CheckPlace() error
	// Fault says what kind of failure an error is that a statement returned.
	Fault(err error) Fault
	// Sizes returns the bytes of the database and of its log; 0 where that is not known at once.
	Sizes() (data, log int64)
	// Close closes the connections that write, and the database. Those that read must be closed before.
	Close() error
}

// Remote is a DB that is reached over a network.
type Remote interface {
	// RoundTrips returns how often a connection has waited for the server so far.
	RoundTrips() int64
	// Connects returns how many connections were opened so far. After the start more are opened only
	// where some were lost.
	Connects() int64
	// Interrupt ends the statements that run, and lets no further ones begin. It is for a program that
	// ends and does not wait any longer for a server that does not answer.
	Interrupt()
}

// Traits are the differences between engines that the store acts upon.
type Traits struct {
	// Shared is true if other processes write to the database. Nothing of it may be kept in memory
	// then, and writers lock what they change.
	Shared bool
	// FindsParts is true if the database has indexes that find parts of texts. Some of a shared one
	// have none.
	FindsParts bool
	// Exclusive is true if a reader and the writer must not run at the same time: the engine has no
	// snapshots.
	Exclusive bool
	// Reads is how many connections may read at the same time; 0: as many as there are processors.
	Reads int
	// Accounts is how many more connections serve the short reads of accounts; 0: two.
	Accounts int
}

// Conn is one connection to a database. It serves one goroutine at a time.
//
// Methods without a context return soon: on SQLite before a cancellation could have an effect, on
// PostgreSQL within the deadline of a statement.
type Conn interface {
	// Exec runs a statement that returns no rows, and returns how many rows it changed.
	Exec(text string, args ...any) (changed int64, err error)
	// Send runs a statement whose result nobody reads. It may run later, but before the next
	// statement of the connection and before the commit; its error is then theirs.
	Send(text string, args ...any) error
	// Row reads one row into dest. Without a row the error is ErrNoRows. It is for rows that are
	// found at once; a statement that reads many rows to find one uses RowUntil.
	Row(text string, args []any, dest ...any) error
	// RowUntil is Row for a row that may take long to find, such as a count. It stops when the context
	// ends.
	RowUntil(ctx context.Context, text string, args []any, dest ...any) error
	// Rows calls each for every row, and stops at its first error. SQLite checks the context only until
	// the first row, so a statement that may take long must find all its rows before it returns one: it
	// counts, sorts, or reads from a materialized subquery.
	Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error
	// Texts returns the column of a statement that has one column of texts.
	Texts(ctx context.Context, text string, args ...any) ([]string, error)
	// Several runs statements and calls the function of each for every row of it, in their order. Where the
	// database is on another machine they are sent together.
	Several(list []Question) error
	// Exists reports whether a statement with one argument finds a row.
	Exists(text string, arg int64) (found bool, err error)

	// BeginRead begins a transaction in which all reads see the same snapshot.
	BeginRead() error
	// BeginWrite begins a transaction that writes. It locks the heads of workspaces, so that no other
	// transaction, also of other processes, writes to them until the end; 0 is the head of what is in
	// no workspace. The list is in ascending order. Where others hold heads for long the error is a
	// HeldError, and no transaction has begun.
	BeginWrite(heads []int64) error
	// Commit commits the transaction. After ErrNotCommitted nothing of it is kept; after any other error
	// that is not known. The transaction may still be open after an error.
	Commit() error
	// Rollback rolls the transaction back. Without an open transaction it may return an error.
	Rollback() error
	// Savepoint begins a savepoint. The name must be one of the program: it becomes SQL text. Within
	// another savepoint it must be another name.
	Savepoint(name string) error
	// Release ends the last savepoint of the name and keeps the changes since.
	Release(name string) error
	// RollbackTo undoes the changes since the last savepoint of the name, and ends it.
	RollbackTo(name string) error
	// DeferReferences has references checked at the end of the transaction, not with each statement.
	DeferReferences() error

	// Version returns a number that changes when another process has committed to a database that
	// is not shared; 0 for a shared one.
	Version() (int64, error)
	// PagesRead returns how many pages the connection has read so far; 0 where that is not known.
	PagesRead() int
	// Checkpoint writes the log of the database into its file, and empties it.
	Checkpoint() error
	Close() error
}

// Question is a statement and what is done with its rows.
type Question struct {
	Text string
	Args []any
	Each func(scan func(...any) error) error
}

// Fault is a kind of failure of a statement.
type Fault int

const (
	// NoFault is an error that the engine did not cause, or a wrong statement.
	NoFault Fault = iota
	// Machine is a failure below the database: the disk, the network, a server that shuts down. The
	// same statement may work later.
	Machine
	// Conflict is a failure because another transaction wrote at the same time. The whole transaction
	// works if it runs again.
	Conflict
)

// HeldError is the error of BeginWrite that has waited in vain for heads.
type HeldError struct {
	Heads []int64 // those that others hold, as far as is known
	Cause error
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("others hold the heads %d: %v", e.Heads, e.Cause)
}

func (e *HeldError) Unwrap() error { return e.Cause }

// ErrNoRows is the error of a read of one row that found no row.
var ErrNoRows = sql.ErrNoRows

// ErrNotCommitted is the error of a commit that is known to have kept nothing.
var ErrNotCommitted = errors.New("the transaction was not committed")

// RefusedError is the error of reads and writes in a database that this program must not use any more:
// a newer one has upgraded it, or it was moved. Its fault is Machine.
type RefusedError struct {
	Cause error  // for the operator
	Hint  string // the reason and the next step, for clients
}

func (e *RefusedError) Error() string { return e.Cause.Error() }

func (e *RefusedError) Unwrap() error { return e.Cause }

// Found separates a missing row from a failure: for ErrNoRows it returns false and no error, for
// any other error false and the error.
func Found(err error) (found bool, _ error) {
	if errors.Is(err, ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Text is an expression on the columns of a table with the column workspace_id. The engine keeps an
// index by which LIKE finds its parts, if the extension pg_trgm can be used.
type Text struct {
	Table string
	SQL   string
}
