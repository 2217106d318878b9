package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
	"crmkit/store/postgres/dialect"
)

// oldest is the oldest version of PostgreSQL that works, as server_version_num.
const oldest = 150000

// checkServer returns an error for a server that cannot be used, and reads the name of the schema.
func (db *DB) checkServer(ctx context.Context, c *Conn) error {
	var version, encoding, recovery string
	err := c.RowUntil(ctx, "SELECT current_setting('server_version_num'), current_setting('server_encoding'), pg_is_in_recovery()::text, COALESCE(current_schema(), '')", nil,
		&version, &encoding, &recovery, &db.schema)
	if err != nil {
		return err
	}
	number, _ := strconv.Atoi(version)
	switch {
	case number < oldest:
		return fmt.Errorf("%s runs PostgreSQL %d.%d; crmkit needs 15 or newer", Name(db.opts.Address), number/10000, number%10000)
	case encoding != "UTF8":
		return fmt.Errorf("%s stores texts as %s; crmkit needs a database with the encoding UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)", Name(db.opts.Address), encoding)
	case recovery == "true":
		return fmt.Errorf("%s is a standby, which takes no writes; name all hosts, and add target_session_attrs=read-write to the address", Name(db.opts.Address))
	case db.schema == "":
		return fmt.Errorf("%s: the user may use no schema of the search_path; create one (CREATE SCHEMA crmkit AUTHORIZATION …), or grant CREATE on schema public", Name(db.opts.Address))
	}
	db.schema = pgx.Identifier{db.schema}.Sanitize()
	db.statements.Schema = db.schema
	return nil
}

// ownTables makes the tables of the engine. The row 0 of migrations is locked by a server that changes the
// schema; its checksum is that of Options.Functions. needs is the schema that a program must know
// at least to write to the database after the migration. batches has the ids of recent transactions;
// kept is 0 if the transaction can never commit.
const ownTables = `CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, needs BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, kept BIGINT NOT NULL, at BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS batches_at ON batches (at);
INSERT INTO migrations (number, name, checksum, applied_at, needs) VALUES (0, 'functions', '', 0, 0) ON CONFLICT DO NOTHING`

// state is what a database has of the schema.
type state struct {
	sums      []string // of its migrations, in their order
	needs     int      // the highest of the column needs
	functions string   // the checksum of the functions
	mark      engine.Mark
}

// migrate brings the database to the newest schema, in one transaction. Several servers may start
// at the same time: one does it, the others wait.
func (db *DB) migrate(ctx context.Context, c *Conn) error {
	known, err := engine.LoadMigrations(db.opts.Migrations)
	if err != nil {
		return err
	}
	db.known = len(known)
	has, err := db.readState(ctx, c)
	if err != nil {
		return err
	}
	if err := db.check(has, known); err != nil || db.complete(has, known) {
		return err
	}
	return db.retry(func() error { return db.upgrade(ctx, c, known) })
}

