package fieldtype

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Object is a set of keys with JSON values: the fields that a workspace invents itself.
//
// It accepts a JSON object, and stores it as compact JSON text with its keys in byte order,
// so that equal objects are equal texts. Numbers keep every digit that was sent. A filter
// names one key (custom.seats=gte:10), and the form of its operand decides how values are
// compared: a JSON number by value, a full time as a time, everything else as text.
var Object crm.Type = objectType{}

type objectType struct{ base }

func (objectType) String() string { return "object" }

func (objectType) Kind() crm.Kind { return crm.ObjectKind }

func (objectType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByMember, Parts: true, Null: true}
}

// Decode returns the keys to set and the keys to remove, which have the value null (JSON
// Merge Patch, RFC 7396, for one level). Other keys of the record stay, so that an agent
// can set a key without reading the record. The size is checked here for what was sent, and
// again by crm.Apply for the merged object.
func (objectType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	in := crm.Input{Field: f, Mode: crm.MergeMembers}
	if json[0] != '{' {
		return in, crm.Errorf(crm.InvalidValue, `%s takes an object like {"plan":"pro","seats":12}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	var set []crm.Member
	size, seen := 0, map[string]bool{}
	for _, m := range norm.ParseObject(json) {
		if m.Name == "" || len(m.Name) > crm.MaxMemberName {
			return in, crm.Errorf(crm.InvalidValue, "%s: a key must have 1 to %d bytes, but %s does not.", f.Name, crm.MaxMemberName, norm.Quote(m.Name)).On(f.Name)
		}
		if seen[m.Name] {
			return in, crm.Errorf(crm.InvalidValue, "%s has the key %s twice; send each key once.", f.Name, norm.Quote(m.Name)).On(f.Name)
		}
		if seen[m.Name] = true; m.JSON == "null" {
			in.Remove = append(in.Remove, m.Name)
			continue
		}
		if isChange(m.JSON) {
			return in, crm.Errorf(crm.InvalidValue, "%s.%s: %s changes the value of a field of records, and a key of %[1]s has none of its types. Nothing was saved; read the record, and send the new value.",
				f.Name, norm.Quote(m.Name), norm.ShowJSON(m.JSON)).On(f.Name)
		}
		if size += len(m.Name) + len(m.JSON); size > crm.MaxObjectSize {
			return in, crm.Errorf(crm.InvalidValue, "%s is too large: its keys and values together may have %d bytes, and %s exceeds that. Nothing was saved; send less, or log the rest as activities.",
				f.Name, crm.MaxObjectSize, norm.Quote(m.Name)).On(f.Name)
		}
		set = append(set, m)
	}
	in.Value = crm.Members(set)
	return in, nil
}

// isChange reports whether a value says how the number or time of a field is changed, as fields of other
// types take it.
func isChange(json string) bool {
	if json[0] != '{' {
		return false
	}
	members := norm.ParseObject(json)
	if len(members) != 1 {
		return false
	}
	_, isText := norm.Unquote(members[0].JSON)
	number := strings.ContainsAny(members[0].JSON[:1], "-0123456789")
	switch members[0].Name {
	case "multiply", "add":
		return number
	case "shift":
		return isText
	}
	return false
}

// Lenient accepts an object that was sent as a text of JSON.
func (objectType) Lenient(json string) string {
	text := sentText(json)
	if !strings.HasPrefix(text, "{") {
		return json
	}
	members, err := norm.ReadObject([]byte(text))
	if err != nil {
		return json
	}
	return string(norm.AppendObject(nil, members))
}

// DecodeCell reads the text of a cell as JSON, since a table has no other form for objects.
func (objectType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	members, err := norm.ReadObject([]byte(text))
	if err != nil {
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, `%s takes a JSON object like {"plan":"pro"}, not %s; leave the column out, or use one column for each key, like custom.plan.`, f.Name, norm.Quote(text)).On(f.Name)
	}
	return crm.Decoded{JSON: string(norm.AppendObject(nil, members)), Whole: true}, nil
}

func (objectType) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "object"} }

// Show shows the values of the change log, whose keys are names of fields, as their fields do.
func (objectType) Show(rec crm.Record, i int) crm.Value {
	v := rec.Values[i]
	if !rec.Entity.Fields[i].ReadOnly || !v.Set() {
		return v
	}
	members := slices.Clone(v.Members())
	for at, m := range members {
		switch t := rec.Entity.KeyType(m.Name).(type) {
		case shower:
			if text, ok := norm.Unquote(m.JSON); ok {
				members[at].JSON = norm.QuoteJSON(t.show(text))
			}
		case itemsType:
			if list, ok := norm.ParseStrings(m.JSON); ok {
				members[at].JSON = norm.QuoteList(showItems(t.of, crm.Labels(list)).List())
			}
		}
	}
	return crm.Members(members)
}
