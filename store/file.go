package store

import (
	"context"
	"embed"
	"io/fs"
	"sync"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store/duplicates"
	"crmkit/store/engine"
	"crmkit/store/integrity"
	"crmkit/store/postgres"
	"crmkit/store/refold"
	"crmkit/store/sqlite"
	"crmkit/store/words"
)

// What the store says of its file to the engine, and what a look at a file without a server finds.

//go:embed migrations/*.sql
var migrations embed.FS

// freshSchema makes in one step what the migrations make in a new file. TestNewSchema
// writes it (go test ./store -run TestNewSchema -update) and keeps it the same.
//
//go:embed schema.sql
var freshSchema string

// functions has the functions that questions call.
var functions = sync.OnceValue(func() *sqlite.Engine {
	return sqlite.NewEngine(map[string]func(text, part string) bool{
		query.TextContains: sqlite.Contains,
	})
})

// FileSchema describes the files of the store, with further migrations if there are any.
func FileSchema(further ...fs.FS) sqlite.Schema {
	s := sqlite.Schema{
		Migrations: append([]fs.FS{migrations}, further...),
		Fresh:      freshSchema,
		Rewrite:    rewrite,
		Values:     integrity.Values,
		Identity:   "SELECT value FROM meta WHERE name = 'secret'",
		Counts:     []sqlite.Table{{Name: "users"}, {Name: "workspaces"}, {Name: "members", Where: "workspace_id > 0"}},
	}
	for i := range catalog.Entities {
		if e := &catalog.Entities[i]; e.Can(crm.Create) { // what is deleted, but for its row, is in workspace 0
			s.Counts = append(s.Counts, sqlite.Table{Name: e.Plural, Where: "workspace_id > 0"})
		}
	}
	return s
}

// newestFolds is the last migration after which text is folded in another way than before, or more
// text than before, and newestKeys that after which the keys of duplicates are others, as after each of those.
const newestFolds, newestKeys = 27, 30

// rewrite computes what follows from other values, in a database that has it of an earlier version.
func rewrite(ctx context.Context, c engine.Conn, from int) (err error) {
	if from < newestFolds {
		err = refold.Run(ctx, c, catalog.Entities)
	}
	if err == nil && from < newestKeys {
		err = duplicates.Rebuild(ctx, c, catalog.Entities)
	}
	return err
}

// The head of a workspace is the row of usage with the end of its log. Row 0 is the head of what
// belongs to no workspace.
const (
	heads      = " FROM usage WHERE kind = '" + catalog.Storage + "' AND workspace_id IN (SELECT value FROM keys_of($1))"
	listHeads  = "SELECT workspace_id" + heads + " ORDER BY workspace_id"
	countHeads = "SELECT COUNT(*)" + heads
	lockAll    = "LOCK TABLE usage IN EXCLUSIVE MODE"
)

// postgresFunctions are the functions that questions call, and the head of what belongs to no workspace.
//
//go:embed postgres.sql
var postgresFunctions string

// addHeads makes the heads of workspaces in which nothing was written since there are heads. A file
// needs none, so one that was moved may lack some.
const addHeads = "INSERT INTO usage (workspace_id, kind, last, n, latest, astray) SELECT number, '" + catalog.Storage + "', 0, 0, 0, 0 FROM workspaces WHERE TRUE ON CONFLICT DO NOTHING"

// open opens the database with its engine.
func (o Options) open(ctx context.Context) (engine.DB, error) {
	if o.Shared() {
		return opened[engine.DB](postgres.Open(ctx, o.server()))
	}
	return opened[engine.DB](sqlite.Open(ctx, o.file()))
}

// OpenWhole opens the database for a move.
func OpenWhole(ctx context.Context, o Options, role engine.Role) (engine.Whole, error) {
	if o.Shared() {
		return opened[engine.Whole](postgres.OpenWhole(ctx, o.server(), role))
	}
	return opened[engine.Whole](sqlite.OpenWhole(ctx, o.file(), role))
}

// opened returns a database, or no database after an error.
func opened[I, D any](db D, err error) (database I, _ error) {
	if err != nil {
		return database, err
	}
	return any(db).(I), nil
}

// server returns the options of a database of PostgreSQL.
func (o Options) server() postgres.Options {
	return postgres.Options{Address: o.Path, Migrations: append([]fs.FS{migrations}, o.Migrations), Functions: words.Create + postgresFunctions, Rewrite: rewrite, Texts: words.Searched(), Heads: listHeads, CountHeads: countHeads, LockAll: lockAll,
		Derive:   func(ctx context.Context, c engine.Conn) error { return words.Rebuild(ctx, c, o.Schema) },
		Complete: func(_ context.Context, c engine.Conn) error { return c.Send(addHeads) }, Clock: o.Clock, Log: o.Log}
}

// Upgrade makes the database, or brings its schema up to date, as Open does, and leaves it closed.
func Upgrade(ctx context.Context, opts Options) error {
	db, err := opts.open(ctx)
	if err != nil {
		return err
	}
	return db.Close()
}

// file returns the options of a database file.
func (o Options) file() sqlite.Options {
	return sqlite.Options{Path: o.Path, Schema: FileSchema(o.Migrations), Engine: functions(), Clock: o.Clock, Log: o.Log, LockAs: o.LockAs}
}

// Health is what Check finds in a file.
type Health struct {
	sqlite.Health
	integrity.Totals
}

// ServerHealth is what CheckServer finds in a PostgreSQL database.
type ServerHealth struct {
	postgres.Health
	integrity.Totals
}

// Check checks the file of a store as sqlite.Check does.
func Check(ctx context.Context, path string) (h Health, err error) {
	h.Health, err = sqlite.Check(ctx, path, FileSchema(), func(c *sqlite.Conn) error { return h.Totals.Read(ctx, c) })
	return h, err
}

// CheckServer checks a PostgreSQL database as postgres.Check does.
func CheckServer(ctx context.Context, address string) (h ServerHealth, err error) {
	h.Health, err = postgres.Check(ctx, Options{Path: address}.server(), func(c engine.Conn) error { return h.Totals.Read(ctx, c) })
	return h, err
}

// Verify checks a whole file as sqlite.Verify does, and the values of its records. A backup
// with a record that cannot be read is better than none, so backups do without that.
func Verify(ctx context.Context, path string) (sqlite.Summary, error) {
	sum, err := sqlite.Verify(ctx, path, FileSchema())
	if err != nil {
		return sum, err
	}
	return sum, sqlite.ReadFile(path, func(c *sqlite.Conn) error { return integrity.Values(ctx, c) })
}
