package crm

import (
	"encoding/json"
	"strings"
)

// Kind says which part of a Value is meant. The zero kind is Null: a field
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
	ListKind        // List
	ObjectKind      // Members
)

// Value is what a field holds. Values are compared with Equal.
type Value struct {
	Kind    Kind
	Text    string
	Int     int64
	List    []string
	Members []Member
}

// Member is one key of an Object, with its value as JSON text.
type Member struct {
	Name string
	JSON string
}

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

// Bool returns a flag.
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
	return Value{Kind: ListKind, List: tags}
}

// Members returns an object value; no members is Null.
func Members(m []Member) Value {
	if len(m) == 0 {
		return Value{}
	}
	return Value{Kind: ObjectKind, Members: m}
}

// Set reports whether the value is not Null.
func (v Value) Set() bool { return v.Kind != Null }

// Equal reports whether two values are the same, list order included.
func (v Value) Equal(w Value) bool {
	if v.Kind != w.Kind || v.Text != w.Text || v.Int != w.Int ||
		len(v.List) != len(w.List) || len(v.Members) != len(w.Members) {
		return false
	}
	for i := range v.List {
		if v.List[i] != w.List[i] {
			return false
		}
	}
	for i := range v.Members {
		if v.Members[i] != w.Members[i] {
			return false
		}
	}
	return true
}

// AppendObject appends the members as one JSON object.
func AppendObject(b []byte, members []Member) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuoted(b, m.Name)
		b = append(b, ':')
		b = append(b, m.JSON...)
	}
	return append(b, '}')
}

// Unquote returns the text of a JSON string value; ok is false when the JSON
// is not a string.
func Unquote(raw string) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	return s, json.Unmarshal([]byte(raw), &s) == nil
}
