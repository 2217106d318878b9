// Package query turns what a client asks into SQL text and arguments: filters,
// search, sort orders and cursors, compiled against the schema. It also holds
// the normal forms in which values are stored and compared. It is pure: it
// executes nothing, and only names from the schema ever reach SQL text.
package query

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Env is what a question needs to know besides the schema.
type Env struct {
	Schema    *crm.Schema
	Now       time.Time
	Zone      *time.Location      // in which dates and today are read; nil is UTC
	Workspace int64               // to which ids are bound
	Me        string              // the address that "me" stands for
	Secret    []byte              // signs cursors
	Fuzzy     map[string][]string // words of a search that are looked for in other spellings
}

// For returns the Env of a request: who asks, and when.
func For(schema *crm.Schema, actor crm.Actor, now time.Time, secret []byte) Env {
	return Env{Schema: schema, Now: now, Zone: actor.Zone, Workspace: actor.Workspace, Me: actor.Email, Secret: secret}
}

// Reader returns what the types of an entity's fields need to read values. The entity is
// nil where no reference is read.
func (env Env) Reader(e *crm.Entity) crm.Reader {
	return crm.Reader{Clock: env.clock(), Schema: env.Schema, Workspace: env.Workspace, Me: env.Me, Entity: e}
}

// Normal returns the stored form of a text that a client wrote for a field that is no
// reference.
func (env Env) Normal(f *crm.Field, text string) (crm.Value, *crm.Error) {
	return env.Reader(nil).Normal(f, text)
}

// clock returns the clock that reads the times of the request.
func (env Env) clock() norm.Clock { return norm.Clock{Now: env.Now, Zone: env.Zone} }
