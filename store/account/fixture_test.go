package account

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store"
	"crmkit/store/list"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest/kit"
)

// fixture is an open store with helpers for tests.
type fixture struct {
	*store.Store
	t     *testing.T
	clock *kit.Clock
	opts  store.Options
}

// places are the engines by name, each with a function that returns the Path of a new database.
var places = map[string]func(t *testing.T) string{
	"file":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "crmkit.db") },
	"memory":   func(*testing.T) string { return store.Memory },
	"postgres": newPostgres,
}

// newPostgres returns the address of a new database of PostgreSQL, which has the schema.
func newPostgres(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t).DatabaseFrom(t, "store", func(address string) error {
		return store.Upgrade(t.Context(), store.Options{Path: address})
	})
}

// engines runs a test on a file with all caches, in memory without caches, and on PostgreSQL.
func engines(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	for name, path := range places {
		t.Run(name, func(t *testing.T) { test(t, openAt(t, path(t))) })
	}
}

func openAt(t *testing.T, path string) *fixture {
	t.Helper()
	return openWith(t, kit.NewClock(), optionsFor(path))
}

// optionsFor returns the options of a store in a place.
func optionsFor(path string) store.Options {
	opts := store.Options{Path: path, MaxWrite: time.Minute} // a loaded machine must not fail a write
	if path == store.Memory {
		opts.Caches = &store.Caches{}
	}
	return opts
}

