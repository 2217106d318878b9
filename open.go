package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crmkit/crm/catalog"
	"crmkit/server/owner"
	"crmkit/store"
	"crmkit/store/postgres"
)

// planFlags are the settings that define the plans. Every command that opens a file has them:
// limits are checked where the file is written, which may be any of these processes.
type planFlags struct {
	Plans       string `help:"Your own plans, which may replace built-in ones: team: contacts=5000 members=10; big: contacts=1000000." placeholder:"NAME: RESOURCE=N …; …"`
	DefaultPlan string `help:"Plan of new users and workspaces (default ${default})." default:"standard" placeholder:"NAME"`
}

// plans returns the plans of the flags, and an error if the default is not one of them.
func (f planFlags) plans() (catalog.Plans, error) {
	plans, err := catalog.ParsePlans(f.Plans)
	if err != nil {
		return nil, fmt.Errorf("--plans: %w", err)
	}
	if _, found := plans.ByName(f.DefaultPlan); !found {
		return nil, fmt.Errorf("--default-plan %s: there is no such plan; there are %s", f.DefaultPlan, strings.Join(plans.Names(), ", "))
	}
	return plans, nil
}

// openStore opens the file that the options name, with the plans and the schema. It upgrades
// an older file. The caller closes the store.
func (f planFlags) openStore(ctx context.Context, opts store.Options) (*store.Store, error) {
	var err error
	if opts.Plans, err = f.plans(); err != nil {
		return nil, err
	}
	if err := checkPath(opts.Path); err != nil {
		return nil, err
	}
	if opts.Schema, err = catalog.Schema(); err != nil {
		return nil, err
	}
	opts.Plan = f.DefaultPlan
	st, err := store.Open(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	return st, nil
}

// checkPath returns an error in words for an address that cannot be read, and for the mistakes with
// a path that SQLite reports only as SQLITE_CANTOPEN. It does not create or open anything.
func checkPath(path string) error {
	switch {
	case path == store.Memory:
		return nil
	case postgres.IsAddress(path):
		if err := postgres.CheckAddress(path); err != nil {
			return fmt.Errorf("--db: %w", err)
		}
		return nil
	case path == "":
		return errors.New("--db is empty; name a file, like crmkit.db")
	case strings.Contains(path, "://"): // it may have a password, so it is not shown
		return errors.New("--db is a URL, but not one of PostgreSQL; name a file, like crmkit.db, or write postgres://user@host/crm")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--db %s is a folder; name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--db %s: the folder cannot be used: %w", path, err)
	}
	return nil
}

// checkExists returns an error for a database that does not exist or cannot be read, for the
// commands that do not create one.
func checkExists(ctx context.Context, path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if postgres.IsAddress(path) {
		found, err := postgres.HasSchema(ctx, path)
		if err == nil && !found {
			err = fmt.Errorf("%s has no tables of crmkit; name the database of a server that has run, with --db", postgres.Name(path))
		}
		return err
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s; name the file of a server that has run, with --db", path)
	}
	return err
}

// session opens the file for a command: this process becomes the owner of the file, or works
// through the process that owns it. The settings are checked before, so that a mistake in
// them does not depend on which of the two happens. The caller closes the session.
func (f planFlags) session(ctx context.Context, role owner.Role, opts store.Options) (*owner.Session, error) {
	if err := checkPath(opts.Path); err != nil {
		return nil, err
	}
	if _, err := f.plans(); err != nil {
		return nil, err
	}
	return owner.Open(ctx, owner.Options{Path: opts.Path, As: opts.LockAs, Role: role, Version: version, Log: opts.Log, Open: func(ctx context.Context) (*store.Store, error) {
		return f.openStore(ctx, opts)
	}})
}

// databaseName returns the words for a database in logs: an address of PostgreSQL without its
// password.
func databaseName(path string) string {
	if postgres.IsAddress(path) {
		return postgres.Name(path)
	}
	return path
}

// dumpCommand returns the command that makes a backup of a PostgreSQL database.
func dumpCommand(address string) string {
	return "pg_dump --format=custom --file=crm.dump " + shellWord(postgres.ForPrograms(address))
}

// typedPassword reports whether the command line has the address of a database with its password,
// which every user of the machine can read there.
func typedPassword(path string) bool {
	return postgres.HasPassword(path) &&
		slices.ContainsFunc(os.Args[1:], func(arg string) bool { return arg == path || strings.HasSuffix(arg, "="+path) })
}

// ownerFlags are the flags of the commands for accounts, workspaces, plans, tokens and
// registered clients. They need no sign-in, since a user who may open the file can read and
// change all of it anyway. They work while a server runs, which then does the operation.
type ownerFlags struct {
	DB string `name:"db" help:"The database: a file, or postgres://user@host/name (default ${default})." default:"crmkit.db" placeholder:"DATABASE"`
	planFlags
}

// do runs an operation on an existing file and prints its output. A missing file is an error,
// because creating one would hide a wrong path.
func (f ownerFlags) do(ctx context.Context, con console, op owner.Operation) error {
	if f.DB == store.Memory {
		return errors.New("--db :memory: ends with this command; name a file, or use serve --token-for")
	}
	if err := checkExists(ctx, f.DB); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(con.err, nil))
	session, err := f.session(ctx, owner.Brief, store.Options{Path: f.DB, LockAs: "a command of crmkit", Log: log})
	if err != nil {
		return err
	}
	return errors.Join(session.Do(ctx, op, con.out), session.Close())
}
