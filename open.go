package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"crmkit/crm/catalog"
	"crmkit/server/owner"
	"crmkit/store"
)

// planFlags are the settings that say what plans there are.
type planFlags struct {
	Plans       string `help:"Your own plans, which may replace built-in ones: team: contacts=5000 members=10; big: contacts=1000000." placeholder:"NAME: RESOURCE=N …; …"`
	DefaultPlan string `help:"Plan of new users and workspaces (default ${default})." default:"standard" placeholder:"NAME"`
}

// plans reads the flags.
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

// openStore opens the file that the options name, with the plans and the schema.
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

// checkPath says in words what SQLite would say by a number.
func checkPath(path string) error {
	if path == store.Memory {
		return nil
	}
	if path == "" {
		return errors.New("--db is empty; name a file, like crmkit.db")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--db %s is a folder; name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--db %s: the folder cannot be used: %w", path, err)
	}
	return nil
}

// session opens the file for a command, as its owner or through the process that owns it.
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

// ownerFlags are those of commands by which the person who owns the file looks after
// accounts, workspaces and the clients of connectors. They work beside a running server.
type ownerFlags struct {
	DB string `name:"db" help:"The database file (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	planFlags
}

// do runs an operation on the file of a server that has run, and prints what it says.
func (f ownerFlags) do(ctx context.Context, io console, op owner.Operation) error {
	if f.DB == store.Memory {
		return errors.New("--db :memory: ends with this command; name a file, or use serve --token-for")
	}
	if _, err := os.Stat(f.DB); err != nil {
		return fmt.Errorf("%w; name the file of a server that has run, with --db", err)
	}
	log := slog.New(slog.NewTextHandler(io.err, nil))
	session, err := f.session(ctx, owner.Brief, store.Options{Path: f.DB, LockAs: "a command of crmkit", Log: log})
	if err != nil {
		return err
	}
	return errors.Join(session.Do(ctx, op, io.out), session.Close())
}
