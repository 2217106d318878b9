package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"crmkit/store/engine"
	"crmkit/store/postgres/dialect"
)

// Options say which database to open, and how.
type Options struct {
	Address    string           // a URL or a keyword string
	Migrations []fs.FS          // see engine.LoadMigrations; the database is upgraded to them
	Texts      []engine.Text    // of which LIKE finds parts
	Functions  string           // SQL of functions and indexes that only PostgreSQL has; run when it changes, after the migrations
	Heads      string           // SQL of a SELECT of the heads in the JSON array $1, in ascending order; FOR UPDATE is added
	CountHeads string           // SQL that counts the heads in the JSON array $1
	LockAll    string           // SQL that locks all heads, for an upgrade
	Clock      func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: nothing is logged
	// Rewrite computes values anew, at the end of an upgrade and in its transaction. from is the last
	// migration that the database had.
	Rewrite func(ctx context.Context, c engine.Conn, from int) error
	// Derive computes the tables that only PostgreSQL has from the others, and Complete adds the rows that
	// only PostgreSQL needs, both for a database that was moved; see engine.Whole. Nil: there are none.
	Derive, Complete func(ctx context.Context, c engine.Conn) error
	whole            bool // for a Whole: the database may have a mark
}

//go:embed functions.sql
var functions string

// How many connections a server uses at most. A workspace has always the same of the writing ones,
// so that more of them serve more workspaces at the same time.
const (
	writers  = 4
	readers  = 12
	accounts = 6
)

// Connections is how many connections one server uses at most.
const Connections = writers + readers + accounts

// DB is a database of PostgreSQL.
type DB struct {
	opts       Options
	config     *pgx.ConnConfig
	schema     string // that has the tables, quoted
	statements dialect.Statements
	known      int // the number of the last migration of this program
	writers    []*Conn
	trips      atomic.Int64
	dials      atomic.Int64
	explicit   bool // the address names the exec mode
	hosts      hosts
	distrusts  atomic.Int64    // how often the open connections turned out to be of no use
	life       context.Context // ends with Interrupt
	interrupt  context.CancelCauseFunc
	findsParts bool        // the indexes of Options.Texts are there
	pooled     atomic.Bool // a pooler is between this program and the server
}

// Open connects to a database and upgrades its schema. It returns an error, and changes nothing, if
// the database cannot be reached, is older than PostgreSQL 15 or not in UTF-8, has tables of
// another program, or a schema that this program cannot use.
func Open(ctx context.Context, opts Options) (*DB, error) {
	db, err := newDB(opts)
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		return nil, err
	}
	for range writers {
		db.writers = append(db.writers, newConn(db))
	}
	return db, nil
}

// newDB returns a database to which nothing has connected yet.
func newDB(opts Options) (*DB, error) {
	opts.Log = cmp.Or(opts.Log, slog.New(slog.DiscardHandler))
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	opts.Functions = functions + opts.Functions
	config, err := parse(opts.Address)
	db := &DB{opts: opts, config: config, explicit: namesMode(opts.Address)}
	db.life, db.interrupt = context.WithCancelCause(context.Background())
	return db, err
}

// prepare checks the server and upgrades the schema.
func (db *DB) prepare(ctx context.Context) error {
	c := newConn(db)
	defer c.Close()
	err := db.checkServer(ctx, c)
	if err == nil {
		err = db.migrate(ctx, c)
	}
	if err == nil {
		err = db.indexTexts(ctx, c)
	}
	return advised(db.config, err)
}

// Writers implements engine.DB.
func (db *DB) Writers() []engine.Conn {
	list := make([]engine.Conn, len(db.writers))
	for i, c := range db.writers {
		list[i] = c
	}
	return list
}

// Reader returns a connection that reads. It is opened by its first statement.
func (db *DB) Reader(context.Context) (engine.Conn, error) {
	c := newConn(db)
	c.reads = true
	return c, nil
}

// Traits implements engine.DB.
func (db *DB) Traits() engine.Traits {
	return engine.Traits{Shared: true, FindsParts: db.findsParts, Reads: readers, Accounts: accounts}
}

// CheckPlace implements engine.DB. A server is always in its place.
func (db *DB) CheckPlace() error { return nil }

// Sizes returns 0: PostgreSQL reads all files of a database to know its size.
func (db *DB) Sizes() (data, log int64) { return 0, 0 }

// RoundTrips implements engine.Remote.
func (db *DB) RoundTrips() int64 { return db.trips.Load() }

// Connects implements engine.Remote.
func (db *DB) Connects() int64 { return db.dials.Load() }

// Interrupt implements engine.Remote.
func (db *DB) Interrupt() { db.interrupt(&lostError{errors.New("this program ends")}) }

// Close closes the connections that write.
func (db *DB) Close() error {
	var errs []error
	for _, c := range db.writers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