// retry runs a step again, a few times, that another server was in the way of. CREATE TABLE IF NOT
// EXISTS fails where two do it at the same time.
func (db *DB) retry(step func() error) error {
	for tries := 1; ; tries++ {
		err := step()
		var known *pgconn.PgError
		hindered := errors.As(err, &known) && slices.Contains(hindrances, known.Code)
		if err == nil || !hindered && db.Fault(err) != engine.Conflict || tries == 5 {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// hindrances are the codes of a CREATE TABLE or CREATE INDEX whose name is taken, or that of its type,
// and of a wait for a lock.
var hindrances = []string{"42P07", "42710", lockTimeout}

// complete reports whether nothing is to be done.
func (db *DB) complete(has state, known []engine.Migration) bool {
	return len(has.sums) >= len(known) && (len(has.sums) > len(known) || has.functions == checksum(db.opts.Functions))
}

// readState reads what the database has; nothing if it is empty.
func (db *DB) readState(ctx context.Context, c *Conn) (has state, err error) {
	var own, others bool
	err = c.RowUntil(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = current_schema() AND k.relname = 'migrations'),
		EXISTS (SELECT 1 FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = current_schema() AND k.relkind IN ('r', 'p', 'v') AND k.relname IN ('users', 'contacts', 'workspaces', 'usage', 'log'))`, nil, &own, &others)
	if err != nil || !own && !others {
		return has, err
	}
	if !own {
		return has, fmt.Errorf("%s has tables of another program in the schema %s; make a database of its own: CREATE DATABASE crm", Name(db.opts.Address), db.schema)
	}
	foreign := func(why string) error {
		return fmt.Errorf("%s has a table migrations of another program in the schema %s; make a database of its own (CREATE DATABASE crm): %s", Name(db.opts.Address), db.schema, why)
	}
	err = c.Rows(ctx, "SELECT number, name, checksum, applied_at, needs FROM migrations ORDER BY number", nil, func(scan func(...any) error) error {
		var number, at int64
		var needs int
		var name, sum string
		if err := scan(&number, &name, &sum, &at, &needs); err != nil {
			return foreign(err.Error())
		}
		switch number {
		case 0:
			has.functions = sum
		case engine.MarkNumber:
			has.mark = engine.NewMark(name, sum, at)
			return nil
		default:
			has.sums = append(has.sums, sum)
		}
		has.needs = max(has.needs, needs)
		return nil
	})
	var known *pgconn.PgError
	if errors.As(err, &known) && known.Code == undefinedColumn {
		err = foreign(known.Message)
	}
	return has, err
}

// undefinedColumn is the code of a statement with a column that its table lacks.
const undefinedColumn = "42703"

// check returns an error for a database that this program cannot use.
func (db *DB) check(has state, known []engine.Migration) error {
	if err := has.mark.Refusal(Name(db.opts.Address)); err != nil && !db.opts.whole {
		return err
	}
	if has.needs > len(known) {
		return fmt.Errorf("%s was upgraded by a newer crmkit (schema %d) so that this one, which knows %d, must not use it; upgrade the binary", Name(db.opts.Address), len(has.sums), len(known))
	}
	for i, sum := range has.sums[:min(len(has.sums), len(known))] {
		if known[i].Checksum != sum {
			return fmt.Errorf("%s: migration %s differs from the one this database was made with; use the crmkit that made it", Name(db.opts.Address), known[i].Name)
		}
	}
	return nil
}

// upgradeTime is how long an upgrade may take.
const upgradeTime = time.Hour

// upgrade runs what is missing, in one transaction.
func (db *DB) upgrade(ctx context.Context, c *Conn, known []engine.Migration) error {
	if err := db.createOwn(ctx, c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, upgradeTime) // another server may be at it
	defer cancel()
	c.begin()
	err := db.upgradeIn(ctx, c, known)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		return errors.Join(err, c.Rollback())
	}
	return nil
}

// createOwn makes the tables of the engine, if they are missing.
func (db *DB) createOwn(ctx context.Context, c *Conn) error {
	has, err := db.readState(ctx, c)
	if err != nil || len(has.sums) > 0 {
		return err
	}
	if err := c.script(ctx, dialect.Migration(ownTables)); err != nil {
		return fmt.Errorf("%s: the first tables of crmkit cannot be made: %w", Name(db.opts.Address), err)
	}
	return nil
}

// upgradeSettings are the settings of a transaction that changes the schema. An index takes its time. It
// waits for a table no longer than others do, because all readers of the table wait behind it.
const upgradeSettings = "SELECT set_config('statement_timeout', '0', TRUE), set_config('idle_in_transaction_session_timeout', '0', TRUE), set_config('lock_timeout', '15000', TRUE)"

// upgradeIn runs what is missing in the transaction of the connection.
func (db *DB) upgradeIn(ctx context.Context, c *Conn, known []engine.Migration) error {
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil},
		queued{upgradeSettings, nil})
	var locked int
	if err := c.RowUntil(ctx, "SELECT number FROM migrations WHERE number = 0 FOR UPDATE", nil, &locked); err != nil {
		return err
	}
	has, err := db.readState(ctx, c) // another server may have done it meanwhile
	if err == nil {
		err = db.check(has, known)
	}
	if err != nil || db.complete(has, known) {
		return err
	}
	if len(has.sums) > 0 {
		if err := c.script(ctx, db.opts.LockAll); err != nil {
			return err
		}
	}
	now := db.opts.Clock().UnixMilli()
	for _, m := range known[min(len(has.sums), len(known)):] {
		text := dialect.Migration(m.SQL)
		if len(has.sums) == 0 {
			text = dialect.WithoutRows(text)
		}
		if err := c.script(ctx, text); err != nil {
			return fmt.Errorf("%s: migration %s: %w", Name(db.opts.Address), m.Name, err)
		}
		if err := c.Send("INSERT INTO migrations (number, name, checksum, applied_at, needs) VALUES ($1, $2, $3, $4, $5)", m.Number, m.Name, m.Checksum, now, needsOf(m)); err != nil {
			return err
		}
	}
	if err := c.script(ctx, db.opts.Functions); err != nil {
		return fmt.Errorf("%s: functions: %w", Name(db.opts.Address), err)
	}
	if len(has.sums) > 0 && len(has.sums) < len(known) {
		if err := db.rewrite(ctx, c, len(has.sums)); err != nil {
			return err
		}
		db.opts.Log.Info("the schema was upgraded", "database", Name(db.opts.Address), "from", len(has.sums), "to", len(known))
	}
	stops := func(m engine.Migration) bool { return int(needsOf(m)) > has.needs }
	if len(has.sums) > 0 && slices.ContainsFunc(known[min(len(has.sums), len(known)):], stops) {
		if err := c.stopReads(ctx); err != nil {
			return err
		}
	}
	return c.Send("UPDATE migrations SET checksum = $1 WHERE number = 0", checksum(db.opts.Functions))
}

// rewrite computes what follows from other values anew, after an upgrade from a schema.
func (db *DB) rewrite(ctx context.Context, c *Conn, from int) error {
	if db.opts.Rewrite == nil {
		return nil
	}
	return db.opts.Rewrite(ctx, c, from)
}

// additive matches the line by which a migration says from which schema on servers can go on
// beside it.
var additive = regexp.MustCompile(`(?m)^-- Servers of schema (\d+) can go on\.$`)

// needsOf returns the schema that a program must know to write after a migration.
func needsOf(m engine.Migration) int64 {
	if line := additive.FindStringSubmatch(m.SQL); line != nil {
		number, _ := strconv.ParseInt(line[1], 10, 64)
		return number
	}
	return m.Number
}

// script runs statements without arguments, in the transaction of the connection if it has one.
func (c *Conn) script(ctx context.Context, text string) error {
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	c.db.trips.Add(1)
	_, err := c.conn.PgConn().Exec(ctx, text).ReadAll()
	return named(ctx, c.dropBroken(err))
}

// checksum returns the checksum of a text.
func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
