package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
)

// Whole is a database with all its tables; see engine.Whole.
type Whole struct {
	*Conn
	guard *Conn // has a lock that only one Whole can have, in a transaction that lasts as long as it; nil: it only looks
	bare  bool  // the database has no tables
}

// moverName is the application name of the connections of a Whole, so that they are not
// mistaken for those of a server.
const moverName = "crmkit move"

// OpenWhole connects to a database for a move. It returns an error, and changes nothing, if the
// database does not have the newest schema, or if another Whole has it. Its tables are made for the
// role Arrive; for Look a database without tables is empty.
func OpenWhole(ctx context.Context, opts Options, role engine.Role) (*Whole, error) {
	db, err := newDB(opts)
	if err != nil {
		return nil, err
	}
	if db.config.RuntimeParams["application_name"] == serverName {
		db.config.RuntimeParams["application_name"] = moverName
	}
	db.opts.whole = true
	w := &Whole{Conn: newConn(db)}
	if err = w.prepare(ctx, role); err == nil && role != engine.Look {
		err = w.takeGuard(ctx)
	}
	if err != nil {
		return nil, errors.Join(advised(db.config, err), w.Close())
	}
	return w, nil
}

// prepare checks the server and the schema.
func (w *Whole) prepare(ctx context.Context, role engine.Role) error {
	if err := w.db.checkServer(ctx, w.Conn); err != nil {
		return err
	}
	known, err := engine.LoadMigrations(w.db.opts.Migrations)
	if err != nil {
		return err
	}
	w.db.known = len(known)
	has, err := w.db.readState(ctx, w.Conn)
	if err == nil {
		err = w.db.check(has, known)
	}
	switch {
	case err != nil:
		return err
	case role == engine.Arrive && has.mark.Kind == "":
		if err := w.db.migrate(ctx, w.Conn); err != nil {
			return err
		}
		return w.db.indexTexts(ctx, w.Conn) // the move makes the indexes anew from the rows
	case role == engine.Look && len(has.sums) == 0:
		w.bare = true
		return w.checkMayCreate(ctx)
	case len(has.sums) == 0:
		return fmt.Errorf("%s is empty; name the database of a server that has run", w.Name())
	case role == engine.Return:
		return nil
	case len(has.sums) > len(known):
		return fmt.Errorf("%s was upgraded by a newer crmkit (schema %d, this one knows %d); move it with that one", w.Name(), len(has.sums), len(known))
	case len(has.sums) < len(known) && has.mark.Kind != "":
		return fmt.Errorf("%w. That must be done with the crmkit that began it: this one has a newer schema", has.mark.Refusal(w.Name()))
	case len(has.sums) < len(known):
		return fmt.Errorf("%s has schema %d, and this crmkit has %d; upgrade it first: crmkit upgrade --db %s", w.Name(), len(has.sums), len(known), w.Name())
	}
	return nil
}

// checkMayCreate returns an error if the user may make no tables.
func (w *Whole) checkMayCreate(ctx context.Context) error {
	var may bool
	err := w.RowUntil(ctx, "SELECT has_schema_privilege(current_schema(), 'CREATE')", nil, &may)
	if err == nil && !may {
		err = fmt.Errorf("%s: the user may make no tables in the schema %s; GRANT CREATE ON SCHEMA %s TO the user, or make the user the owner of the database", w.Name(), w.db.schema, w.db.schema)
	}
	return err
}

// noTimeouts turns off, for a transaction, the limits that a server may have set. Not every
// version of PostgreSQL has each.
const noTimeouts = "SELECT set_config(name, '0', TRUE) FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout', 'jit')"

// takeGuard locks the row that an upgrade locks too, so that neither an upgrade nor another Whole
// runs beside this one.
func (w *Whole) takeGuard(ctx context.Context) error {
	w.guard = newConn(w.db)
	w.guard.begin()
	w.guard.waiting = []queued{{"BEGIN", nil}, {noTimeouts, nil}}
	var locked int
	err := w.guard.RowUntil(ctx, "SELECT number FROM migrations WHERE number = 0 FOR UPDATE NOWAIT", nil, &locked)
	if isLocked(err) {
		err = fmt.Errorf("another crmkit moves or upgrades %s; wait for it, or end it", w.Name())
	}
	return err
}

// isLocked reports whether a statement failed because a lock was not to be had in time
// (lock_not_available).
func isLocked(err error) bool {
	var known *pgconn.PgError
	return errors.As(err, &known) && known.Code == "55P03"
}

