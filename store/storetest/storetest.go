// Package storetest is one suite of tests for every configuration of a store: each engine, and
// each combination of caches.
//
// It uses only the exported API of store and account. It depends on no cache, no SQL text and no
// file, so the same assertions hold for every configuration: a cache that changes an answer, or
// an engine that counts, orders or compares in another way, fails here.
//
// The suite covers the contract of a store once, in few records. Properties that need random
// programs, or access to the inside of a store, are tested in package store.
package storetest

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/list"
)

// Run runs the suite, each test on a store of its own. configure returns the Path and the Caches
// of a new, empty store; it is called once per test and may use its t for a temporary directory.
// The suite sets the other options, among them a clock and a source of randomness that give the
// same values in each run, and closes the stores.
func Run(t *testing.T, configure func(t *testing.T) store.Options) {
	for name, test := range map[string]func(*fixture){
		"writes": testWrites, "failed writes": testFailedWrites, "unique values": testUniqueValues, "lists": testLists, "search": testSearch, "suggestions": testSuggestions, "texts": testTexts,
		"deletes": testDeletes, "deletes of many": testDeletesOfMany, "log": testLog, "accounts": testAccounts, "workspaces": testWorkspaces,
		"concurrent writes": testConcurrentWrites, "reopening": testReopening,
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{t: t, clock: &clock{now: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)}, opts: configure(t)}
			f.open()
			test(f)
		})
	}
}

// clock is a time that moves a millisecond with each call, so that a later write has a later
// time: orders by time have no ties, and a later use of a token has a later time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// fixture is an open store with helpers for tests. Helpers that return no error fail the test;
// those named try return it.
type fixture struct {
	*store.Store // replaced by open, so a test must not copy it
	t            *testing.T
	clock        *clock        // outlives the store: time does not go back when it is opened again
	opts         store.Options // of the next call of open
}

// open opens a store with the options. The end of the test closes it. A second call opens the
// same file again: the caller has closed the first store, because a file has one owner.
func (f *fixture) open() {
	f.t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		f.t.Fatal(err)
	}
	f.opts.Schema, f.opts.Clock, f.opts.Rand = schema, f.clock.Now, rand.NewChaCha8([32]byte{1})
	f.opts.MaxWrite = time.Minute // a loaded machine must not fail a write
	if f.Store, err = store.Open(f.t.Context(), f.opts); err != nil {
		f.t.Fatalf("Open: %v", err)
	}
	f.t.Cleanup(func() { _ = f.Close() })
}

// write runs fn in a transaction, which must commit. fn may run more than once.
func (f *fixture) write(actor crm.Actor, fn func(*store.Tx) error) {
	f.t.Helper()
	if err := f.Write(f.t.Context(), actor, fn); err != nil {
		f.t.Fatalf("Write: %v", err)
	}
}

// member signs a user in and returns an actor in their oldest workspace. The first sign-in of an
// e-mail address creates the user with a workspace, unless the address was invited to one.
func (f *fixture) member(email string) (actor crm.Actor) {
	f.t.Helper()
	f.write(crm.Actor{Email: email}, func(tx *store.Tx) error {
		list, err := account.SignIn(tx, email)
		if err == nil {
			actor = list[0].In(tx.Actor)
		}
		return err
	})
	return actor
}

// draft makes a draft of a kind from pairs of a field's name and its value. A string becomes text,
// a slice tags, a record a reference to it; nil clears the field.
func (f *fixture) draft(kind string, pairs ...any) store.Draft {
	f.t.Helper()
	d := store.Draft{Entity: f.Schema.ByName(kind)}
	for i := 0; i < len(pairs); i += 2 {
		in := crm.Input{Field: d.Entity.Field(pairs[i].(string))}
		switch v := pairs[i+1].(type) {
		case string:
			in.Value = crm.Str(v)
		case []string:
			in.Value = crm.Labels(v)
		case crm.Record:
			in.Value = crm.Key(v.Key)
		}
		d.Inputs = append(d.Inputs, in)
	}
	return d
}

