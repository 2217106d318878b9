package store

import (
	"context"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/view"
)

// What a read returns, and a read that several answers share.
type (
	View         = view.View
	ValueCount   = view.ValueCount
	ValueCounts  = view.ValueCounts
	FuzzySupport = view.FuzzySupport
)

// Whether searches find misspelled words.
const (
	FuzzyReady = view.FuzzyReady
	FuzzySoon  = view.FuzzySoon
	FuzzyOff   = view.FuzzyOff
)

// View gives fn a view of the actor's workspace, in one turn, see view.Reads.View.
func (s *Store) View(ctx context.Context, actor crm.Actor, fn func(*View) error) error {
	return s.reads.View(ctx, actor, fn)
}

// List answers a question in a view of its own.
func (s *Store) List(ctx context.Context, actor crm.Actor, q *query.Query) (list.Page, error) {
	return s.reads.List(ctx, actor, q)
}

// Record returns the record of the actor's workspace with the key, or a not_found error.
func (s *Store) Record(ctx context.Context, actor crm.Actor, e *crm.Entity, key int64) (crm.Record, error) {
	return s.reads.Record(ctx, actor, e, key)
}

// RecordByID returns the record with a random id among those the actor may see, or a
// not_found error.
func (s *Store) RecordByID(ctx context.Context, actor crm.Actor, e *crm.Entity, id string) (crm.Record, error) {
	return s.reads.RecordByID(ctx, actor, e, id)
}

// KeepsWords reports whether words of records are kept, without which searches find no
// misspelled words.
func (s *Store) KeepsWords() bool { return s.reads.KeepsWords() }

// FillAhead has the text of large workspaces read into memory before somebody searches it, the
// largest first. It returns at once.
func (s *Store) FillAhead(ctx context.Context) error { return s.reads.FillAhead(ctx) }

// LastKey returns the highest number given to each kind of record in the actor's workspace, by
// plural, all from one snapshot.
func (s *Store) LastKey(ctx context.Context, actor crm.Actor) (map[string]int64, error) {
	return s.reads.LastKey(ctx, actor)
}

// Dependents counts, for each of some records and per kind, how many records would be deleted with it
// and how many would lose their reference to it.
func (s *Store) Dependents(ctx context.Context, actor crm.Actor, e *crm.Entity, keys []int64) (map[int64][]crm.Count, error) {
	return s.reads.Dependents(ctx, actor, e, keys)
}