// Close closes the connections. It gives the lock back first: of a connection that was only closed
// PostgreSQL may hold it for some more milliseconds, in which the next Whole would be refused.
func (w *Whole) Close() error {
	if w.guard == nil {
		return w.Conn.Close()
	}
	_ = w.guard.Rollback() // if the connection is lost, so is the lock
	return errors.Join(w.Conn.Close(), w.guard.Close())
}

// Name returns the words for the address.
func (w *Whole) Name() string { return Name(w.db.opts.Address) }

// Others counts the connections of servers and commands. A pooler keeps connections for some time after
// a server has ended, and PostgreSQL those of a machine that is gone, so remedy is how to end them. A role
// may end its own.
func (w *Whole) Others(ctx context.Context) (who, remedy string, err error) {
	const text = `SELECT COUNT(*), COALESCE(left(string_agg(DISTINCT COALESCE(host(client_addr), 'its own machine'), ', '), 200), '')
		FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND application_name = $1`
	var n int
	var machines string
	err = w.RowUntil(ctx, text, []any{serverName}, &n, &machines)
	if err != nil || n == 0 {
		return "", "", err
	}
	remedy = fmt.Sprintf("if none runs any more, a pooler or a machine that is gone holds them, and this ends them: psql -c %s %s",
		shellQuote("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '"+serverName+"'"),
		shellQuote(forPrograms(w.db.config, w.db.opts.Address)))
	return fmt.Sprintf("servers or commands of crmkit with %d connections from %s", n, machines), remedy, nil
}

// Verify returns nil: PostgreSQL checks references and values when they are written.
func (w *Whole) Verify(context.Context) error { return nil }

// BeginRead implements engine.Conn.
func (w *Whole) BeginRead() error {
	w.begin()
	w.waiting = []queued{{beginRead, nil}, {noTimeouts, nil}}
	return nil
}

// BeginWrite implements engine.Conn. It waits until no server is in a transaction that writes.
func (w *Whole) BeginWrite([]int64) error {
	w.begin()
	w.waiting = []queued{{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil}, {noTimeouts, nil},
		{"SELECT set_config('lock_timeout', '20000', TRUE)", nil}, {w.db.opts.LockAll, nil}}
	err := w.flush()
	if err != nil {
		_ = w.Rollback()
	}
	if isLocked(err) {
		err = fmt.Errorf("servers are writing to %s; stop them first", w.Name())
	}
	return err
}

// Mark implements engine.Whole.
func (w *Whole) Mark(ctx context.Context) (engine.Mark, error) {
	if w.bare {
		return engine.Mark{}, nil
	}
	return w.mark(ctx)
}

// SetMark implements engine.Whole. needs makes servers refuse that run already.
func (w *Whole) SetMark(m engine.Mark) error {
	ctx, cancel := w.db.limited()
	defer cancel()
	if w.guard != nil {
		var one int
		if err := w.guard.Row("SELECT 1", nil, &one); err != nil {
			return fmt.Errorf("the lock on %s was lost: %w; run the same command again", w.Name(), err)
		}
	}
	if _, err := w.Exec("DELETE FROM migrations WHERE number = $1", engine.MarkNumber); err != nil || m.Kind == "" {
		return err
	}
	if m.Kind != engine.Leaving { // the servers of a database that is left may read until the end
		if err := w.stopReads(ctx); err != nil {
			return err
		}
	}
	_, err := w.Exec("INSERT INTO migrations (number, name, checksum, applied_at, needs) VALUES ($1, $2, $3, $4, $1)", engine.MarkNumber, m.Peer, m.Code(), m.At.UnixMilli())
	return err
}

// Derive implements engine.Whole.
func (w *Whole) Derive(ctx context.Context) error {
	if w.db.opts.Derive == nil {
		return nil
	}
	return w.db.opts.Derive(ctx, w)
}

// Complete runs the functions again, since they add rows, and has PostgreSQL count the values of the
// tables: the planner would know nothing of them for minutes.
func (w *Whole) Complete(ctx context.Context) error {
	if err := w.script(ctx, w.db.opts.Functions); err != nil {
		return err
	}
	if w.db.opts.Complete != nil {
		if err := w.db.opts.Complete(ctx, w); err != nil {
			return err
		}
	}
	tables, err := w.Tables(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = engine.Quote(t.Name)
	}
	return w.script(ctx, "ANALYZE "+strings.Join(names, ", "))
}
