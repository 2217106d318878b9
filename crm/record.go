package crm

import (
	"slices"
	"strings"

	"crmkit/crm/pipeline"
)

// Record is an entity with values, in the order of the entity's fields.
type Record struct {
	Entity *Entity
	Key    int64    // workspace and number; the row number where ids are random
	ID     string   // c_7k3q
	Values []Value  // parallel to Entity.Fields; computed fields stay Null
	Labels []string // parallel: for a reference the label of its record
	At     *Moment  // of which computed fields speak; nil: they have no value
}

// Moment is what fields depend on that are computed from where a record is in its pipeline.
type Moment struct {
	Now  int64          // unix milliseconds
	Flow *pipeline.Flow // the pipelines of the workspace; nil: it has none
}

// StageAt returns the stage that a record has in its pipeline; nil if it has none there.
func (r Record) StageAt() *pipeline.Stage {
	if r.At == nil {
		return nil
	}
	return r.At.Flow.StageOf(r.Entity.Name, r.Value(FieldPipeline).Text, r.Value(FieldStage).Text)
}

// NewRecord returns a record of the entity with nothing set.
func NewRecord(e *Entity) Record {
	return Record{Entity: e, Values: make([]Value, len(e.Fields)), Labels: make([]string, len(e.Fields))}
}

// Stub returns a record with the same id and no values.
func (r Record) Stub() Record {
	empty := NewRecord(r.Entity)
	empty.Key, empty.ID = r.Key, r.ID
	return empty
}

// Handle returns kind/id.
func (r Record) Handle() string {
	if twin := r.Entity.sharedTable; twin != nil && strings.HasPrefix(r.ID, twin.Prefix+"_") {
		return twin.Name + "/" + r.ID
	}
	return r.Entity.Name + "/" + r.ID
}

// Value returns the named field's value; Null for a name the entity lacks.
func (r Record) Value(name string) Value {
	if i := r.Entity.Index(name); i >= 0 {
		return r.Values[i]
	}
	return Value{}
}

// Shown returns the named field's value as answers show it; Null for a name the entity lacks.
func (r Record) Shown(name string) Value {
	if i := r.Entity.Index(name); i >= 0 {
		return r.Entity.Fields[i].Type.Show(r, i)
	}
	return Value{}
}

// Set puts a value into the named field. The field must exist.
func (r Record) Set(name string, v Value) { r.Values[r.Entity.Index(name)] = v }

// Version returns the record's version.
func (r Record) Version() int64 { return r.Value("version").Int }

// Clone returns a copy whose values can be changed without changing the original.
func (r Record) Clone() Record {
	r.Values, r.Labels = slices.Clone(r.Values), slices.Clone(r.Labels)
	return r
}

// Names of fields that the store sets.
const (
	FieldVersion   = "version"
	FieldCreatedAt = "created_at"
	FieldCreatedBy = "created_by"
	FieldUpdatedAt = "updated_at"
	FieldUpdatedBy = "updated_by"
)

// Changed returns the positions of the fields that differ.
func Changed(before, after []Value) []int {
	var changed []int
	for i := range after {
		if !before[i].Equal(after[i]) {
			changed = append(changed, i)
		}
	}
	return changed
}
