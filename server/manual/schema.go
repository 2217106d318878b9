package manual

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/declared"
)

// errorSchema describes errors, with every code once. Only error and hint are in every
// error; a client that knows no more than these two can go on.
func errorSchema() object {
	var codes []string
	for _, row := range crm.Codes {
		if !slices.Contains(codes, string(row.Code)) {
			codes = append(codes, string(row.Code))
		}
	}
	text, texts := object{"type": "string"}, object{"type": "array", "items": object{"type": "string"}}
	return object{"type": "object", "required": []string{"error", "hint"}, "properties": object{
		"error": object{"enum": codes}, "hint": text, "field": text, "allowed": texts, "did_you_mean": text, "confirm": text, "local_code": text, "record": object{"type": "object"},
		"lines": object{"type": "array", "items": object{"type": "object"}, "description": "the lines of a batch that failed or were not tried"},
	}}
}

// recordSchema describes a record as JSON answers show it: every field, null if it is not
// set, and for each reference the name of the record referred to.
func recordSchema(e *crm.Entity) object {
	properties := object{}
	for i := range e.Fields {
		f := &e.Fields[i]
		properties[f.Name] = answerSchema(f)
		if f.IsReference() {
			properties[f.Path()] = object{"type": []string{"object", "null"}, "properties": object{e.Target(f).LabelField: object{"type": "string"}}}
		}
	}
	return object{"type": "object", "description": e.Doc, "required": []string{"id", "handle"}, "properties": properties}
}

// writeSchema describes the fields of an entity that a client may set. A whole record may
// be sent back all the same: fields of the server are accepted if they are unchanged.
func writeSchema(e *crm.Entity) object {
	properties := object{}
	for i := range e.Fields {
		if f := &e.Fields[i]; !f.ReadOnly {
			properties[f.Name] = inputSchema(f)
		}
	}
	return object{"type": "object", "description": "fields of a " + e.Name + " to set", "properties": properties}
}

// withDeclared returns the schema of a record with the declared keys of custom, each described by one of the functions
// below.
func withDeclared(record object, k *declared.Kind, describe func(*crm.Field) object) object {
	custom, is := record["properties"].(object)["custom"].(object)
	if k == nil || !is {
		return record
	}
	properties := object{}
	for _, f := range k.Fields {
		for _, m := range f.Members() {
			properties[m.Key] = describe(&m.Field)
		}
	}
	custom["properties"] = properties
	if k.Closed {
		custom["additionalProperties"] = false
	}
	return record
}

// answerSchema describes a field as answers show it.
func answerSchema(f *crm.Field) object { return fieldSchema(f, f.Type.Schema(f)) }

// inputSchema describes a field as bodies take it. It is wider than the schema of answers:
// a time may be "+3d", and tags may be an object that adds and removes.
func inputSchema(f *crm.Field) object {
	described := f.Type.Schema(f)
	described.Format = "" // +3d is no date-time
	schema := fieldSchema(f, described)
	if len(described.Sent) > 0 {
		schema["type"] = append(slices.Clone(described.Sent), "null")
	}
	return schema
}

// fieldSchema writes down what the type of a field says of its JSON. Every field may be
// null, which clears it in a body and means unset in an answer.
func fieldSchema(f *crm.Field, described crm.JSONSchema) object {
	schema := object{"description": f.Doc, "type": []string{described.Type, "null"}}
	if described.Format != "" {
		schema["format"] = described.Format
	}
	if described.MaxLength > 0 {
		schema["maxLength"] = described.MaxLength
	}
	if described.ItemLength > 0 {
		schema["items"] = object{"type": "string", "maxLength": described.ItemLength}
	}
	if described.Enum != nil {
		schema["enum"] = append([]any{nil}, anys(described.Enum)...)
	}
	if described.Examples != nil {
		schema["examples"] = described.Examples
	}
	return schema
}
