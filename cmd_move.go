package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/server/progress"
	"crmkit/store"
	"crmkit/store/engine"
	"crmkit/store/move"
	"crmkit/store/postgres"
	"crmkit/store/sqlite"
)

// moveCommand copies a whole database into another one. Package store/move does the work, and is
// safe to interrupt. Addresses may have a password, so they are never printed as they were given.
type moveCommand struct {
	From   string `help:"The database to move: a file, or the address of a PostgreSQL database. No server may run on it." required:"" placeholder:"DATABASE" env:"-"`
	To     string `help:"The database that takes its place: a new file, or the address of an empty PostgreSQL database, like postgres://crm@db.example.com/crm with the password in PGPASSWORD or ~/.pgpass." placeholder:"DATABASE" env:"-"`
	DryRun bool   `help:"Check both databases and every value, and change nothing. Servers may run." env:"-"`
	Undo   bool   `help:"Use the database of --from again after it was moved, or after a move that will not be finished. What was written to the other database since stays there." env:"-"`
}

// Help says what the flags do together.
func (moveCommand) Help() string {
	return `Stop the servers first: while one is connected, nothing is moved. The command copies every table, compares both databases row by row, and then marks the old one, so that no server starts on it by mistake. The old database is kept.

If the command is ended, run it again: it goes on where it was. A move that fails leaves the old database as it was. After one that was killed, servers refuse both, until it is run again or given up with --undo.`
}

// Run moves the database, or undoes a move.
func (c moveCommand) Run(ctx context.Context, con console) error {
	if c.Undo {
		return c.undo(ctx, con)
	}
	if err := c.check(); err != nil {
		return err
	}
	began := time.Now()
	p := &progress.Steps{Clock: time.Now}
	if terminal(con.err) {
		p.Bar = con.err
	}
	o := move.Options{From: opener(c.From, con), To: opener(c.To, con), DryRun: c.DryRun}
	o.Report = func(is move.Progress) { p.Show(string(is.Step)+" "+is.Table, is.Rows, is.Total) }
	o.Note = func(text string) {
		p.End()
		_, _ = fmt.Fprintln(con.err, "#", text)
	}
	if typedPassword(c.From) || typedPassword(c.To) {
		o.Note("every user of this machine can read a password on the command line: put it into PGPASSWORD or ~/.pgpass")
	}
	sum, err := move.Run(ctx, o)
	p.End()
	if err != nil && sum.Copied > 0 {
		return fmt.Errorf("not moved: %w. %d rows were copied so far; the same command goes on after them", err, sum.Copied)
	}
	if err != nil {
		return fmt.Errorf("not moved: %w", err)
	}
	return c.print(con, sum, time.Since(began))
}

// check refuses what cannot be meant.
func (c moveCommand) check() error {
	if c.To == "" {
		return errors.New("--to is missing: name the database to move to, a file or the address of a PostgreSQL database")
	}
	for _, name := range []string{c.From, c.To} {
		if name == store.Memory {
			return errors.New(":memory: ends with this command; name a file, or the address of a PostgreSQL database")
		}
		if err := checkPath(name); err != nil {
			return err
		}
	}
	if postgres.IsAddress(c.From) {
		return nil
	}
	if _, err := os.Stat(c.From); err != nil {
		return fmt.Errorf("--from: %w; name the file of a server that has run", err)
	}
	if postgres.IsAddress(c.To) {
		return nil
	}
	if sqlite.Resolve(c.From) == sqlite.Resolve(c.To) {
		return fmt.Errorf("--from and --to are the same file, %s; name another for --to", c.To)
	}
	return nil
}

// opener returns the function that opens a database. A file has its whole path in messages, since
// those in the other database are read from elsewhere.
func opener(name string, con console) func(context.Context, engine.Role) (engine.Whole, error) {
	return func(ctx context.Context, role engine.Role) (engine.Whole, error) {
		path := name
		if !postgres.IsAddress(name) {
			if full, err := filepath.Abs(name); err == nil {
				path = full
			}
		}
		log := slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
		schema, err := catalog.Schema()
		if err != nil {
			return nil, err
		}
		return store.OpenWhole(ctx, store.Options{Path: path, Schema: schema, LockAs: "crmkit move", Log: log}, role)
	}
}

// print prints a line for each table that has rows, and what to do next.
func (c moveCommand) print(con console, sum move.Summary, took time.Duration) error {
	text := ""
	for _, t := range sum.Tables {
		if t.Rows > 0 {
			text += fmt.Sprintf("table %s: rows=%d\n", t.Table, t.Rows)
		}
	}
	from, to, next := norm.AppendValue(nil, sum.From), norm.AppendValue(nil, sum.To), sum.To+" as --db"
	again := sum.From
	if postgres.IsAddress(c.From) {
		again = postgres.ForPrograms(c.From) // with its TLS
	}
	if postgres.IsAddress(c.To) {
		next = "the address of --to (" + sum.To + ") as --db, and without --backup-dir"
	}
	if c.DryRun {
		text += fmt.Sprintf("checked: from=%s to=%s tables=%d rows=%d took=%s\n# nothing was changed; the same command without --dry-run moves it\n", from, to, len(sum.Tables), sum.Rows, took.Round(time.Millisecond))
	} else {
		text += fmt.Sprintf("moved: from=%s to=%s tables=%d rows=%d took=%s\n# both databases have the same rows in every table\n# next: start crmkit with %s\n# %s is kept, and refused by servers; to go back to it: crmkit move --undo --from %s\n",
			from, to, len(sum.Tables), sum.Rows, took.Round(time.Millisecond), next, sum.From, shellWord(again))
	}
	_, err := io.WriteString(con.out, text)
	return err
}

// undo takes the mark of a move from a database.
func (c moveCommand) undo(ctx context.Context, con console) error {
	if c.To != "" || c.DryRun {
		return errors.New("--undo takes only --from, the database to use again")
	}
	mark, err := move.Undo(ctx, opener(c.From, con))
	if err != nil {
		return fmt.Errorf("not undone: %w", err)
	}
	_, err = fmt.Fprintf(con.out, "undone: servers can use this database again, as it was on %s\n# delete what the move has made, %s: what is written there is not here\n", mark.At.UTC().Format(time.DateOnly), mark.Peer)
	return err
}
