package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"crmkit/store/engine"
)

// Options say which database to open, and how.
type Options struct {
	Path   string           // a file, or Memory
	Schema Schema           // the database is upgraded to it
	Engine *Engine          // nil: one without functions
	Clock  func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
	LockAs string           // the command that takes the lock, for error messages of other processes; empty: "crmkit"
	role   engine.Role      // of a Whole: the file may have a mark, is not upgraded, and nobody else may have it open; 0: it is no Whole
}

// DB is an open database: one connection that writes and any number that read.
type DB struct {
	opts   Options
	dsn    string
	lock   *Lock // of the file, until it is closed; nil in memory
	writes *sql.DB
	reads  *sql.DB
	writer *Conn
	file   fs.FileInfo // the file that was opened; nil: it is in memory
}

// Open opens or creates a database and upgrades its schema. It returns an error, and changes
// nothing, if the file was written by a newer version, is damaged or is not one of crmkit; if its
// folder is not a safe place for it; if another process holds its lock; or if it needs an
// upgrade and another process has it open without the lock.
func Open(ctx context.Context, opts Options) (*DB, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Engine == nil {
		opts.Engine = NewEngine(nil)
	}
	opts.Log = cmp.Or(opts.Log, slog.New(slog.DiscardHandler))
	db := &DB{opts: opts, dsn: openDSN(opts.Path)}
	if err := db.open(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) error {
	if db.opts.Path != Memory {
		if err := db.prepareFile(ctx); err != nil {
			return err
		}
	}
	err := retryLocked(ctx, func() (err error) {
		db.writes, err = openWriter(ctx, db.opts.Engine, db.dsn)
		return err
	})
	if err != nil {
		return describeOpenError(db.opts.Path, err)
	}
	conn, err := db.writes.Conn(ctx)
	if err != nil {
		return err
	}
	db.writer = newConn(conn)
	if db.opts.role == 0 {
		err = migrate(ctx, db.writer, db.opts)
	}
	if err != nil {
		return err
	}
	if db.reads, err = openReaders(ctx, db.opts.Engine, db.dsn); err == nil && db.opts.Path != Memory {
		db.file, err = os.Stat(db.opts.Path)
	}
	return err
}

// Close closes the writing connection and the file. Connections that read must be closed
// before.
func (db *DB) Close() error {
	var closers []io.Closer
	if db.writer != nil {
		closers = append(closers, db.writer)
	}
	for _, pool := range []*sql.DB{db.reads, db.writes} {
		if pool != nil {
			closers = append(closers, pool)
		}
	}
	replaced := db.replaced()
	err := closeAfter(nil, closers...)
	if replaced {
		err = errors.Join(err, db.setLogAside())
	}
	return errors.Join(err, db.lock.Release())
}

// replaced reports whether the path of the database leads to another file now.
func (db *DB) replaced() bool {
	if db.file == nil {
		return false
	}
	is, err := os.Stat(db.opts.Path)
	return err == nil && !os.SameFile(is, db.file)
}

// setLogAside renames the log of a file that was replaced while it was open. SQLite finds a log by
// its name, and would write that of the old file into the new one.
func (db *DB) setLogAside() error {
	log := db.opts.Path + "-wal"
	if sizeOf(log) == 0 {
		return nil
	}
	aside := log + ".replaced-" + time.Now().UTC().Format(stamp)
	err := os.Rename(log, aside)
	db.opts.Log.Warn("the database file was replaced while it was in use; the log of the old file has another name now", "log", aside, "error", err)
	return err
}

// closeAfter closes the closers, and joins their errors to err.
func closeAfter(err error, closers ...io.Closer) error {
	for _, c := range closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Writers returns the one connection that writes.
func (db *DB) Writers() []engine.Conn { return []engine.Conn{db.writer} }

// Traits implements engine.DB. A database in memory has no snapshots.
func (db *DB) Traits() engine.Traits { return engine.Traits{Exclusive: db.opts.Path == Memory} }

// Reader opens a connection that reads. The caller closes it.
func (db *DB) Reader(ctx context.Context) (engine.Conn, error) {
	conn, err := db.reads.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(conn), nil
}

// Tidy implements engine.DB. A file has no rows of the engine.
func (db *DB) Tidy(context.Context) error { return nil }

// CheckPlace returns an error if another file, or no file, has the path of the database now. Data
// that is written into a file without a name is lost when the process ends.
func (db *DB) CheckPlace() error {
	if db.file == nil {
		return nil
	}
	if is, err := os.Stat(db.opts.Path); err == nil && os.SameFile(is, db.file) {
		return nil
	}
	return errors.New("the database file was removed, moved or replaced while it is in use: " + db.opts.Path)
}

// Sizes returns the sizes of the file and of its write-ahead log in bytes; 0 in memory.
func (db *DB) Sizes() (file, log int64) {
	if db.file == nil {
		return 0, 0
	}
	return sizeOf(db.opts.Path), sizeOf(db.opts.Path + "-wal")
}

// prepareFile prepares the file before SQLite opens it for writing: it refuses a file that must not
// be opened, before it changes anything, and takes the lock.
func (db *DB) prepareFile(ctx context.Context) error {
	path := db.opts.Path
	if err := checkPlace(path, db.opts.Log); err != nil {
		return err
	}
	if _, err := db.opts.state(ctx); err != nil {
		return err
	}
	if err := checkWritable(path); err != nil {
		return err
	}
	var err error
	if db.lock, err = TakeLock(path, cmp.Or(db.opts.LockAs, "crmkit")); err != nil {
		return err
	}
	if err := checkNames(path); err != nil {
		return err
	}
	state, err := db.opts.state(ctx) // the last owner may have changed it before its lock ended
	if err != nil {
		return err
	}
	if db.opts.role != 0 {
		return checkUnused(path)
	}
	if len(state.pending) == 0 {
		return nil
	}
	db.warnOfLostLog(state)
	if err := db.waitForUpgrade(ctx, state); err != nil {
		return err
	}
	return makePrivate(path)
}

// warnOfLostLog logs a warning if SQLite has written to the file, and the file has neither a schema
// nor a log beside it: it was probably copied without its log.
func (db *DB) warnOfLostLog(state fileState) {
	if path := db.opts.Path; state.applied == 0 && sizeOf(path) > 0 && !hasLog(path) {
		db.opts.Log.Warn("the file is empty although it was in use: where it is a copy, its log was not copied with it (copy with crmkit backup); where a first start was cut short, nothing is lost", "path", path)
	}
}

// waitForUpgrade waits until no other process has the file open, if its schema will change. The
// lock excludes other processes of crmkit, but not other programs, nor old versions of crmkit
// that opened a file without the lock.
func (db *DB) waitForUpgrade(ctx context.Context, state fileState) error {
	if state.applied == 0 {
		return nil // no process works with a file that has no tables
	}
	for until := time.Now().Add(openTimeout); ; {
		user, err := usedBy(db.opts.Path)
		if user == "" || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s has schema %d and this crmkit would bring it to %d, but %s has it open; stop that first, or use its version of crmkit",
				db.opts.Path, state.applied, state.newest(), user)
		}
		if err := sleep(ctx); err != nil {
			return err
		}
	}
}
