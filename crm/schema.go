package crm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Schema is the table of entities, checked and linked.
type Schema struct{ Entities []*Entity }

// NewSchema links the entities and checks everything that other packages rely on: names and
// prefixes are unique, references and fields that are named exist, every field has a Doc.
// So a mistake in a table is an error at the start and not a panic in a request.
func NewSchema(entities []Entity, views []View) (*Schema, error) {
	s := &Schema{}
	for _, e := range entities {
		e.refs, e.Links = map[string]*Entity{}, slices.Clone(e.Links)
		s.Entities = append(s.Entities, &e)
	}
	for _, v := range views {
		s.Entities = append(s.Entities, &Entity{View: v, Ops: List, view: true, refs: map[string]*Entity{}})
	}
	seen := map[string]bool{}
	for _, e := range s.Entities {
		for _, word := range []string{e.Name, e.Plural, e.Prefix + "_"} {
			if word == "" || seen[word] {
				return nil, fmt.Errorf("entity %q: name %q is empty or taken", e.Name, word)
			}
			seen[word] = true
		}
		if err := s.link(e); err != nil {
			return nil, err
		}
	}
	types := s.keyTypes()
	for _, e := range s.Entities {
		e.keyTypes = types
		if err := s.resolveLinks(e); err != nil {
			return nil, err
		}
		if err := s.resolveBacks(e); err != nil {
			return nil, err
		}
		for _, path := range e.Search {
			if !e.has(path) {
				return nil, fmt.Errorf("entity %s: search looks in %q, which is no field", e.Name, path)
			}
		}
	}
	return s, nil
}

// keyTypes returns the types of fields by their names, for names that have one type in all entities.
// Fields that follow from others are left out if another field has their name: no change of
// them is logged.
func (s *Schema) keyTypes() map[string]Type {
	types, derived := map[string]Type{}, map[string]bool{}
	add := func(f *Field) {
		is, known := types[f.Name]
		switch {
		case !known || derived[f.Name] && !f.Derived():
			types[f.Name], derived[f.Name] = f.Type, f.Derived()
		case derived[f.Name] == f.Derived() && is != f.Type:
			types[f.Name] = nil
		}
	}
	for _, e := range s.Entities {
		for i := range e.Fields {
			add(&e.Fields[i])
		}
	}
	return types
}

// KeyType returns the type of the fields with a name, nil if they have different ones or there is
// none. The objects from and to of the change log have names of fields as keys.
func (e *Entity) KeyType(key string) Type { return e.keyTypes[key] }

// HoldsTime reports whether a key has the name of a field that is a time in every entity. In
// the objects from and to of the change log these are shown as times.
func (e *Entity) HoldsTime(key string) bool {
	t := e.KeyType(key)
	return t != nil && t.Kind() == TimeKind
}

// ListParams are the parameters of every list besides its filters. No field may have one of
// these names, since its filter could not be written.
var ListParams = []string{"search", "sort", "limit", "cursor", "fields", "total", "times", "format"}

// AggregateParams are the parameters by which a list answers numbers instead of records. They are
// reserved too.
var AggregateParams = []string{"group", "sum", "avg", "min", "max", "count_distinct", "count", "links"}

// reserved are further names that no field may have: parameters of other requests, and keys
// that answers add to a record.
var reserved = []string{"confirm", "dry_run", "budget", "all", "atomic", "code", "days", "result", "overdue", "about", "current", "items", "remarks", "deleted", "deleted_at", "deleted_by", "deleted_with", "view", "where"}

// has reports whether a path, through at most one reference, names a field.
func (e *Entity) has(path string) bool {
	head, tail, dotted := strings.Cut(path, ".")
	for i := range e.Fields {
		if f := &e.Fields[i]; dotted && f.IsReference() && f.Path() == head {
			return e.Target(f).Field(tail) != nil
		}
	}
	return e.Field(path) != nil
}

// link resolves the references of an entity, and checks its fields and groups.
func (s *Schema) link(e *Entity) error {
	seen := map[string]bool{}
	for _, name := range slices.Concat(reserved, ListParams, AggregateParams) {
		seen[name] = true
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if seen[f.Name] || f.Doc == "" || f.Type == nil {
			return fmt.Errorf("entity %s: field %q is taken, reserved, or without a type or a Doc", e.Name, f.Name)
		}
		seen[f.Name] = true
		if err := errors.Join(f.Choices.check(f), f.checkOwnFold()); err != nil {
			return fmt.Errorf("entity %s: %w", e.Name, err)
		}
		if err := s.checkDerivation(e, f); err != nil {
			return fmt.Errorf("entity %s: field %s: %w", e.Name, f.Name, err)
		}
		if !f.IsReference() {
			continue
		}
		if e.refs[f.Name] = s.ByName(f.Ref); e.refs[f.Name] == nil {
			return fmt.Errorf("entity %s: field %s points to unknown entity %q", e.Name, f.Name, f.Ref)
		}
		if e.IsDefinition() && !e.refs[f.Name].IsDefinition() {
			return fmt.Errorf("entity %s: field %s points to %s, but definitions are restored before other records", e.Name, f.Name, f.Ref)
		}
	}
	if e.sharedTable = s.ByName(e.Storage.Shared); e.Storage.Shared != "" && e.sharedTable == nil {
		return fmt.Errorf("entity %s: its table is shared with %q, which is unknown", e.Name, e.Storage.Shared)
	}
	if err := e.checkNames(); err != nil {
		return err
	}
	return e.checkGroups()
}

