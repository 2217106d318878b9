package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Role says what a process does with a whole database.
type Role int

// What is done with a database.
const (
	// Look reads it, also while servers write to it, and changes nothing. A database that does not
	// exist yet is empty.
	Look Role = iota + 1
	// Leave reads it, and marks it.
	Leave
	// Return takes its mark. Its schema may be older.
	Return
	// Arrive fills it. It is made if it does not exist.
	Arrive
)

// Whole is a database with all its tables, whatever is in them, as a move from one engine to
// another sees it. It is one connection, and serves one goroutine at a time. Unless it is only
// looked at, no other process can have it as a Whole at the same time; servers are kept out by a
// Mark. No statement has a time limit.
//
// BeginWrite locks all heads, whichever the caller names, so it waits for the writes under way.
type Whole interface {
	Conn
	// Name returns the name of the database for messages, without a password.
	Name() string
	// Others names the servers and commands that have the database open, as far as that is known;
	// empty: none. remedy says what to do if they seem to have it open and no longer run.
	Others(ctx context.Context) (who, remedy string, err error)
	// Verify returns an error that says what is damaged in the database.
	Verify(ctx context.Context) error

	// Tables returns the tables in the order of their names, with those that only this engine has.
	Tables(ctx context.Context) ([]Table, error)
	// Parts returns what can be dropped before many rows are written, and made from them faster
	// afterwards: indexes, then references.
	Parts(ctx context.Context) ([]Part, error)
	// Run runs a statement without arguments, as it is.
	Run(ctx context.Context, text string) error
	// Read calls each for the rows of a table whose key is after a key, in the order of the keys; nil:
	// for all rows. Values are int64, string or nil. The row is valid during the call. It stops at the
	// first error of each.
	Read(ctx context.Context, t Table, after []any, each func(row []any) error) error
	// Insert writes rows in the transaction at hand, each with a value for each column of the table.
	Insert(ctx context.Context, t Table, rows [][]any) error

	// Mark returns the mark of the database.
	Mark(ctx context.Context) (Mark, error)
	// SetMark sets the mark of the database, or removes it if it is the zero Mark, in the transaction
	// at hand.
	SetMark(m Mark) error
	// Derive computes the tables that only this engine has from the others, in the transaction at hand.
	Derive(ctx context.Context) error
	// Complete adds the rows that only this engine needs in tables of both, in the transaction at
	// hand. It is the last change before the database is used.
	Complete(ctx context.Context) error
}

// Table is a table as the schema has it.
type Table struct {
	Name    string
	Columns []Column
	Key     []int // the columns of its primary key, in their order; empty: it has none
}

// Column is a column of a table.
type Column struct {
	Name string
	Text bool // its values are texts; false: whole numbers
}

// Part is an index or a reference.
type Part struct {
	Table string `json:"table"`
	Name  string `json:"name"`
	Drop  string `json:"drop"` // the statement that drops it
	Make  string `json:"make"` // the statement that makes it
}

// Mark says that a database must not be used. It is a row of the table migrations, with a number
// after all others, so that versions of the program refuse the database that know of no
// marks: they count one migration more than they have.
type Mark struct {
	Kind MarkKind
	Move string    // the random id of the move, which both databases have
	Peer string    // the name of the other database
	At   time.Time // when the mark was set
}

// MarkKind says why a database has a mark. It is empty for a database without one.
type MarkKind string

// Why a database must not be used.
const (
	// Leaving is the mark of a database that is being moved. It still has the only complete data.
	Leaving MarkKind = "leaving"
	// Arriving is the mark of a database into which another is being moved.
	Arriving MarkKind = "arriving"
	// Moved is the mark of a database that was moved: the other one is used now.
	Moved MarkKind = "moved"
)

// MarkNumber is the number of a mark in the table migrations.
const MarkNumber = 1_000_000_000

// Refusal returns the error for a database that is not used because of its mark; nil without a
// mark.
func (m Mark) Refusal(name string) error {
	switch m.Kind {
	case "":
		return nil
	case Leaving:
		return fmt.Errorf("a move of %s to %s has begun and is not finished; run the same crmkit move again, or give it up: crmkit move --undo --from %s", name, m.Peer, name)
	case Arriving:
		return fmt.Errorf("a move of %s into %s is not finished; run the same crmkit move again, or delete %s", m.Peer, name, name)
	}
	return fmt.Errorf("%s was moved to %s on %s; start crmkit with that database as --db. To use %s again, without what was written there since: crmkit move --undo --from %s",
		name, m.Peer, m.At.UTC().Format(time.DateOnly), name, name)
}

// Code returns what the column checksum has of a mark. The column name has the peer, and applied_at
// the time.
func (m Mark) Code() string { return string(m.Kind) + " " + m.Move }

// NewMark returns the mark of a row: its columns name, checksum and applied_at.
func NewMark(name, checksum string, appliedAt int64) Mark {
	kind, move, _ := strings.Cut(checksum, " ")
	return Mark{Kind: MarkKind(kind), Move: move, Peer: name, At: time.UnixMilli(appliedAt)}
}

// Quote returns a name as an SQL identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Head returns the table and its columns, as INSERT INTO and COPY take them.
func (t Table) Head() string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, Quote(c.Name))
	}
	return Quote(t.Name) + " (" + strings.Join(names, ", ") + ")"
}

// ReadText returns the statement that reads all rows in the order of their keys, or those after a
// key whose columns are the arguments.
func (t Table) ReadText(args int) string {
	_, columns, _ := strings.Cut(t.Head(), " (")
	var key, places []string
	for i, at := range t.Key {
		key = append(key, Quote(t.Columns[at].Name))
		places = append(places, fmt.Sprintf("$%d", i+1))
	}
	text, order := "SELECT "+strings.TrimSuffix(columns, ")")+" FROM "+Quote(t.Name), strings.Join(key, ", ")
	if args > 0 {
		text += " WHERE (" + order + ") > (" + strings.Join(places, ", ") + ")"
	}
	return text + " ORDER BY " + order
}

// RowError is the error of an Insert for one of its rows.
type RowError struct {
	Row int // which one, from 0 on
	Err error
}

func (e *RowError) Error() string { return e.Err.Error() }

func (e *RowError) Unwrap() error { return e.Err }
