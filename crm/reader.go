package crm

import (
	"strings"

	"crmkit/crm/norm"
)

// Reader reads the values of a request. It has the context that types need besides the text.
type Reader struct {
	Clock     norm.Clock
	Schema    *Schema
	Workspace int64   // ids of other workspaces are refused
	Me        string  // the address that the word "me" means
	Entity    *Entity // of the field
}

// Normal returns the stored form of a text that a client wrote for a field; an empty text is
// Null. In a field for a user "me" means Me. The error names the field and an allowed form.
func (r Reader) Normal(f *Field, text string) (Value, *Error) {
	clean, ok := norm.Clean(text)
	if !ok {
		return Value{}, Errorf(InvalidValue, "%s contains a NUL character or bytes that are not UTF-8; send UTF-8 text.", f.Name).On(f.Name)
	}
	if clean == "" {
		return Value{}, nil
	}
	if f.IsUser && r.Me != "" && strings.EqualFold(clean, "me") {
		return Str(r.Me), nil
	}
	return f.Type.Parse(r, f, clean)
}
