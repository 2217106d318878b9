package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"crmkit/store/engine"
)

// Whole is a file with all its tables; see engine.Whole.
type Whole struct {
	*Conn
	opts    Options
	closing func() error
}

// OpenWhole opens a file for a move. It returns an error, and changes nothing, if the file does not
// have the newest schema, or if another process has it open. The role Return takes an older schema
// too, and Look needs neither lock nor rights to write. The file is made for the role Arrive. For Look
// a missing file is an empty database.
func OpenWhole(ctx context.Context, opts Options, role engine.Role) (*Whole, error) {
	opts.Log = cmp.Or(opts.Log, slog.New(slog.DiscardHandler))
	w := &Whole{opts: opts}
	switch _, err := os.Stat(opts.Path); {
	case role == engine.Look && err == nil:
		return w, w.look(ctx)
	case role == engine.Look:
		if err := errors.Join(checkPlace(opts.Path, opts.Log), checkWritable(opts.Path)); err != nil {
			return nil, err
		}
		opts.Path = Memory // which has the tables that the file would have
	case role == engine.Arrive: // a file that is new, or has no mark, is opened as always, and gets the schema
		if state, err := markedStateOf(ctx, opts.Path, opts.Schema); err == nil && state.mark.Kind != "" {
			opts.role = role
		}
	case err != nil:
		return nil, err
	default:
		opts.role = role
	}
	db, err := Open(ctx, opts)
	if err != nil {
		return nil, describeHeld(err)
	}
	w.Conn, w.closing = db.writer, db.Close
	if role == engine.Arrive { // rows come before those that they refer to; Derive checks
		err = w.run("PRAGMA foreign_keys = 0")
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// describeHeld says that a move needs the lock, unlike other commands.
func describeHeld(err error) error {
	var held *InUseError
	if errors.As(err, &held) {
		return fmt.Errorf("%s is in use by %s; stop that first: nothing may write to it during a move", held.Path, held.Owner)
	}
	return err
}

// look opens an existing file to be read beside a server.
func (w *Whole) look(ctx context.Context) error {
	opts := w.opts
	opts.role = engine.Look
	if _, err := opts.state(ctx); err != nil {
		return err
	}
	db := NewEngine(nil).open(liveDSN(opts.Path) + "&_pragma=query_only(1)")
	conn, err := db.Conn(ctx)
	if err != nil {
		return closeAfter(describeOpenError(opts.Path, err), db)
	}
	w.Conn = newConn(conn)
	w.closing = func() error { return closeAfter(nil, w.Conn, db) }
	return nil
}

// state returns the state of the file. It is an error if Open must refuse it.
func (o Options) state(ctx context.Context) (fileState, error) {
	if o.role == 0 {
		return stateOf(ctx, o.Path, o.Schema)
	}
	state, err := markedStateOf(ctx, o.Path, o.Schema)
	switch {
	case err != nil:
	case state.applied == 0 && o.role == engine.Look: // a move that was killed may have made it
	case state.applied == 0:
		err = fmt.Errorf("%s is empty; name the file of a server that has run", o.Path)
	case o.role == engine.Return:
	case len(state.pending) > 0 && state.mark.Kind != "":
		err = fmt.Errorf("%w. That must be done with the crmkit that began it: this one has a newer schema", state.mark.Refusal(o.Path))
	case len(state.pending) > 0:
		err = fmt.Errorf("%s has schema %d, and this crmkit has %d; upgrade it first: crmkit upgrade --db %s", o.Path, state.applied, state.newest(), o.Path)
	}
	return state, err
}

// checkUnused returns an error if a process has the file open without the lock: another program, or
// a version of crmkit that knows no lock.
func checkUnused(path string) error {
	user, err := usedBy(path)
	if user != "" {
		err = fmt.Errorf("%s has %s open; end it first", user, path)
	}
	return err
}

// Close closes the file.
func (w *Whole) Close() error { return w.closing() }

// Name returns the path of the file.
func (w *Whole) Name() string { return w.opts.Path }

// Others returns the owner of a file that this process only looks at.
func (w *Whole) Others(context.Context) (who, remedy string, err error) {
	lock, err := openPlain(LockName(w.opts.Path), os.O_RDWR)
	if err != nil {
		return "", "", nil // without a lock file no crmkit has the file open
	}
	defer lock.Close()
	if flock(lock) != nil && w.readOnly() {
		return LockOwner(w.opts.Path), "", nil
	}
	return "", "", nil
}

// readOnly reports whether this process only looks at the file.
func (w *Whole) readOnly() bool {
	var only int
	return w.Row("PRAGMA query_only", nil, &only) == nil && only == 1
}

// Verify checks the pages of the file, its references, its schema, and the values of its records.
func (w *Whole) Verify(ctx context.Context) error {
	sums, _, err := readMigrations(ctx, w.Conn, w.opts.Path)
	if err == nil {
		err = errors.Join(checkPages(ctx, w.Conn), checkReferences(ctx, w.Conn), compareSchema(ctx, w.Conn, len(sums), w.opts.Schema))
	}
	if err == nil && w.opts.Schema.Values != nil {
		err = w.opts.Schema.Values(ctx, w.Conn)
	}
	if err != nil {
		return describeOpenError(w.opts.Path, err)
	}
	return nil
}

// Tables implements engine.Whole. Tables of SQLite and of Litestream are left out.
func (w *Whole) Tables(ctx context.Context) ([]engine.Table, error) {
	names, err := w.Texts(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
	var list []engine.Table
	for _, name := range names {
		if err != nil || harmless(object{"table", name}) {
			continue
		}
		var t engine.Table
		t, err = w.table(ctx, name)
		list = append(list, t)
	}
	return list, err
}

// table reads the columns of a table. In pk they have their place in the key, from 1 on.
func (w *Whole) table(ctx context.Context, name string) (engine.Table, error) {
	t := engine.Table{Name: name}
	places := map[int]int{}
	err := w.Rows(ctx, "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid", []any{name}, func(scan func(...any) error) error {
		var c engine.Column
		var kind string
		var place int
		err := scan(&c.Name, &kind, &place)
		c.Text = kind == "TEXT"
		if place > 0 {
			places[place] = len(t.Columns)
		}
		t.Columns = append(t.Columns, c)
		return err
	})
	for place := range len(places) {
		t.Key = append(t.Key, places[place+1])
	}
	return t, err
}

// Parts returns the indexes. References are no part: they are in the tables, and not checked until
// Derive.
func (w *Whole) Parts(ctx context.Context) (list []engine.Part, err error) {
	err = w.Rows(ctx, "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name", nil, func(scan func(...any) error) error {
		var p engine.Part
		err := scan(&p.Table, &p.Name, &p.Make)
		p.Drop = "DROP INDEX " + engine.Quote(p.Name)
		list = append(list, p)
		return err
	})
	return list, err
}

// Run implements engine.Whole.
func (w *Whole) Run(ctx context.Context, text string) error { return w.script(ctx, text) }

// Read implements engine.Whole.
func (w *Whole) Read(ctx context.Context, t engine.Table, after []any, each func(row []any) error) error {
	row, dest := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range row {
		dest[i] = &row[i]
	}
	return w.Rows(ctx, t.ReadText(len(after)), after, func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		return each(row)
	})
}

// insertedAtOnce is how many rows one statement writes. More are no faster.
const insertedAtOnce = 30

// Insert implements engine.Whole.
func (w *Whole) Insert(_ context.Context, t engine.Table, rows [][]any) error {
	values := "(?" + strings.Repeat(",?", len(t.Columns)-1) + ")"
	for len(rows) > 0 {
		n := min(len(rows), insertedAtOnce)
		args := make([]any, 0, n*len(t.Columns))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if _, err := w.Exec("INSERT INTO "+t.Head()+" VALUES "+values+strings.Repeat(","+values, n-1), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Mark implements engine.Whole.
func (w *Whole) Mark(ctx context.Context) (engine.Mark, error) {
	_, mark, err := readMigrations(ctx, w.Conn, w.opts.Path)
	return mark, err
}

// SetMark implements engine.Whole.
func (w *Whole) SetMark(m engine.Mark) error {
	if _, err := w.Exec("DELETE FROM migrations WHERE number = $1", engine.MarkNumber); err != nil || m.Kind == "" {
		return err
	}
	_, err := w.Exec("INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)", engine.MarkNumber, m.Peer, m.Code(), m.At.UnixMilli())
	return err
}

// Derive checks the references. A file has no table of its own that is computed from others.
func (w *Whole) Derive(ctx context.Context) error { return checkReferences(ctx, w.Conn) }

// Complete implements engine.Whole. A file needs no rows of its own.
func (w *Whole) Complete(context.Context) error { return nil }
