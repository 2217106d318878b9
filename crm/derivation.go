package crm

import "fmt"

// Derivation says how the value of a field follows from others. A field has at most one: a
// *Rollup, *Inherited, *Transition, *FlagOf or *AmountOf. It is an interface and not a
// struct of five pointers, so that the compiler knows that there is only one.
type Derivation interface {
	// follows returns the fields of the same entity that are read or written. NewSchema
	// checks that they exist.
	follows() []string
	// check returns an error if the field cannot follow as it says.
	check(s *Schema, e *Entity, f *Field) error
}

// Rollup keeps something of the records of another entity that refer to this one: an
// integer how many there are, a time the latest of their values, tags each of their
// values. It is always up to date, and its changes are not changes of the record.
type Rollup struct {
	Child  string   // the entity whose records are counted
	Value  string   // their field that is kept; an integer needs none
	Where  string   // only those in which this field of theirs is set
	Equals []string // and, if there are any words here, is one of them
}

// Inherited keeps what another reference leads to, such as the company of an activity's
// contact. It changes with the contact, without a change of the activity.
type Inherited struct {
	From      string // the reference to the record that is asked
	Alternate string // the reference that this one completes, if there is one; filters by the path of Alternate find both
}

// Transition lets the field follow another when that becomes one of some values: a time is
// set then, and unset when the other field leaves them; a word becomes the same word.
type Transition struct {
	Of     string
	Values []string
}

// FlagOf makes a flag of a time: yes sets it, no clears it.
type FlagOf struct{ Time string }

// AmountOf makes one text of a number and its currency, which stay fields of their own.
type AmountOf struct {
	Number   string // in the smallest unit of the currency
	Currency string
}

// Rollup returns what the field keeps of other records, or nil.
func (f *Field) Rollup() *Rollup { r, _ := f.Derivation.(*Rollup); return r }

// Inherited returns by which reference the field is inherited, or nil.
func (f *Field) Inherited() *Inherited { i, _ := f.Derivation.(*Inherited); return i }

// Transition returns which changes of another field set this one, or nil.
func (f *Field) Transition() *Transition { t, _ := f.Derivation.(*Transition); return t }

// FlagOf returns the time that the flag shows, or nil.
func (f *Field) FlagOf() *FlagOf { of, _ := f.Derivation.(*FlagOf); return of }

// AmountOf returns the fields that the amount is made of, or nil.
func (f *Field) AmountOf() *AmountOf { of, _ := f.Derivation.(*AmountOf); return of }

// Derived reports whether the field follows from other records, so that it is not part of
// a change.
func (f *Field) Derived() bool { return f.Rollup() != nil || f.Inherited() != nil }

func (*Rollup) follows() []string       { return nil }
func (t *Transition) follows() []string { return []string{t.Of} }
func (o *FlagOf) follows() []string     { return []string{o.Time} }
func (o *AmountOf) follows() []string   { return []string{o.Number, o.Currency} }

func (i *Inherited) follows() []string {
	if i.Alternate == "" {
		return []string{i.From}
	}
	return []string{i.From, i.Alternate}
}

// check needs the other entity and its fields. A client could write over a count if the
// field were not read-only.
func (r *Rollup) check(s *Schema, _ *Entity, f *Field) error {
	child := s.ByName(r.Child)
	if child == nil || r.Value != "" && child.Field(r.Value) == nil || r.Where != "" && child.Field(r.Where) == nil || !f.ReadOnly {
		return fmt.Errorf("it keeps %+v, which does not exist, or clients can write it", *r)
	}
	return nil
}

func (i *Inherited) check(_ *Schema, e *Entity, f *Field) error {
	if !f.ReadOnly || !f.IsReference() || !e.Field(i.From).IsReference() || i.Alternate != "" && e.Field(i.Alternate).Ref != f.Ref {
		return fmt.Errorf("it cannot inherit %+v: it is a read-only reference, and can only complete one to the same entity", *i)
	}
	return nil
}

func (t *Transition) check(*Schema, *Entity, *Field) error {
	if len(t.Values) == 0 {
		return fmt.Errorf("no value of %s is one to follow", t.Of)
	}
	return nil
}

func (o *FlagOf) check(_ *Schema, e *Entity, _ *Field) error {
	if e.Field(o.Time).Type.Kind() != TimeKind {
		return fmt.Errorf("%s is no time, so a flag cannot set it", o.Time)
	}
	return nil
}

func (o *AmountOf) check(_ *Schema, e *Entity, _ *Field) error {
	if e.Field(o.Number).Type.Kind() != IntKind {
		return fmt.Errorf("%s is no number, so an amount cannot set it", o.Number)
	}
	return nil
}
