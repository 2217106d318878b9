// Package shape has what a workspace has declared about its records, all together and as of one
// version: a Schema.
//
// It does no I/O. A Schema is made from the records of the declarations and never changes. The
// version is that of the workspace: every write of a declaration increases it in its transaction,
// and every write of a record compares it there. So a Schema that is kept in memory is never used
// for a write after the workspace has another one.
package shape

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// Declarations are the names of the entities whose records make a Schema.
var Declarations = []string{"field", "pipeline"}

// DeclaredKeys is the value of custom_keys of a workspace whose records take declared keys only.
const DeclaredKeys = "declared"

// Declares reports whether a Schema is made from the records of an entity.
func Declares(e *crm.Entity) bool { return slices.Contains(Declarations, e.Name) }

// Schema is what a workspace has declared. It implements crm.Rules.
type Schema struct {
	Base      *crm.Schema // the entities of the product
	workspace int64
	version   int64
	closed    bool
	kinds     map[string]*declared.Kind // by the name of the entity
	flow      *pipeline.Flow            // nil: there are no pipelines
}

// Source is what a Schema is made from.
type Source struct {
	Base      *crm.Schema
	Workspace int64
	Version   int64
	Closed    bool         // the workspace takes declared keys only
	Records   []crm.Record // of Declarations, in the order in which they were made
}

// New returns the schema of a workspace.
func New(from Source) *Schema {
	s := &Schema{Base: from.Base, workspace: from.Workspace, version: from.Version, closed: from.Closed, kinds: map[string]*declared.Kind{}}
	fields := map[string][]*declared.Field{}
	for _, rec := range from.Records {
		kind := rec.Value("kind").Text
		if rec.Entity.Name == "pipeline" {
			if s.flow == nil {
				s.flow = &pipeline.Flow{}
			}
			s.flow.Pipelines = append(s.flow.Pipelines, PipelineOf(rec))
			continue
		}
		// A name that a later version has for a field of its own is that field's: such a declaration has no effect.
		if f := FieldOf(rec); f.Check(from.Base, from.Base.ByName(kind)) == nil {
			fields[kind] = append(fields[kind], f)
		}
	}
	for _, e := range from.Base.Entities {
		list := fields[e.Name]
		if declared.Declares(e) && (len(list) > 0 || from.Closed) {
			s.kinds[e.Name] = declared.NewKind(from.Base, e, list)
			s.kinds[e.Name].Closed = from.Closed
		}
	}
	return s
}

// Flow returns the pipelines of the workspace.
func (s *Schema) Flow() *pipeline.Flow {
	if s == nil {
		return nil
	}
	return s.flow
}

// Together returns the keys of the declared field of which a key or a name is.
func (s *Schema) Together(e *crm.Entity, key string) []string { return s.Kind(e).Together(key) }

// FieldOf returns the field that a record of the entity field declares.
func FieldOf(rec crm.Record) *declared.Field {
	return &declared.Field{
		ID: rec.ID, Name: rec.Value("name").Text, Type: rec.Value("type").Text, Options: rec.Value("options").List(),
		Required: rec.Value("required").Text == "yes", Unique: rec.Value("unique").Text == "yes", Ref: rec.Value("ref").Text, Doc: rec.Value("doc").Text,
	}
}

// PipelineOf returns the pipeline that a record of the entity pipeline is.
func PipelineOf(rec crm.Record) pipeline.Pipeline {
	stages, _ := pipeline.ReadStages(rec.Value("stages").Text) // it was checked when it was written
	return pipeline.Pipeline{Key: rec.Key, Kind: rec.Value("kind").Text, Name: rec.Value("name").Text, Default: rec.Value("default").Text == "yes", Stages: stages}
}

// Of returns the schema of a workspace as an actor has it; nil, in which nothing is declared, if it has none.
func Of(rules crm.Rules) *Schema {
	s, _ := rules.(*Schema)
	return s
}

// Version returns the version of the workspace of which the schema is.
func (s *Schema) Version() int64 {
	if s == nil {
		return 0
	}
	return s.version
}

// Closed reports whether the records of the workspace take declared keys only.
func (s *Schema) Closed() bool { return s != nil && s.closed }

// Is reports whether the schema is that of a workspace at a version.
func (s *Schema) Is(workspace, version int64) bool {
	return s != nil && s.workspace == workspace && s.version == version
}

// Kind returns the declared fields of an entity, nil if there are none.
func (s *Schema) Kind(e *crm.Entity) *declared.Kind {
	if s == nil {
		return nil
	}
	return s.kinds[e.Name]
}

// FullName returns a name of a filter, an order or a shown field with custom. before its last word, if that word alone is a
// declared key: region is custom.region, company.region is company.custom.region. All other names are returned as they are.
func (s *Schema) FullName(e *crm.Entity, name string) string {
	if s == nil {
		return name
	}
	rest := name
	for {
		if e.Field(rest) != nil {
			return name
		}
		head, tail, dotted := strings.Cut(rest, ".")
		if !dotted {
			if k := s.Kind(e); k.Member(rest) == nil && k.Field(rest) == nil {
				return name
			}
			return strings.TrimSuffix(name, rest) + declared.Prefix + rest
		}
		next := step(e, head)
		if next == nil {
			return name
		}
		e, rest = next, tail
	}
}

// ShownNames returns the full names of fields to show. The name of a declared amount means both of its keys.
func (s *Schema) ShownNames(e *crm.Entity, names []string) (full []string) {
	for _, name := range names {
		name = s.FullName(e, strings.TrimSpace(name))
		key, own := strings.CutPrefix(name, declared.Prefix)
		if number, currency := s.Kind(e).Amount(key); own && number != "" {
			full = append(full, declared.Prefix+number, declared.Prefix+currency)
			continue
		}
		full = append(full, name)
	}
	return full
}

// step returns the entity to which a word of a path leads, nil if it leads nowhere.
func step(e *crm.Entity, word string) *crm.Entity {
	if link := e.Link(word); link != nil {
		return link.End
	}
	if back := e.Back(word); back != nil {
		return back.To
	}
	for i := range e.Fields {
		if f := &e.Fields[i]; f.IsReference() && f.Path() == word {
			return e.Target(f)
		}
	}
	return nil
}

// Apply checks the declared fields of a record, and brings them into their stored form.
func (s *Schema) Apply(e *crm.Entity, before, after []crm.Value, at crm.Setting) *crm.Error {
	k := s.Kind(e)
	if k == nil {
		return nil
	}
	r := crm.Reader{Clock: norm.Clock{Now: time.UnixMilli(at.Now), Zone: at.Zone}, Schema: s.Base, Workspace: s.workspace, Entity: e}
	custom, err := k.Apply(before, after, r)
	if err == nil {
		after[e.Index("custom")] = custom
	}
	return err
}

// Near returns a remark for each key of custom that a change adds and that was probably meant as a declared one.
func (s *Schema) Near(before, after crm.Record) (remarks []string) {
	if s == nil || after.Entity == nil || s.Kind(after.Entity) == nil {
		return nil
	}
	k, was := s.Kind(after.Entity), before.Value("custom").Members()
	for _, m := range after.Value("custom").Members() {
		near := k.Near(m.Name)
		if near != "" && !slices.ContainsFunc(was, func(had crm.Member) bool { return had.Name == m.Name }) {
			remarks = append(remarks, "did you mean "+near+"? "+declared.Prefix+norm.Quote(m.Name)+" is not declared")
		}
	}
	return remarks
}