func openWith(t *testing.T, c *kit.Clock, opts store.Options) *fixture {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	opts.Schema, opts.Clock = schema, c.Now
	if opts.Rand == nil {
		opts.Rand = rand.NewChaCha8([32]byte{1})
	}
	s, err := store.Open(t.Context(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &fixture{Store: s, t: t, clock: c, opts: opts}
}

func (f *fixture) write(actor crm.Actor, fn func(*store.Tx) error) {
	f.t.Helper()
	if err := f.Write(f.t.Context(), actor, fn); err != nil {
		f.t.Fatalf("Write: %v", err)
	}
}

// member signs a user in and returns an actor in their first workspace.
func (f *fixture) member(email string) crm.Actor {
	f.t.Helper()
	actor := crm.Actor{Email: email}
	f.write(actor, func(tx *store.Tx) error {
		list, err := SignIn(tx, email)
		if err != nil {
			return err
		}
		w := list[0]
		actor = crm.Actor{User: tx.Actor.User, UserID: tx.Actor.UserID, Email: email, Workspace: w.Number, WorkspaceID: w.ID, Plan: w.Plan, TokenID: "tok_test"}
		return nil
	})
	return actor
}

// draft makes a draft of a kind from pairs of a field's name and its value. A string becomes text, a
// slice tags; members are merged, nil clears the field.
func (f *fixture) draft(kind string, pairs ...any) store.Draft {
	f.t.Helper()
	d := store.Draft{Entity: f.Schema.ByName(kind)}
	for i := 0; i < len(pairs); i += 2 {
		in := crm.Input{Field: d.Entity.Field(pairs[i].(string))}
		if in.Field == nil {
			f.t.Fatalf("%s has no field %s", kind, pairs[i])
		}
		switch v := pairs[i+1].(type) {
		case string:
			in.Value = crm.Str(v)
		case []string:
			in.Value = crm.Labels(v)
		case []crm.Member:
			in.Mode, in.Value = crm.MergeMembers, crm.Members(v)
		case crm.Record:
			in.Value = crm.Key(v.Key)
		}
		d.Inputs = append(d.Inputs, in)
	}
	return d
}

func (f *fixture) save(actor crm.Actor, kind string, pairs ...any) (rec crm.Record) {
	f.t.Helper()
	d := f.draft(kind, pairs...)
	f.write(actor, func(tx *store.Tx) error {
		out, err := tx.Save(d)
		rec = out.After
		return err
	})
	return rec
}

func (f *fixture) list(actor crm.Actor, kind, params string) list.Page {
	f.t.Helper()
	values, err := url.ParseQuery(params)
	if err != nil {
		f.t.Fatal(err)
	}
	env := query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace, Secret: f.Secret()}
	q, fault := query.Parse(f.Schema.ByName(kind), values, env)
	if fault != nil {
		f.t.Fatalf("%s?%s: %v", kind, params, fault)
	}
	page, err := f.List(f.t.Context(), actor, q)
	if err != nil {
		f.t.Fatalf("%s?%s: %v", kind, params, err)
	}
	return page
}

// everyKind creates a record of every kind.
func (f *fixture) everyKind(actor crm.Actor) {
	f.t.Helper()
	full := actor
	full.Scope, full.Role = crm.ScopeFull, crm.RoleAdmin
	f.save(full, "view", "name", "cold", "kind", "contact", "query", "stage=lead")
	f.save(full, "field", "kind", "company", "name", "region", "type", "text")
	f.save(full, "pipeline", "kind", "deal", "name", "sales", "stages", `[{"name":"lead"},{"name":"won","is":"won"}]`)
	company := f.save(actor, "company", "name", "Acme")
	contact := f.save(actor, "contact", "name", "Jane", "company_id", company)
	f.save(actor, "deal", "title", "Pilot", "contact_id", contact)
	f.save(actor, "ticket", "subject", "Help", "requester_id", contact)
	f.save(actor, "task", "title", "Call", "contact_id", contact)
	campaign := f.save(actor, "campaign", "name", "Spring")
	f.save(actor, "campaign_member", "contact_id", contact, "campaign_id", campaign)
	f.save(actor, "activity", "kind", "note", "body", "met", "contact_id", contact)
}

// settled waits until all later steps of writes are done.
func (f *fixture) settled() {
	f.t.Helper()
	if err := f.Settle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// checkCounters compares the counters of members, workspaces and storage with a recount.
func (f *fixture) checkCounters(actor crm.Actor) {
	f.t.Helper()
	used, err := f.Usage(f.t.Context(), actor)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range used {
		text, of := "SELECT COUNT(*) FROM "+u.Resource+" WHERE workspace_id = $1", actor.Workspace
		switch u.Resource {
		case "workspaces":
			text, of = "SELECT COUNT(*) FROM workspaces WHERE made_by = $1", actor.User
		case catalog.Storage:
			text = logBytes
		}
		if counted := f.raw(1, text, of); fmt.Sprint(u.Used) != counted[0] {
			f.t.Errorf("%s: usage says %d, there are %s", u.Resource, u.Used, counted[0])
		}
	}
}

// logBytes is SQL that counts the storage of a workspace without records again: that of its log.
const logBytes = `SELECT
	(SELECT COALESCE(SUM(OCTET_LENGTH(action || target || COALESCE(id, '') || COALESCE(before, '') || COALESCE(after, ''))), 0) FROM log WHERE workspace_id = $1) +
	(SELECT COALESCE(SUM(OCTET_LENGTH(COALESCE(token_id, '') || COALESCE(actor, '') || COALESCE(addr, ''))), 0) FROM origins WHERE workspace_id = $1) +
	(SELECT COALESCE(SUM(OCTET_LENGTH(name)), 0) FROM runs WHERE workspace_id = $1) +
	(SELECT COALESCE(SUM(bytes), 0) FROM kept_files WHERE workspace_id = $1)`

// checkReferences checks that no row refers to a row that does not exist. PostgreSQL checks that at
// each commit.
func (f *fixture) checkReferences() {
	f.t.Helper()
	if f.opts.Shared() {
		return
	}
	if broken := f.raw(4, "SELECT * FROM pragma_foreign_key_check"); len(broken) > 0 {
		f.t.Errorf("rows point nowhere: %q", broken)
	}
}

// raw runs a query and returns its rows, each in one line.
func (f *fixture) raw(columns int, text string, args ...any) (lines []string) {
	f.t.Helper()
	err := f.Read(f.t.Context(), func(v *store.ReadTx) (err error) {
		lines, err = kit.Query{Columns: columns, Text: text, Args: args}.Lines(f.t.Context(), v)
		return err
	})
	if err != nil {
		f.t.Fatalf("%s: %v", text, err)
	}
	return lines
}

// catalog returns the tables of the database.
func (f *fixture) catalog() kit.Catalog { return kit.Catalog{Shared: f.opts.Shared(), Raw: f.raw} }
