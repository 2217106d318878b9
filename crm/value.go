package crm

import (
	"slices"

	"crmkit/crm/norm"
)

// Kind says which part of a Value has the value. The zero kind is Null: a field
// that is not set.
type Kind uint8

// The kinds of values.
const (
	Null       Kind = iota
	TextKind        // Text
	IntKind         // Int
	TimeKind        // Int, unix milliseconds
	RefKind         // Int, the key of the record
	FlagKind        // Int, 0 or 1
	ListKind        // List()
	ObjectKind      // Members()
)

// Value is the value of a field. Values are compared with Equal. A value takes 40 bytes, since
// a record has dozens of them and most are Null.
type Value struct {
	Kind  Kind
	Text  string
	Int   int64
	parts *parts // of a list or an object
}

// parts are the parts of a value that has several.
type parts struct {
	list    []string
	members []Member
}

// Member is one key of an object, with its value as JSON text.
type Member = norm.Member

// Str returns a text value; the empty string is Null, since an empty string
// means unset.
func Str(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Kind: TextKind, Text: s}
}

// Number returns an integer value.
func Number(n int64) Value { return Value{Kind: IntKind, Int: n} }

// Millis returns a time value from unix milliseconds.
func Millis(ms int64) Value { return Value{Kind: TimeKind, Int: ms} }

// Key returns a reference to the record with the key.
func Key(key int64) Value { return Value{Kind: RefKind, Int: key} }

// Bool returns a flag. Its parameter is the value itself and not an option, so a call shows
// what it means.
func Bool(b bool) Value {
	v := Value{Kind: FlagKind}
	if b {
		v.Int = 1
	}
	return v
}

// Labels returns a list value; an empty list is Null.
func Labels(tags []string) Value {
	if len(tags) == 0 {
		return Value{}
	}
	return Value{Kind: ListKind, parts: &parts{list: tags}}
}

// Members returns an object value; no members is Null.
func Members(m []Member) Value {
	if len(m) == 0 {
		return Value{}
	}
	return Value{Kind: ObjectKind, parts: &parts{members: m}}
}

// Set reports whether the value is not Null.
func (v Value) Set() bool { return v.Kind != Null }

// List returns the labels of a list, in order; nil for other kinds. Callers must not change
// them.
func (v Value) List() []string {
	if v.parts == nil {
		return nil
	}
	return v.parts.list
}

// Members returns the members of an object, in order; nil for other kinds. Callers must not
// change them.
func (v Value) Members() []Member {
	if v.parts == nil {
		return nil
	}
	return v.parts.members
}

// Equal reports whether two values are the same, list order included.
func (v Value) Equal(w Value) bool {
	return v.Kind == w.Kind && v.Text == w.Text && v.Int == w.Int &&
		(v.parts == w.parts || slices.Equal(v.List(), w.List()) && slices.Equal(v.Members(), w.Members()))
}