// trySave saves a draft as Tx.Save does: it updates the record with the same unique value, if
// there is one.
func (f *fixture) trySave(actor crm.Actor, d store.Draft) (out store.Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		out, err = tx.Save(d)
		return err
	})
	return out, err
}

// save saves a new record of the pairs of draft and returns it as it is stored.
func (f *fixture) save(actor crm.Actor, kind string, pairs ...any) crm.Record {
	f.t.Helper()
	out, err := f.trySave(actor, f.draft(kind, pairs...))
	if err != nil {
		f.t.Fatalf("save %s %v: %v", kind, pairs, err)
	}
	return out.After
}

// tryUpdate updates a record by its key. The version of rec does not matter, that of the draft
// does.
func (f *fixture) tryUpdate(actor crm.Actor, rec crm.Record, d store.Draft) (out store.Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		out, err = tx.Update(rec.Key, d)
		return err
	})
	return out, err
}

// remove deletes a record; later reports whether records that refer to it are changed in later
// transactions. Settle waits for those.
func (f *fixture) remove(actor crm.Actor, rec crm.Record) (later bool) {
	f.t.Helper()
	f.write(actor, func(tx *store.Tx) error {
		current, err := tx.Fetch(rec.Entity, rec.Key)
		if err == nil {
			later, err = tx.Delete(current)
		}
		return err
	})
	return later
}

// fetch returns a record as readers see it now. It may come from the cache.
func (f *fixture) fetch(actor crm.Actor, rec crm.Record) crm.Record {
	f.t.Helper()
	got, err := f.Record(f.t.Context(), actor, rec.Entity, rec.Key)
	if err != nil {
		f.t.Fatalf("read %s: %v", rec.Handle(), err)
	}
	return got
}

// question compiles the parameters of a list. params is the query of a URL.
func (f *fixture) question(actor crm.Actor, kind, params string) *query.Query {
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
	return q
}

// list returns the first page of a list, or the page of a cursor in params.
func (f *fixture) list(actor crm.Actor, kind, params string) list.Page {
	f.t.Helper()
	page, err := f.List(f.t.Context(), actor, f.question(actor, kind, params))
	if err != nil {
		f.t.Fatalf("%s?%s: %v", kind, params, err)
	}
	return page
}

// walk returns the ids of a list, read page after page as a client does it: with the cursor of the
// last record of the page before.
func (f *fixture) walk(actor crm.Actor, kind, params string) (ids []string) {
	f.t.Helper()
	for next := ""; ; {
		page := f.list(actor, kind, params+next)
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
		}
		if !page.More {
			return ids
		}
		next = "&cursor=" + f.question(actor, kind, params).Cursor(page.Records[len(page.Records)-1])
	}
}

// used returns the usage of a resource in the workspace of the actor. It is a counter that every
// write keeps, not a count of rows, so tests compare it with the total of a list.
func (f *fixture) used(actor crm.Actor, resource string) int64 {
	f.t.Helper()
	list, err := f.Usage(f.t.Context(), actor)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range list {
		if u.Resource == resource {
			return u.Used
		}
	}
	f.t.Fatalf("no usage of %s", resource)
	return 0
}

// wantCode checks that err is a crm.Error with a code, or with an empty code that there is no
// error.
func (f *fixture) wantCode(what string, err error, want crm.Code) {
	f.t.Helper()
	var coded *crm.Error
	if err != nil && !errors.As(err, &coded) {
		f.t.Errorf("%s: %v, want the code %q", what, err, want)
	} else if got := codeOf(coded); got != want {
		f.t.Errorf("%s: got the code %q, want %q", what, got, want)
	}
}

// codeOf returns the code of an error; empty if there is no error.
func codeOf(err *crm.Error) crm.Code {
	if err == nil {
		return ""
	}
	return err.Code
}
