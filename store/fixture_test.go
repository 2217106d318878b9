package store

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/storetest/kit"
	"crmkit/store/textindex"
	"crmkit/store/txn"
)

// fixture is an open store with helpers for tests. Helpers that return no error fail the test.
type fixture struct {
	*Store
	t      *testing.T
	clock  *kit.Clock
	opts   Options
	tuning txn.Tuning
	conns  []engine.Conn // all connections of the store, those that write last
}

func builtin(t *testing.T) *crm.Schema {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// reopen closes the store and opens its file again.
func (f *fixture) reopen() *fixture {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatalf("Close: %v", err)
	}
	return openWith(f.t, f.clock, f.opts)
}

func (f *fixture) write(actor crm.Actor, fn func(*Tx) error) {
	f.t.Helper()
	if err := f.Write(f.t.Context(), actor, fn); err != nil {
		f.t.Fatalf("Write: %v", err)
	}
}

// draft makes a draft of a kind from pairs of a field's name and its value. A string becomes text,
// an int a number, a slice tags, a record a reference; members are merged, nil clears the field.
func (f *fixture) draft(kind string, pairs ...any) Draft {
	f.t.Helper()
	d := Draft{Entity: f.Schema.ByName(kind)}
	for i := 0; i < len(pairs); i += 2 {
		field := d.Entity.Field(pairs[i].(string))
		if field == nil {
			f.t.Fatalf("%s has no field %s", kind, pairs[i])
		}
		d.Inputs = append(d.Inputs, input(field, pairs[i+1]))
	}
	return d
}

func input(field *crm.Field, value any) crm.Input {
	in := crm.Input{Field: field}
	switch v := value.(type) {
	case string:
		in.Value = crm.Str(v)
	case int:
		in.Value = crm.Number(int64(v))
	case []string:
		in.Value = crm.Labels(v)
	case []crm.Member:
		in.Mode, in.Value = crm.MergeMembers, crm.Members(v)
	case crm.Record:
		in.Value = crm.Key(v.Key)
	case crm.Value:
		in.Value = v
	}
	return in
}

func (f *fixture) trySave(actor crm.Actor, d Draft) (out Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *Tx) (err error) {
		out, err = tx.Save(d)
		return err
	})
	return out, err
}

func (f *fixture) save(actor crm.Actor, kind string, pairs ...any) crm.Record {
	f.t.Helper()
	out, err := f.trySave(actor, f.draft(kind, pairs...))
	if err != nil {
		f.t.Fatalf("save %s %v: %v", kind, pairs, err)
	}
	return out.After
}

func (f *fixture) tryUpdate(actor crm.Actor, key int64, d Draft) (out Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *Tx) (err error) {
		out, err = tx.Update(key, d)
		return err
	})
	return out, err
}

func (f *fixture) update(actor crm.Actor, rec crm.Record, pairs ...any) Outcome {
	f.t.Helper()
	out, err := f.tryUpdate(actor, rec.Key, f.draft(rec.Entity.Name, pairs...))
	if err != nil {
		f.t.Fatalf("update %s %v: %v", rec.Handle(), pairs, err)
	}
	return out
}

func (f *fixture) tryRemove(actor crm.Actor, rec crm.Record) error {
	return f.Write(f.t.Context(), actor, func(tx *Tx) error {
		current, err := tx.Fetch(rec.Entity, rec.Key)
		if err != nil {
			return err
		}
		_, err = tx.Delete(current)
		return err
	})
}

func (f *fixture) remove(actor crm.Actor, rec crm.Record) {
	f.t.Helper()
	if err := f.tryRemove(actor, rec); err != nil {
		f.t.Fatalf("delete %s: %v", rec.Handle(), err)
	}
}

// fetch returns a record as readers see it now.
func (f *fixture) fetch(actor crm.Actor, rec crm.Record) crm.Record {
	f.t.Helper()
	got, err := f.Record(f.t.Context(), actor, rec.Entity, rec.Key)
	if err != nil {
		f.t.Fatalf("read %s: %v", rec.Handle(), err)
	}
	return got
}

func (f *fixture) question(actor crm.Actor, kind, params string) *query.Query {
	f.t.Helper()
	values, err := url.ParseQuery(params)
	if err != nil {
		f.t.Fatal(err)
	}
	env := query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace, Country: actor.Country, Secret: f.Secret()}
	q, fault := query.Parse(f.Schema.ByName(kind), values, env)
	if fault != nil {
		f.t.Fatalf("%s?%s: %v", kind, params, fault)
	}
	return q
}

func (f *fixture) list(actor crm.Actor, kind, params string) list.Page {
	f.t.Helper()
	page, err := f.List(f.t.Context(), actor, f.question(actor, kind, params))
	if err != nil {
		f.t.Fatalf("%s?%s: %v", kind, params, err)
	}
	return page
}

// The next methods are those of View, each in a view of its own.

func (f *fixture) Search(ctx context.Context, actor crm.Actor, q *query.Search) (page list.Page, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { page, err = v.Search(q); return err })
	return page, err
}

func (f *fixture) Suggest(ctx context.Context, actor crm.Actor, e *crm.Entity, terms *query.Terms) (suggested map[string][]string, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { suggested, err = v.Suggest(e, terms); return err })
	return suggested, err
}

func (f *fixture) SupportsFuzzy(ctx context.Context, actor crm.Actor, e *crm.Entity) (fuzzy FuzzySupport, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { fuzzy, err = v.SupportsFuzzy(e); return err })
	return fuzzy, err
}

func (f *fixture) LogTrimmed(ctx context.Context, actor crm.Actor) (at time.Time, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { at, err = v.LogTrimmed(); return err })
	return at, err
}

func (f *fixture) ValuesInUse(ctx context.Context, actor crm.Actor, p query.Condition) (list ValueCounts, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { list, err = v.ValuesInUse(p); return err })
	return list, err
}

func (f *fixture) Keys(ctx context.Context, actor crm.Actor, q *query.Query, limit int) (keys []int64, err error) {
	err = f.View(ctx, actor, func(v *View) (err error) { keys, err = v.Keys(q, limit); return err })
	return keys, err
}

// searchIndex searches the text index alone.
func (f *fixture) searchIndex(ctx context.Context, actor crm.Actor, e *crm.Entity, terms *query.Terms) (found *textindex.Matches, err error) {
	if err := f.indexes.Prepare(ctx, textindex.Key{Workspace: actor.Workspace, Entity: e}, terms); err != nil {
		return nil, err
	}
	return f.indexes.Snapshot(actor.Workspace).Search(ctx, e, terms)
}

// equalRecords returns the first difference of two records, empty if they are equal.
func equalRecords(a, b crm.Record) string {
	if a.Key != b.Key || a.ID != b.ID {
		return fmt.Sprintf("key %d %s is not %d %s", a.Key, a.ID, b.Key, b.ID)
	}
	for i := range a.Values {
		if !a.Values[i].Equal(b.Values[i]) {
			return fmt.Sprintf("%s: %v is not %v", a.Entity.Fields[i].Name, a.Values[i], b.Values[i])
		}
	}
	if !slices.Equal(a.Labels, b.Labels) {
		return fmt.Sprintf("labels %q are not %q", a.Labels, b.Labels)
	}
	return ""
}

// raw runs a query and returns its rows, each in one line.
func (f *fixture) raw(columns int, text string, args ...any) (lines []string) {
	f.t.Helper()
	err := f.Read(f.t.Context(), func(v *ReadTx) (err error) {
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
