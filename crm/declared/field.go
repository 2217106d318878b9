package declared

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Field is a field that a workspace has declared for the records of a kind.
type Field struct {
	ID       string // of the declaration
	Name     string // the key of custom, without custom.
	Type     string
	Options  []string // of a choice, in their order
	Required bool
	Unique   bool
	Ref      string // the kind of a reference
	Doc      string
}

// Member is one key of custom that a declaration governs. Its field is as those of the schema are,
// and has the name by which answers show the key: custom.region.
type Member struct {
	crm.Field
	Key string // the key alone
	Of  *Field
}

// Prefix is before the name of each declared field in answers.
const Prefix = "custom."

// The suffixes of the two keys of an amount of money.
const (
	centsSuffix    = "_cents"
	currencySuffix = "_currency"
)

// Members returns the keys of custom that the field governs: two for money, else one.
func (f *Field) Members() (list []Member) {
	for _, p := range formOf(f.Type).parts {
		m := Member{Key: f.Name + p.suffix, Of: f, Field: crm.Field{Name: Prefix + f.Name + p.suffix, Type: p.is, Doc: f.Doc, Required: f.Required, Ref: f.Ref}}
		if f.Type == Choice {
			m.Choices = crm.OneOf(f.Options...)
		}
		list = append(list, m)
	}
	return list
}

// The limits of declarations.
const (
	MaxFields  = 200 // of a kind
	MaxOptions = 100 // of a choice; as many as a list has items
	maxOption  = 64  // characters, as of a tag
	maxName    = 40
)

// name is the form of a name of a field. It is that of built-in fields, so that it can be a filter.
var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Check returns an error if the declaration cannot be one of the kind: its name is taken, its type
// unknown, or its options do not fit the type.
func (f *Field) Check(schema *crm.Schema, e *crm.Entity) *crm.Error {
	form := formOf(f.Type)
	switch {
	case e == nil || !Declares(e):
		return crm.Errorf(crm.InvalidValue, "fields are declared for %s; send one of them as kind.", crm.Enumerate(Kinds(schema), "or")).On("kind").Of("", Kinds(schema))
	case form == nil:
		return crm.Errorf(crm.InvalidValue, "type cannot be %s; it is one of %s.", norm.Quote(f.Type), strings.Join(Types(), ", ")).On("type").Of(f.Type, Types())
	case len(f.Name) > maxName || !name.MatchString(f.Name):
		return crm.Errorf(crm.InvalidValue, "%s is not a name of a field: send small letters, digits and _, a letter first, at most %d, like region.", norm.Quote(f.Name), maxName).On("name")
	case f.Unique && !form.unique:
		return crm.Errorf(crm.InvalidValue, "a field of type %s cannot be unique; send unique as no. Types that can: %s.", f.Type, strings.Join(uniqueTypes(), ", ")).On("unique")
	}
	for _, p := range form.parts {
		if why := taken(schema, e, f.Name+p.suffix); why != "" {
			return crm.Errorf(crm.InvalidValue, "a field of %s cannot be called %s: %s. Send another name.", e.Plural, f.Name, why).On("name")
		}
	}
	if why := taken(schema, e, f.Name); why != "" {
		return crm.Errorf(crm.InvalidValue, "a field of %s cannot be called %s: %s. Send another name.", e.Plural, f.Name, why).On("name")
	}
	if err := f.checkRef(schema); err != nil {
		return err
	}
	return f.checkOptions()
}

// CheckBeside returns an error if the fields of the kind leave no place for one more, or another one has a key of it.
func (k *Kind) CheckBeside(f *Field) *crm.Error {
	if k == nil {
		return nil
	}
	if k.Field(f.Name) == nil && len(k.Fields) >= MaxFields {
		return crm.Errorf(crm.PlanLimitReached, "%s have %d declared fields, the most there may be. GET /fields?kind=%s lists them; DELETE /fields/{id} removes one and keeps the values.", k.Entity.Plural, MaxFields, k.Entity.Name)
	}
	key, other := k.Beside(f)
	switch {
	case other == nil:
		return nil
	case k.Field(f.Name) != nil:
		return crm.Errorf(crm.InvalidValue, "%s of %s cannot be of type %s: that has the key %s, which the field %s has. Send another type.", f.Name, k.Entity.Plural, f.Type, key, other.Name).On("type")
	case key == f.Name:
		return crm.Errorf(crm.InvalidValue, "a field of %s cannot be called %s: it is a key of the field %s. Send another name.", k.Entity.Plural, f.Name, other.Name).On("name")
	}
	return crm.Errorf(crm.InvalidValue, "a field of %s cannot be called %s: %s is declared already. Send another name.", k.Entity.Plural, f.Name, key).On("name")
}

