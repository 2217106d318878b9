package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
)

// A server may run while one of a newer version upgrades the schema, or while the database is moved.
// Each migration says which servers can go on (needsOf). One that cannot must neither write nor
// read: an old program might take what it reads for something else, and tell a client that its
// token is unknown. So each transaction asks for that in its first round trip, and so does each read
// outside of a transaction, but for those of sessions that need not (exempt.go).

// checkNeeds returns a row if a program of schema $1 must not read the database. One that is being
// moved away is complete, until it was.
const checkNeeds = "SELECT 1 FROM migrations WHERE needs > $1 AND checksum NOT LIKE 'leaving %'"

// needsCheck returns the statement that is sent before others, to be looked at by note.
func (db *DB) needsCheck() queued { return queued{checkNeeds, []any{db.known}} }

// refusal returns the error of a server that must not use the database any more.
func (db *DB) refusal(ctx context.Context) error {
	c := newConn(db)
	defer c.Close()
	var needs int
	if err := c.RowUntil(ctx, "SELECT MAX(needs) FROM migrations", nil, &needs); err != nil {
		return err
	}
	if needs < engine.MarkNumber {
		return &engine.RefusedError{
			Cause: fmt.Errorf("a newer crmkit has upgraded the schema of %s so that this one, which knows schema %d, must not use it; upgrade this server too", Name(db.opts.Address), db.known),
			Hint:  "a newer crmkit has upgraded the database, and this server is too old to use it: nothing was read or saved. Try again, another server may answer. The operator must upgrade this one too."}
	}
	mark, err := c.mark(ctx)
	if err == nil && mark.Kind == "" {
		err = errors.New("a move of the database ended just now; try again")
	}
	if err != nil {
		return &lostError{err}
	}
	hint := "the database is being moved to another place: nothing was read or saved here. Try again in some minutes; the operator ends the move."
	if mark.Kind == engine.Moved {
		hint = "the database was moved to another place: nothing was read or saved here. The operator must start the server with the new one."
	}
	return &engine.RefusedError{Cause: mark.Refusal(Name(db.opts.Address)), Hint: hint}
}

// mark reads the mark of the database.
func (c *Conn) mark(ctx context.Context) (engine.Mark, error) {
	var name, sum string
	var at int64
	found, err := engine.Found(c.RowUntil(ctx, "SELECT name, checksum, applied_at FROM migrations WHERE number = $1", []any{engine.MarkNumber}, &name, &sum, &at))
	if !found {
		return engine.Mark{}, err
	}
	return engine.NewMark(name, sum, at), nil
}

// unknownCodes are the codes of statements with a table or column that is not there: undefined_table and
// undefined_column.
var unknownCodes = map[string]bool{"42P01": true, "42703": true}

// explain returns the error of a statement. If it names a table or column that is gone, the schema
// may have been changed since the check. A database that is only looked at has no check.
func (db *DB) explain(ctx context.Context, text string, err error) error {
	var known *pgconn.PgError
	if text == checkNeeds || db.known == 0 || !errors.As(err, &known) || !unknownCodes[known.Code] {
		return err
	}
	c := newConn(db)
	defer c.Close()
	var found int
	if c.RowUntil(ctx, checkNeeds, []any{db.known}, &found) == nil {
		return db.refusal(ctx)
	}
	return err
}
