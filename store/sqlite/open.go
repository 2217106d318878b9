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
)

// Options say which database to open, and what its caller brings along.
type Options struct {
	Path   string           // a file, or Memory
	Schema Schema           // to which the database is brought
	Engine *Engine          // nil: one without functions
	Clock  func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
	LockAs string           // hold the file against others that would, in the name of, say, "crmkit serve"; empty: open it beside them
}

// DB is an open database: one connection that writes and any number that read.
type DB struct {
	opts   Options
	dsn    string
	lock   *Lock // with LockAs, for life
	shared *Lock // while the schema changes
	writes *sql.DB
	reads  *sql.DB
	writer *Conn
	file   fs.FileInfo // as it was opened; nil: it is in memory
}

// Open opens or makes a database and brings its schema up to date. It refuses, and
// changes nothing: a file that a newer version wrote, that is damaged or not its own, a
// place where it would not be safe, a file that another process holds, and an upgrade
// under a process that works with the old schema.
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
	if err := migrate(ctx, db.writer, db.opts); err != nil {
		return err
	}
	err, db.shared = db.shared.Release(), nil
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
	return errors.Join(closeAfter(nil, closers...), db.shared.Release(), db.lock.Release())
}

// closeAfter closes what was opened, and adds the errors of that to an error.
func closeAfter(err error, closers ...io.Closer) error {
	for _, c := range closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Writer returns the one connection that writes. It belongs to one goroutine.
func (db *DB) Writer() *Conn { return db.writer }

// Reader returns a further connection that reads. The caller closes it.
func (db *DB) Reader(ctx context.Context) (*Conn, error) {
	conn, err := db.reads.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(conn), nil
}

// Locked reports whether the database is held against others, with Options.LockAs.
func (db *DB) Locked() bool { return db.lock != nil }

// Misplaced reports whether the file is not in its place any more. Data that is written
// into a file without a name is gone with the process.
func (db *DB) Misplaced() bool {
	if db.file == nil {
		return false
	}
	is, err := os.Stat(db.opts.Path)
	return err != nil || !os.SameFile(is, db.file)
}

// Sizes returns the sizes of the file and of its log; 0 in memory.
func (db *DB) Sizes() (file, log int64) {
	if db.file == nil {
		return 0, 0
	}
	return sizeOf(db.opts.Path), sizeOf(db.opts.Path + "-wal")
}

// prepareFile does what comes before SQLite opens the file for writing: it refuses what
// must not be opened, while nothing is changed yet, and takes the locks.
func (db *DB) prepareFile(ctx context.Context) error {
	path := db.opts.Path
	if err := checkPlace(path, db.opts.Log); err != nil {
		return err
	}
	state, err := stateOf(ctx, path, db.opts.Schema)
	if err != nil {
		return err
	}
	if err := checkWritable(path); err != nil {
		return err
	}
	if db.opts.LockAs != "" {
		if db.lock, err = LockExclusive(ctx, path, db.opts.LockAs); err != nil {
			return err
		}
		if state, err = stateOf(ctx, path, db.opts.Schema); err != nil { // it may have changed meanwhile
			return err
		}
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

// warnOfLostLog warns of a file that SQLite has written to and that holds no schema, with no
// log beside it. A file that another process is making looks the same, so only the process
// that holds the lock alone can tell.
func (db *DB) warnOfLostLog(state fileState) {
	if path := db.opts.Path; db.lock != nil && state.applied == 0 && sizeOf(path) > 0 && !hasLog(path) {
		db.opts.Log.Warn("the file is empty although it was in use: where it is a copy, its log was not copied with it (copy with crmkit backup); where a first start was cut short, nothing is lost", "path", path)
	}
}

// waitForUpgrade waits until no other process is in the way of the pending steps: a schema
// does not change under a process that works with the old one.
func (db *DB) waitForUpgrade(ctx context.Context, state fileState) error {
	for until := time.Now().Add(lockTimeout); ; {
		obstacle, err := db.upgradeBlocker(state)
		if obstacle == "" || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s has schema %d and this crmkit would bring it to %d, but %s; stop that first, or use its version of crmkit",
				db.opts.Path, state.applied, state.newest(), obstacle)
		}
		if err := sleep(ctx); err != nil {
			return err
		}
		if state, err = stateOf(ctx, db.opts.Path, db.opts.Schema); err != nil || len(state.pending) == 0 {
			return err // another process brought it up to date
		}
	}
}

// upgradeBlocker names the process that is in the way of an upgrade, which may be a server
// that upgrades the file itself. Without one it returns nothing, and a lock is held.
func (db *DB) upgradeBlocker(state fileState) (process string, err error) {
	path := db.opts.Path
	if db.lock == nil {
		db.shared, err = lockShared(path)
		if errors.Is(err, errHeld) {
			return LockOwner(path) + " uses it", nil
		}
		if err != nil {
			return "", err
		}
	}
	if state.applied == 0 {
		return "", nil
	}
	user, err := usedBy(path)
	if user == "" || err != nil {
		return "", err
	}
	err, db.shared = db.shared.Release(), nil
	return user + " has it open", err
}
