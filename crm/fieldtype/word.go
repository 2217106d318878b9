package fieldtype

import (
	"strings"
	"unicode"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Word is a text that programs choose and not people, such as a scope or a time zone.
//
// It accepts any text of at most the field's limit and stores it trimmed, in Unicode NFC.
// Equality is exact and the order is that of bytes. Only like: ignores case and accents; its
// folded column is left out of fields that are OwnFold.
var Word crm.Type = wordType{}

type wordType struct{ base }

func (wordType) String() string { return "word" }

func (wordType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true, Null: true}
}

// Name is a short name that people choose and that paths and parameters carry, such as that of a view.
//
// It accepts letters and digits of any language, - and _, and stores them in small letters, so
// that a name has one spelling in a URL and in a line of an answer. It refuses what looks like an
// id of its own kind, since a path takes either. Equality is exact and the order is that of bytes.
var Name crm.Type = nameType{}

type nameType struct{ base }

func (nameType) String() string { return "name" }

func (nameType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	name := strings.ToLower(text)
	bad := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && c != '-' && c != '_'
	}
	if strings.ContainsFunc(name, bad) {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s cannot be %s: it has letters, digits, - and _ only, like gone-cold.", f.Name, norm.Quote(text)).On(f.Name)
	}
	if e := r.Entity; e != nil && strings.HasPrefix(name, e.Prefix+"_") {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s cannot be %s: what begins with %s_ is an id. Leave that out.", f.Name, norm.Quote(text), e.Prefix).On(f.Name)
	}
	return parseText(f, name)
}

func (nameType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", MaxLength: f.Limit()}
}
