package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"crmkit/crm"
	"crmkit/store"
)

// planFlags are the settings that say what plans there are.
type planFlags struct {
	Plans       string `help:"Plans beside the built-in ones, or in their place: team: contacts=5000 members=10; big: contacts=1000000." placeholder:"NAME: RESOURCE=N …; …"`
	DefaultPlan string `help:"Plan of new users and workspaces (default ${default})." default:"standard" placeholder:"NAME"`
}

// plans reads the flags.
func (f planFlags) plans() (crm.Plans, error) {
	plans, err := crm.ParsePlans(f.Plans)
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
	if opts.Schema, err = crm.NewSchema(crm.Entities...); err != nil {
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

// openExisting opens the file of a server that has run.
func (f planFlags) openExisting(ctx context.Context, path string, io console) (*store.Store, error) {
	if path == store.Memory {
		return nil, errors.New("--db :memory: ends with this command; name a file, or use serve --token-for")
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w; name the file of a server that has run, with --db", err)
	}
	return f.openStore(ctx, store.Options{Path: path, Log: slog.New(slog.NewTextHandler(io.err, nil))})
}
