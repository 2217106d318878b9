package crm

import (
	"slices"
	"time"

	"crmkit/crm/pipeline"
)

// Rules are what a workspace has declared about its records beside the schema: its fields. A type
// in package crm/shape implements them. They do not change after they were made: a workspace that
// declares something else gets others, with another version.
type Rules interface {
	// Version is the version of the declarations, 1 or more.
	Version() int64
	// Flow returns the pipelines of the workspace; nil: it has none.
	Flow() *pipeline.Flow
	// Together returns the keys of custom that mean nothing without each other, for one of them or for the name of
	// their field; the key alone if there are no others.
	Together(e *Entity, key string) []string
	// Apply checks the values of a record after a change, and brings them into the form in which
	// they are stored. It changes after, and returns an error that names the field.
	Apply(e *Entity, before, after []Value, at Setting) *Error
}

// Setting is what the values after a change depend on besides the inputs.
type Setting struct {
	Now     int64
	Country string         // of the workspace, by which two phone numbers are one
	Zone    *time.Location // of the workspace, in which times are moved by days; nil is UTC
	Rules   Rules          // of the workspace; nil: it has none
}

// At returns the setting of changes by the actor at a time in Unix milliseconds.
func (a Actor) At(now int64) Setting {
	return Setting{Now: now, Country: a.Country, Zone: a.Zone, Rules: a.Schema}
}

// applyRules applies what the workspace has declared.
func (at Setting) applyRules(e *Entity, before, after []Value) *Error {
	if at.Rules == nil {
		return nil
	}
	return at.Rules.Apply(e, before, after, at)
}

// Flow returns the pipelines of the workspace; nil: it has none.
func (at Setting) Flow() *pipeline.Flow {
	if at.Rules == nil {
		return nil
	}
	return at.Rules.Flow()
}

// Together returns the keys of custom that belong together with one.
func (at Setting) Together(e *Entity, key string) []string {
	if at.Rules == nil {
		return []string{key}
	}
	return at.Rules.Together(e, key)
}

// parameters are those of single routes, and the words that join conditions. Entities of the product have
// some of these names for fields of their own, which no such route takes as filters; a declared field could
// be meant in any of them.
var parameters = []string{"at", "vs", "new_stage", "on_duplicate", "purge", "without", "since", "bookmark", "by", "record", "field", "action", "run", "summary", "wait", "q", "types",
	"source", "key", "decimal", "dates", "null", "bom", "and", "or", "not"}

// IsReserved reports whether no declared field may have a name, since a parameter or a key that answers add
// to a record has it.
func IsReserved(name string) bool {
	return slices.Contains(slices.Concat(ListParams, AggregateParams, reserved, parameters), name)
}
