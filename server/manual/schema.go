package manual

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// errorSchema describes errors, with every code once.
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
	}}
}

// recordSchema describes a record as JSON answers show it: every field, null if it is not
// set, and for each reference the name of the record referred to.
func recordSchema(e *crm.Entity) object {
	properties := object{}
	for i := range e.Fields {
		f := &e.Fields[i]
		properties[f.Name] = answerSchema(f)
		if f.Type == crm.Ref {
			properties[f.Path()] = object{"type": []string{"object", "null"}, "properties": object{e.Target(f).LabelField: object{"type": "string"}}}
		}
	}
	return object{"type": "object", "description": e.Doc, "required": []string{"id", "handle"}, "properties": properties}
}

// writeSchema describes the fields of an entity that a client may set.
func writeSchema(e *crm.Entity) object {
	properties := object{}
	for i := range e.Fields {
		if f := &e.Fields[i]; !f.ReadOnly {
			properties[f.Name] = inputSchema(f)
		}
	}
	return object{"type": "object", "description": "fields of a " + e.Name + " to set", "properties": properties}
}

// answerSchema describes a field as answers show it.
func answerSchema(f *crm.Field) object {
	schema := fieldSchema(f)
	if f.Type == crm.Time {
		schema["format"] = "date-time"
	}
	return schema
}

// inputSchema describes a field as bodies take it.
func inputSchema(f *crm.Field) object {
	schema := fieldSchema(f)
	if f.Type == crm.Tags {
		schema["type"] = []string{"array", "object", "null"} // an object edits the list
	}
	return schema
}

// fieldSchema describes what answers and bodies have in common.
func fieldSchema(f *crm.Field) object {
	schema := object{"description": f.Doc}
	kind := "string"
	switch f.Type {
	case crm.Int:
		kind = "integer"
	case crm.Object:
		kind = "object"
	case crm.Flag:
		kind = "boolean"
	case crm.Tags:
		kind = "array"
		schema["items"] = object{"type": "string", "maxLength": query.MaxTag}
	case crm.Spelled:
		schema["examples"] = []string{norm.FormatAmount(125000, "USD"), norm.FormatAmount(120000, "JPY")}
	case crm.Choice:
		schema["enum"] = append([]any{nil}, anys(f.Values)...)
	case crm.Text, crm.Phone:
		schema["maxLength"] = f.Limit()
	}
	schema["type"] = []string{kind, "null"}
	return schema
}
