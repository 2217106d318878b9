package textindex

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
)

// tables is a Source with records in memory. Its search tests each record, as SQL would.
type tables struct {
	schema *crm.Schema
	before func() error // called before a page is read; may be nil

	mu      sync.Mutex
	records map[int64]crm.Record
	latest  int64 // the time of the last change
}

func newTables(t interface{ Fatal(...any) }) *tables {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return &tables{schema: schema, records: map[int64]crm.Record{}}
}

// open returns a Set on the tables that ends with the test.
func (db *tables) open(t *testing.T, opts Options) *Set {
	t.Helper()
	opts.Schema, opts.Source = db.schema, db
	if opts.Limit == 0 {
		opts.Limit = 1 << 30
	}
	s := New(opts)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return s
}

// now returns a snapshot in which a kind can be searched.
func (s *Set) now(ctx context.Context, of Key) (*Snapshot, error) {
	err := s.Prepare(ctx, of, nil)
	return s.Snapshot(of.Workspace), err
}

// Search searches a new snapshot.
func (s *Set) Search(ctx context.Context, of Key, terms *query.Terms) (*Matches, error) {
	if err := s.Prepare(ctx, of, terms); err != nil {
		return nil, err
	}
	return s.Snapshot(of.Workspace).Search(ctx, of.Entity, terms)
}

// Suggest returns the suggestions of a new snapshot.
func (s *Set) Suggest(ctx context.Context, of Key, terms *query.Terms) (map[string][]string, error) {
	now, err := s.now(ctx, of)
	if err != nil {
		return nil, err
	}
	return now.Suggest(ctx, of.Entity, terms)
}

// Fuzzy returns the FuzzySupport of a new snapshot.
func (s *Set) Fuzzy(ctx context.Context, of Key) (FuzzySupport, error) {
	return s.Snapshot(of.Workspace).Fuzzy(of.Entity), ctx.Err()
}

func (db *tables) key(workspace int64, kind string) Key {
	return Key{workspace, db.schema.ByName(kind)}
}

// save creates or replaces a record from pairs of a field's name and its value, and returns it as a
// commit does.
func (db *tables) save(of Key, number int64, pairs ...any) crm.Record {
	db.mu.Lock()
	defer db.mu.Unlock()
	rec := crm.NewRecord(of.Entity)
	rec.Key = crm.RecordKey(of.Workspace, number)
	db.latest++
	rec.Set(crm.FieldVersion, crm.Number(1))
	rec.Set(crm.FieldUpdatedAt, crm.Millis(db.latest))
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			rec.Set(pairs[i].(string), crm.Str(v))
		case []string:
			rec.Set(pairs[i].(string), crm.Labels(v))
		case int64:
			rec.Set(pairs[i].(string), crm.Key(v))
		}
	}
	db.records[rec.Key] = rec
	return rec
}

// remove deletes a record and returns it as a commit does.
func (db *tables) remove(rec crm.Record) crm.Record {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.records, rec.Key)
	gone := crm.NewRecord(rec.Entity)
	gone.Key = rec.Key
	return gone
}

func (db *tables) LastNumber(_ context.Context, of Key) (last int64, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for key, rec := range db.records {
		if rec.Entity == of.Entity && crm.RecordWorkspace(key) == of.Workspace {
			last = max(last, crm.RecordNumber(key))
		}
	}
	return last, nil
}

func (db *tables) Rows(_ context.Context, page Page, each func(Row)) error {
	if db.before != nil {
		if err := db.before(); err != nil {
			return err
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for key, rec := range db.records {
		number := crm.RecordNumber(key)
		if rec.Entity != page.Entity || crm.RecordWorkspace(key) != page.Workspace || number < page.First || number >= page.End {
			continue
		}
		row := Row{Key: key, UpdatedAt: rec.Value(crm.FieldUpdatedAt).Int}
		for _, f := range page.Fields.Own {
			row.Own = append(row.Own, f.FoldOf(rec.Value(f.Name)))
		}
		for _, f := range page.Fields.Refs {
			row.Refs = append(row.Refs, rec.Value(f.Name).Int)
		}
		each(row)
	}
	return nil
}

// terms compiles the parameters of a list.
func (db *tables) terms(t interface{ Fatal(...any) }, of Key, params string) *query.Terms {
	values, err := url.ParseQuery(params)
	if err != nil {
		t.Fatal(err)
	}
	q, fault := query.Parse(of.Entity, values, query.Env{Schema: db.schema, Now: time.Unix(0, 0), Workspace: of.Workspace})
	if fault != nil {
		t.Fatal(fault)
	}
	return q.Terms
}

// search tests each record, and returns the keys of those that match.
func (db *tables) search(of Key, terms *query.Terms) (keys []int64) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for key, rec := range db.records {
		if rec.Entity == of.Entity && crm.RecordWorkspace(key) == of.Workspace && db.matches(rec, terms) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (db *tables) matches(rec crm.Record, terms *query.Terms) bool {
	fields := query.SearchFieldsOf(rec.Entity)
	for _, w := range terms.Words {
		found := false
		for _, v := range w.Variants {
			found = found || slices.ContainsFunc(fields.Own, func(f *crm.Field) bool { return contains(rec, f, v.MatchesText(f.Type)) })
			found = found || db.refersTo(rec, fields.Refs, v.Fold)
		}
		if !found {
			return false
		}
	}
	for _, l := range terms.Likes {
		found := false
		for _, part := range l.Parts {
			found = found || slices.ContainsFunc(l.Own, func(f *crm.Field) bool { return contains(rec, f, part) }) || db.refersTo(rec, l.Refs, part)
		}
		if !found {
			return false
		}
	}
	return true
}

// refersTo reports whether a reference leads to a record whose label contains the text.
func (db *tables) refersTo(rec crm.Record, refs []*crm.Field, text string) bool {
	return slices.ContainsFunc(refs, func(f *crm.Field) bool {
		target, found := db.records[rec.Value(f.Name).Int]
		return found && contains(target, target.Entity.Field(target.Entity.LabelField), text)
	})
}

func contains(rec crm.Record, f *crm.Field, text string) bool {
	v := rec.Value(f.Name)
	if text == "" {
		return false
	}
	if f.Type.Kind() == crm.ListKind {
		return slices.ContainsFunc(v.List(), func(label string) bool { return strings.Contains(f.Type.Fold(f, label), text) })
	}
	fold := f.Type.Fold(f, v.Text)
	return v.Set() && strings.Contains(fold, text)
}