// Beside returns a key or a name that a field would have together with another one, and that one; nil: there is none.
// The field itself may be one of the kind already.
func (k *Kind) Beside(f *Field) (key string, other *Field) {
	if k == nil {
		return "", nil
	}
	keys := []string{f.Name}
	for _, m := range f.Members() {
		keys = append(keys, m.Key)
	}
	for _, key := range keys {
		if m := k.Member(key); m != nil && m.Of.Name != f.Name {
			return key, m.Of
		}
		if other := k.Field(key); other != nil && other.Name != f.Name {
			return key, other
		}
	}
	return "", nil
}

// checkRef checks the kind to which a reference leads.
func (f *Field) checkRef(schema *crm.Schema) *crm.Error {
	if f.Type != Reference {
		if f.Ref != "" {
			return crm.Errorf(crm.InvalidValue, `only a field of type reference has a ref; clear it with "ref":null, or send type reference.`).On("ref")
		}
		return nil
	}
	if to := schema.ByName(f.Ref); to == nil || !slices.Contains(referable(schema), f.Ref) {
		return crm.Errorf(crm.InvalidValue, "a reference needs ref, the kind of the records that it leads to: %s.", crm.Enumerate(referable(schema), "or")).On("ref").Of(f.Ref, referable(schema))
	}
	return nil
}

// checkOptions checks the options of a choice.
func (f *Field) checkOptions() *crm.Error {
	switch {
	case f.Type != Choice && len(f.Options) > 0:
		return crm.Errorf(crm.InvalidValue, `only a field of type choice has options; clear them with "options":null, or send type choice.`).On("options")
	case f.Type != Choice:
		return nil
	case len(f.Options) == 0:
		return crm.Errorf(crm.MissingField, `a choice needs options; send them in their order: {"options":["emea","amer","apac"]}.`).On("options")
	case len(f.Options) > MaxOptions:
		return crm.TooMany("options", MaxOptions, "options", "Nothing was saved; declare a text instead.")
	}
	seen := map[string]string{}
	for _, option := range f.Options {
		clean, ok := norm.Clean(option)
		if !ok || clean != option || option == "" || strings.ContainsAny(option, ",\n") || len([]rune(option)) > maxOption {
			return crm.Errorf(crm.InvalidValue, "%s is not an option: one has 1 to %d characters, no comma and no blank at its ends.", norm.Quote(option), maxOption).On("options")
		}
		lower := strings.ToLower(option)
		if other, twice := seen[lower]; twice {
			return crm.Errorf(crm.InvalidValue, "the options %s and %s are the same but for capitals; send one of them.", norm.Quote(other), norm.Quote(option)).On("options")
		}
		seen[lower] = option
	}
	return nil
}

// uniqueTypes returns the types of which a value may name a record.
func uniqueTypes() (names []string) {
	for _, form := range forms {
		if form.unique {
			names = append(names, form.name)
		}
	}
	return names
}

// taken says why a name cannot be that of a key of a kind, "" if it can.
func taken(schema *crm.Schema, e *crm.Entity, name string) string {
	switch {
	case e.Field(name) != nil:
		return "it is a built-in field"
	case crm.IsReserved(name):
		return "it is a parameter of requests"
	case e.Link(name) != nil || slices.ContainsFunc(e.Fields, func(f crm.Field) bool { return f.IsReference() && f.Path() == name }):
		return "filters use that name"
	}
	for _, other := range schema.Entities {
		if name == other.Name || name == other.Plural {
			return "it is the name of a kind"
		}
		for i := range other.Links {
			if l := &other.Links[i]; l.End == e && l.Own(name) != nil {
				return "filters use that name after " + l.Name + "."
			}
		}
	}
	return ""
}

// Declares reports whether fields can be declared for the records of a kind: they have the object custom.
func Declares(e *crm.Entity) bool {
	f := e.Field("custom")
	return !e.IsView() && f != nil && !f.ReadOnly && f.Type.Kind() == crm.ObjectKind
}

// Kinds returns the names of the kinds for which fields can be declared.
func Kinds(schema *crm.Schema) (names []string) {
	for _, e := range schema.Entities {
		if Declares(e) {
			names = append(names, e.Name)
		}
	}
	return names
}

// referable returns the names of the kinds to which references may lead.
func referable(schema *crm.Schema) []string { return Kinds(schema) }

// Example returns JSON that is a value of the field.
func (f *Field) Example() string {
	switch f.Type {
	case Choice:
		return norm.QuoteJSON(f.Options[0])
	case Reference:
		return fmt.Sprintf("%q", "id of a "+f.Ref)
	}
	return formOf(f.Type).example
}