// checkNames checks that all fields that the entity names exist.
func (e *Entity) checkNames() error {
	named := []string{e.LabelField, strings.TrimPrefix(e.Sort, "-"), e.Keys.Unique, e.Reminder.Field, e.Reminder.Note, e.Reminder.Assignee}
	for _, name := range slices.Concat(named, slices.Concat(e.Keys.Together...)) {
		if name != "" && e.Field(name) == nil {
			return fmt.Errorf("entity %s: no field %q", e.Name, name)
		}
	}
	for _, name := range slices.Concat(e.Parents.Sets()...) {
		if f := e.Field(name); f == nil || !f.IsReference() {
			return fmt.Errorf("entity %s: %q is no reference, so it leads to no parent", e.Name, name)
		}
	}
	return nil
}

// checkGroups checks that the fields of each group fit together.
func (e *Entity) checkGroups() error {
	r := e.Reminder
	switch {
	case r.Field == "" && r != Reminder{}:
		return fmt.Errorf("entity %s: a reminder without a time is never shown", e.Name)
	case r.Field != "" && e.Field(r.Field).Type.Kind() != TimeKind:
		return fmt.Errorf("entity %s: the field %s of its reminder is no time", e.Name, r.Field)
	case len(e.Parents.Fields) == 0 && (e.Parents.Path != "" || e.Parents.AuthorOwned):
		return fmt.Errorf("entity %s: Parents has a Path or AuthorOwned, but no Fields", e.Name)
	case e.IsDefinition() && (len(e.Search)+len(e.Links)+len(e.Keys.Items) > 0 || r.Field != ""):
		return fmt.Errorf("entity %s: a definition has no search, links, keys in lists or reminder", e.Name)
	case !e.view && e.Storage != Storage{}:
		return fmt.Errorf("entity %s: records are in the table of its plural, not in %+v", e.Name, e.Storage)
	}
	return nil
}

// resolveLinks resolves the many-to-many links of an entity. It runs after link, which resolves
// the references that links consist of.
func (s *Schema) resolveLinks(e *Entity) error {
	for i := range e.Links {
		l := &e.Links[i]
		if l.Via = s.ByName(l.JoinEntity); l.Via == nil || e.Field(l.Name) != nil || l.Via.refs[l.From] != e || l.Via.refs[l.To] == nil {
			return fmt.Errorf("entity %s: the link %s leads nowhere", e.Name, l.Name)
		}
		l.End = l.Via.refs[l.To]
		if l.Main != "" && e.refs[l.Main] != l.End || l.Counted != "" && e.Field(l.Counted) == nil {
			return fmt.Errorf("entity %s: the link %s has no field %s or %s that fits", e.Name, l.Name, l.Main, l.Counted)
		}
	}
	return nil
}

// checkDerivation checks that the fields of a derivation exist, and then runs its own check,
// which may rely on that.
func (s *Schema) checkDerivation(e *Entity, f *Field) error {
	if f.Derivation == nil {
		if f.Type.Computed() && !f.IsIdentity() {
			return errors.New("its type is computed, but it has no derivation")
		}
		return nil
	}
	for _, name := range f.Derivation.follows() {
		if other := e.Field(name); other == nil || other.Type == nil {
			return fmt.Errorf("it follows unknown field %q", name)
		}
	}
	return f.Derivation.check(s, e, f)
}

// ByName returns the entity with the singular name, or nil.
func (s *Schema) ByName(name string) *Entity {
	return s.find(func(e *Entity) bool { return e.Name == name })
}

// ByPath returns the entity whose ids follow a path segment, as in /contacts/c_7k3q, or nil.
func (s *Schema) ByPath(segment string) *Entity {
	return s.find(func(e *Entity) bool { return e.Route()[strings.LastIndexByte(e.Route(), '/')+1:] == segment })
}

// ByPrefix returns the entity with the prefix of an id, or nil.
func (s *Schema) ByPrefix(id string) *Entity {
	prefix, _, _ := strings.Cut(id, "_")
	return s.find(func(e *Entity) bool { return e.Prefix == prefix })
}

func (s *Schema) find(match func(*Entity) bool) *Entity {
	for _, e := range s.Entities {
		if match(e) {
			return e
		}
	}
	return nil
}

// Dependents returns the entities in the order in which all their records can be deleted: each
// before the entities it refers to.
func (s *Schema) Dependents() []*Entity {
	var list []*Entity
	var add func(*Entity)
	add = func(e *Entity) {
		if slices.Contains(list, e) {
			return
		}
		for _, ref := range s.ReferencesTo(e) {
			if ref.From != e {
				add(ref.From)
			}
		}
		list = append(list, e)
	}
	for _, e := range s.Entities {
		add(e)
	}
	return list
}

// Records returns the entities that are not views in the order in which all their records can
// be made: each after the entities it refers to, and definitions after all others, since a record may have values from
// before there was a definition, which the definition would refuse.
func (s *Schema) Records() []*Entity {
	var definitions, others []*Entity
	for _, e := range s.Dependents() {
		switch {
		case e.IsDefinition():
			definitions = append([]*Entity{e}, definitions...)
		case !e.view:
			others = append([]*Entity{e}, others...)
		}
	}
	return append(others, definitions...)
}

// Definitions returns the entities whose records say what other records are like.
func (s *Schema) Definitions() (list []*Entity) {
	for _, e := range s.Entities {
		if e.IsDefinition() {
			list = append(list, e)
		}
	}
	return list
}
