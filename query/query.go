// Package query compiles the parameters of a list to SQL text and arguments: filters,
// search, sort orders and cursors, checked against the schema.
//
// It executes nothing and does no I/O. Two invariants hold for every Query. Only names of the
// schema reach SQL text; everything that a client sent is an argument. And the work of a
// statement is bounded before it is run: the numbers of conditions, values and references on
// a path have limits, and a limit that is exceeded is an error with a hint.
//
// SQL is the dialect that SQLite and PostgreSQL share, with placeholders $1, $2. Where the
// two differ, the text calls a function that package store provides (functions.go), or has a
// hint to SQLite's planner that does not change the result (hints.go).
package query

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/crm/shape"
)

// Env is the input of a query besides its parameters. Parse reads no clock and no other state.
type Env struct {
	Schema    *crm.Schema
	Now       time.Time
	Zone      *time.Location      // of dates and clock times without an offset; nil is UTC
	Workspace int64               // ids of other workspaces are refused
	Country   string              // ISO 3166-1 alpha-2, in which phone numbers are read; empty: none
	Shape     *shape.Schema       // what the workspace has declared; nil: nothing
	Me        string              // the address that the word "me" means
	Flow      *pipeline.Flow      // the pipelines of the workspace; nil: it has none
	Secret    []byte              // signs cursors
	Place     string              // the place in the log of which the list is; cursors are bound to it
	Fuzzy     map[string][]string // the spellings to search for instead of a word that no record has
}

// For returns the Env of a request by an actor at a time.
func For(schema *crm.Schema, actor crm.Actor, now time.Time, secret []byte) Env {
	return Env{Schema: schema, Now: now, Zone: actor.Zone, Workspace: actor.Workspace, Country: actor.Country, Me: actor.Email, Flow: actor.At(0).Flow(), Secret: secret, Shape: shape.Of(actor.Schema)}
}

// Reader returns the reader of values for the fields of an entity. The entity may be nil if
// none of the fields is a reference.
func (env Env) Reader(e *crm.Entity) crm.Reader {
	return crm.Reader{Clock: env.clock(), Schema: env.Schema, Workspace: env.Workspace, Me: env.Me, Entity: e}
}

// Normal returns the stored form of a text that a client wrote for a field that is no
// reference.
func (env Env) Normal(f *crm.Field, text string) (crm.Value, *crm.Error) {
	return env.Reader(nil).Normal(f, text)
}

// Moment returns the moment of which computed fields speak.
func (env Env) Moment() *crm.Moment { return &crm.Moment{Now: env.Now.UnixMilli(), Flow: env.Flow} }

// clock returns the clock for the times of the request.
func (env Env) clock() norm.Clock { return norm.Clock{Now: env.Now, Zone: env.Zone} }
