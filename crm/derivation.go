package crm

import "fmt"

// Derivation says how the value of a field follows from others. A field has at most one: a
// *Rollup, *Inherited, *Transition, *FlagOf, *AmountOf or *OfStage. It is an interface and not a
// struct of six pointers, so that the compiler knows that there is only one.
type Derivation interface {
	// follows returns the fields of the same entity that are read or written. NewSchema
	// checks that they exist.
	follows() []string
	// check returns an error if the derivation does not fit the field or the schema.
	check(s *Schema, e *Entity, f *Field) error
}

// Rollup stores a summary of the records of another entity that refer to this one: in an
// integer field their number, in a time the latest of their values, in tags the set of their
// values. It is updated in the transaction that changes them. Its changes are not changes of
// the record: they have no entry in the log, and the version stays.
type Rollup struct {
	Child  string   // the entity whose records are summarised
	Value  string   // their field that is summarised; an integer needs none
	Where  string   // only records in which this field is set
	Equals []string // and, if this is not empty, has one of these values
	Quiet  bool     // text leaves out a count of 0, which most records have
}

// Inherited copies a reference of a parent, such as the company of an activity's contact. It
// changes when the contact moves to another company, which is not a change of the activity.
type Inherited struct {
	From      string // the reference to the parent
	Alternate string // the reference that this one completes, if there is one; filters by the path of Alternate match both
}

// Transition sets the field when another field becomes one of some values. A time is set to
// now, and unset when the other field changes to a value not among them. A choice is set to
// the same word. Without values a time says since when the other field has its value, whatever
// that is.
type Transition struct {
	Of     string
	Values []string
}

// FlagOf shows whether a time is set. Sending true sets the time, false clears it.
type FlagOf struct{ Time string }

// AmountOf shows a number and its currency, which are fields of their own, as one text.
type AmountOf struct {
	Number   string // in the smallest unit of the currency
	Currency string
}

// OfStage is a value that follows from where a record is in its pipeline or how it ended, and from the time. No
// column stores it: it changes when no record does.
type OfStage struct {
	Number     string // the number that is weighted by the probability of the stage; empty: none is
	Outcome    string // the field of which won is 100 and lost is 0; empty: the value is another
	Start, End string // the times between which days are counted; an unset End is now
}

// Ages reports whether the value follows from how long the record has been in its stage.
func (o *OfStage) Ages() bool { return *o == OfStage{} }

// Rollup returns the rollup of the field, or nil.
func (f *Field) Rollup() *Rollup { r, _ := f.Derivation.(*Rollup); return r }

// Inherited returns the inheritance of the field, or nil.
func (f *Field) Inherited() *Inherited { i, _ := f.Derivation.(*Inherited); return i }

// Transition returns the transition of another field that sets this one, or nil.
func (f *Field) Transition() *Transition { t, _ := f.Derivation.(*Transition); return t }

// FlagOf returns the time that the flag shows, or nil.
func (f *Field) FlagOf() *FlagOf { of, _ := f.Derivation.(*FlagOf); return of }

// AmountOf returns the number and currency that the amount shows, or nil.
func (f *Field) AmountOf() *AmountOf { of, _ := f.Derivation.(*AmountOf); return of }

// OfStage returns how the field follows from the stage of its record, or nil.
func (f *Field) OfStage() *OfStage { of, _ := f.Derivation.(*OfStage); return of }

// Derived reports whether the value follows from other records, so that it is never part of a
// change of its own record.
func (f *Field) Derived() bool { return f.Rollup() != nil || f.Inherited() != nil }

func (*Rollup) follows() []string       { return nil }
func (t *Transition) follows() []string { return []string{t.Of} }
func (o *FlagOf) follows() []string     { return []string{o.Time} }
func (o *AmountOf) follows() []string   { return []string{o.Number, o.Currency} }

func (o *OfStage) follows() []string {
	switch {
	case o.Outcome != "":
		return []string{o.Outcome}
	case o.Start != "":
		return []string{o.Start, o.End}
	case o.Number == "":
		return []string{FieldStage, FieldPipeline, FieldStageSince}
	}
	return []string{FieldStage, FieldPipeline, FieldStageSince, o.Number}
}

func (i *Inherited) follows() []string {
	if i.Alternate == "" {
		return []string{i.From}
	}
	return []string{i.From, i.Alternate}
}

// check returns an error if the other entity or its fields do not exist, or if the field is not
// read-only: a client could then overwrite a count.
func (r *Rollup) check(s *Schema, _ *Entity, f *Field) error {
	child := s.ByName(r.Child)
	if child == nil || r.Value != "" && child.Field(r.Value) == nil || r.Where != "" && child.Field(r.Where) == nil || !f.ReadOnly {
		return fmt.Errorf("the rollup %+v names an unknown entity or field, or its own field is not read-only", *r)
	}
	return nil
}

func (i *Inherited) check(_ *Schema, e *Entity, f *Field) error {
	if !f.ReadOnly || !f.IsReference() || !e.Field(i.From).IsReference() || i.Alternate != "" && e.Field(i.Alternate).Ref != f.Ref {
		return fmt.Errorf("it cannot inherit %+v: it is a read-only reference, and can only complete one to the same entity", *i)
	}
	return nil
}

func (t *Transition) check(_ *Schema, _ *Entity, f *Field) error {
	if len(t.Values) == 0 && f.Type.Kind() != TimeKind {
		return fmt.Errorf("the transition of %s has no values", t.Of)
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

func (o *OfStage) check(_ *Schema, e *Entity, f *Field) error {
	if !f.ReadOnly || o.Number != "" && e.Field(o.Number).Type.Kind() != IntKind {
		return fmt.Errorf("%s is no number, or clients could write what follows from the stage", o.Number)
	}
	if o.Start != "" && (e.Field(o.Start).Type.Kind() != TimeKind || e.Field(o.End).Type.Kind() != TimeKind) {
		return fmt.Errorf("%s or %s is no time", o.Start, o.End)
	}
	return nil
}
