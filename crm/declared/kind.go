package declared

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Kind has the declared fields of one kind of record.
type Kind struct {
	Entity  *crm.Entity
	Fields  []*Field // in the order in which they were declared
	Closed  bool     // keys that are not declared are refused
	schema  *crm.Schema
	members map[string]*Member
	custom  int // the position of the object
}

// NewKind returns the rules for the records of a kind.
func NewKind(schema *crm.Schema, e *crm.Entity, fields []*Field) *Kind {
	k := &Kind{Entity: e, Fields: fields, schema: schema, members: map[string]*Member{}, custom: e.Index("custom")}
	for _, f := range fields {
		for _, m := range f.Members() {
			k.members[m.Key] = &m
		}
	}
	return k
}

// Member returns what is declared of a key of custom, nil if nothing is. Nothing is declared in a nil Kind.
func (k *Kind) Member(key string) *Member {
	if k == nil {
		return nil
	}
	return k.members[key]
}

// Amount returns the two keys of a declared amount by its name, "" if there is none of that name.
func (k *Kind) Amount(name string) (number, currency string) {
	if f := k.Field(name); f == nil || f.Type != Money {
		return "", ""
	}
	return name + centsSuffix, name + currencySuffix
}

// Field returns the declared field with a name, nil if there is none.
func (k *Kind) Field(name string) *Field {
	if k == nil {
		return nil
	}
	for _, f := range k.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Together returns the keys of the field that has a key or a name; the key alone if none has it.
func (k *Kind) Together(key string) []string {
	f := k.Field(key)
	if m := k.Member(key); m != nil {
		f = m.Of
	}
	if f == nil {
		return []string{key}
	}
	return keysOf(f)
}

// Names returns the names of the declared fields.
func (k *Kind) Names() []string { return k.namesOf(func(*Field) bool { return true }) }

// Unique returns the names of the unique fields.
func (k *Kind) Unique() []string { return k.namesOf(func(f *Field) bool { return f.Unique }) }

func (k *Kind) namesOf(fits func(*Field) bool) (names []string) {
	if k == nil {
		return nil
	}
	for _, f := range k.Fields {
		if fits(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Keys returns the keys of custom that are declared.
func (k *Kind) Keys() (keys []string) {
	if k == nil {
		return nil
	}
	for _, f := range k.Fields {
		keys = append(keys, keysOf(f)...)
	}
	return keys
}

// Apply returns the members of custom after a change in the form in which they are stored. Members
// that did not change stay as they are, also those that would not be accepted now.
func (k *Kind) Apply(before, after []crm.Value, r crm.Reader) (crm.Value, *crm.Error) {
	was, is := before[k.custom], after[k.custom]
	isNew := before[k.Entity.Index(crm.FieldVersion)].Int == 0
	if !isNew && was.Equal(is) {
		return is, nil
	}
	list, fault := k.read(was.Members(), is.Members(), r)
	if fault != nil {
		return is, fault
	}
	for _, f := range k.Fields {
		if f.Required && !f.in(list) && (isNew || f.in(was.Members())) {
			return is, k.missing(f, was.Members())
		}
	}
	return crm.Members(list), nil
}

// reading is a change of an object that is being read.
type reading struct {
	kind   *Kind
	reader crm.Reader
	was    []crm.Member
	list   []crm.Member // those read so far
	sent   []*Field     // amounts that were sent as people write them
}

// read returns the members after a change, each that changed in its stored form.
func (k *Kind) read(was, is []crm.Member, r crm.Reader) ([]crm.Member, *crm.Error) {
	c := reading{kind: k, reader: r, was: was}
	for _, m := range is {
		if err := c.member(m); err != nil {
			return nil, err
		}
	}
	for _, f := range k.Fields {
		if f.Type != Money {
			continue
		}
		if err := c.pair(f); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(c.list, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	return c.list, nil
}

// member reads one member. Those that did not change are kept as they are.
func (c *reading) member(m crm.Member) (err *crm.Error) {
	declared, f := c.kind.members[m.Name], c.kind.Field(m.Name)
	changed := jsonOf(c.was, m.Name) != m.JSON
	switch {
	case declared != nil && slices.Contains(c.sent, declared.Of):
		if json, _ := declared.Read(c.reader, m.JSON); changed && json != jsonOf(c.list, m.Name) {
			return crm.Errorf(crm.InvalidValue, "%s and %s contradict each other; send only one of them.", Prefix+declared.Of.Name, declared.Name).On(declared.Name)
		}
		return nil
	case !changed:
	case declared != nil:
		m.JSON, err = declared.Read(c.reader, m.JSON)
	case f != nil: // the name of an amount, which has two keys
		return c.amount(f, m.JSON)
	case c.kind.Closed:
		err = c.kind.undeclared(m.Name)
	}
	if err == nil && m.JSON != "" {
		c.list = append(c.list, m)
	}
	return err
}

// in reports whether an object has the field.
func (f *Field) in(members []crm.Member) bool {
	name := f.Name
	if f.Type == Money {
		name += centsSuffix
	}
	return jsonOf(members, name) != ""
}

// jsonOf returns the value of a key, "" if the object does not have it.
func jsonOf(members []crm.Member, key string) string {
	for _, m := range members {
		if m.Name == key {
			return m.JSON
		}
	}
	return ""
}

// missing returns the error for a required field that a new record does not have, or that a write would clear.
func (k *Kind) missing(f *Field, was []crm.Member) *crm.Error {
	name, kind := Prefix+f.Name, crm.Article(k.Entity.Name)
	if f.in(was) {
		return crm.Errorf(crm.MissingField, "%s of %s cannot be empty: the workspace requires it. Send a value like %s, or leave it out.", name, kind, f.Example()).On(name).
			ForRow("%s of %s cannot be cleared: the workspace requires it. Give the row a value, or leave it out to keep the one that is there.", name, kind)
	}
	err := crm.Errorf(crm.MissingField, `%s is required to make %s: the workspace says so. Send {"custom":{"%s":%s}}; GET /schema/%s shows all fields.`, name, kind, f.Name, f.Example(), k.Entity.Name).On(name).
		ForRow("%s is required to make %s: the workspace says so. Add a column %s, or fill its cell in this row.", name, kind, name)
	err.Allowed = f.Options
	return err
}

// undeclared returns the error for a new key in a workspace that takes declared ones only.
func (k *Kind) undeclared(key string) *crm.Error {
	keys := k.Keys()
	there := "this workspace takes declared keys only: " + strings.Join(keys, " ")
	if len(keys) == 0 {
		there = "this workspace takes declared keys only, and " + k.Entity.Plural + " have none"
	}
	err := crm.Errorf(crm.UnknownField, "custom has no key %s: %s. Nothing was saved; leave it out, GET /schema/%s shows all fields. An admin declares another one with POST /fields.", norm.Quote(key), there, k.Entity.Name).
		On(Prefix+key).Of(key, keys).
		ForRow("custom has no key %s: %s. Leave the column out, or give it the name of a field; an admin declares another one with POST /fields.", norm.Quote(key), there)
	if near := k.Near(key); near != "" {
		err.DidYouMean = strings.TrimPrefix(near, Prefix)
	}
	return err
}
