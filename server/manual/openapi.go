package manual

import (
	"encoding/json"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/shape"
)

// object is a JSON object. encoding/json sorts its keys, so the same tables give the same
// document.
type object map[string]any

// newOpenAPI returns the OpenAPI 3.1 document, made from the route table, the schema with what a workspace declares, and
// the error codes. Routes without a Doc are left out: they are other spellings of a path,
// or belong to a protocol that has its own description.
func (m *Manual) newOpenAPI(rules *shape.Schema) (string, error) {
	paths := object{}
	for i := range m.opts.Routes {
		row := &m.opts.Routes[i]
		if row.Doc == "" {
			continue
		}
		path, _ := paths[row.Pattern].(object)
		if path == nil {
			path = object{}
			paths[row.Pattern] = path
		}
		path[strings.ToLower(row.Method)] = operation(row)
	}
	schemas := object{"Error": errorSchema()}
	for _, e := range m.opts.Schema.Entities {
		schemas[e.Name] = withDeclared(recordSchema(e), rules.Kind(e), answerSchema)
		schemas[e.Name+"_write"] = withDeclared(writeSchema(e), rules.Kind(e), inputSchema)
	}
	doc := object{
		"openapi":  "3.1.0",
		"info":     object{"title": "crmkit", "version": m.opts.Version, "description": "A CRM that AI agents operate. The manual is at /help."},
		"servers":  []object{{"url": basePlaceholder}},
		"security": []object{{"bearer": []string{}}},
		"paths":    paths,
		"components": object{
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer"}},
			"schemas":         schemas,
		},
	}
	body, err := json.Marshal(doc)
	return string(body) + "\n", err
}

// operation describes a route. A public one removes the security of the whole document
// by an empty list (OpenAPI 3.1, Operation Object).
func operation(row *Route) object {
	op := object{
		"operationId": operationID(row),
		"summary":     row.Doc,
		"tags":        []string{row.Group},
		"parameters":  parameters(row),
		"responses":   responses(row),
	}
	if row.Public {
		op["security"] = []object{}
	}
	if body := requestBody(row); body != nil {
		op["requestBody"] = body
	}
	return op
}

// requestBody describes the body of a route, nil if it takes none. Fields are never
// required here: POST with a known unique value updates a record, so only the server can
// say which fields are missing.
func requestBody(row *Route) object {
	switch row.Body {
	case RowsBody, WorkspaceBody:
		return rowsBody(row)
	case FieldsBody:
		fields := ref(row.Entity.Name + "_write")
		if row.Bulk != nil {
			return jsonBody(object{"anyOf": []object{fields, bulkSchema(row)}})
		}
		return jsonBody(fields)
	case LinesBody:
		return linesBody(row)
	case MergeBody:
		return mergeBody(row)
	case TextsBody:
		body := jsonBody(textsSchema(row))
		body["required"] = len(row.Needs) > 0
		return body
	}
	return nil
}

// bulkSchema describes a body that links several records at once.
func bulkSchema(row *Route) object {
	properties := object{"filter": object{"type": "string", "description": "what finds them, as behind the ? of a list"},
		"kind": object{"enum": row.Bulk.Kinds, "description": "kind of the records that filter finds"}}
	for _, kind := range row.Bulk.Kinds {
		properties[kind] = object{"type": "array", "maxItems": row.Bulk.Max, "items": object{"type": "string"}, "description": "ids"}
	}
	for _, name := range row.Bulk.Texts {
		properties[name] = inputSchema(row.Entity.Field(name))
	}
	return object{"type": "object", "description": "several at once, all or none", "properties": properties}
}

// mergeBody describes the body of a merge.
func mergeBody(row *Route) object {
	body := jsonBody(object{"type": "object", "required": []string{"from"}, "additionalProperties": false, "properties": object{
		"from":    object{"type": "array", "minItems": 1, "maxItems": row.Lines, "items": object{"type": "string"}, "description": "ids of the records that become part of this one"},
		"take":    object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "fields of this one that come from another: the id of one in from"},
		"version": object{"type": "integer", "description": "that this one must have"},
	}})
	body["required"] = true
	return body
}

// linesBody describes the body of a batch.
func linesBody(row *Route) object {
	one := object{"type": "object", "required": []string{"method", "path"}, "additionalProperties": false, "properties": object{
		"method": object{"enum": []string{"POST", "PATCH", "DELETE"}},
		"path":   object{"type": "string", "description": "path and query; $name stands for the id of a named record"},
		"body":   object{"type": "object", "description": "of the call; a reference may be $name"},
		"as":     object{"type": "string", "description": "names the record for later lines", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
	}}
	content := textContent([]string{"application/x-ndjson"})
	content["application/json"] = object{"schema": object{"type": "array", "minItems": 1, "maxItems": row.Lines, "items": one}}
	return object{"required": true, "content": content}
}

// linesAnswer describes the answer to a batch.
func linesAnswer() object {
	count := object{"type": "integer"}
	return object{"type": "object", "required": []string{"lines", "done", "failed", "not_tried"}, "properties": object{
		"lines": object{"type": "array", "items": object{"type": "object", "required": []string{"line"}, "properties": object{
			"line": count, "result": object{"enum": []string{"created", "updated", "unchanged", "deleted"}}, "handle": object{"type": "string"},
			"error": object{"type": "string"}, "not_tried_because": count}}},
		"done": count, "failed": count, "not_tried": count,
	}}
}

// manyAnswer describes the answer to a write of all records that match.
func manyAnswer() object {
	count, text := object{"type": "integer"}, object{"type": "string"}
	return object{"type": "object", "required": []string{"effects"}, "properties": object{
		"effects": object{"type": "array", "items": object{"type": "object", "required": []string{"handle"}, "properties": object{
			"result": object{"enum": []string{"updated", "deleted"}}, "handle": text, "label": text, "error": text, "hint": text}}},
		"updated": count, "unchanged": count, "deleted": count, "failed": count, "left": count,
		"next_cursor": text, "change": text, "dry_run": object{"type": "boolean"}, "confirm": text,
	}}
}

// textsSchema describes a body of texts. A text with the name of a field of the entity
// is described like that field. Any other member is refused, as by the server, so that a
// misspelled name is found before the request is sent.
func textsSchema(row *Route) object {
	properties := object{}
	for _, name := range row.Texts {
		properties[name] = object{"type": []string{"string", "null"}}
		if row.Entity != nil && row.Entity.Field(name) != nil {
			properties[name] = inputSchema(row.Entity.Field(name))
		}
	}
	if _, found := properties["scope"]; found {
		properties["scope"] = object{"enum": append([]any{nil}, anys(crm.Scopes())...)}
	}
	if _, found := properties["pair"]; found {
		properties["pair"] = object{"type": "array", "minItems": 2, "maxItems": 2, "items": object{"type": "string"}, "description": "ids of two records of one kind"}
		properties["dismissed"] = object{"type": "boolean", "description": "false: list the pair again"}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(row.Needs) > 0 {
		schema["required"] = row.Needs
	}
	return schema
}

// anys returns words as the values of an enum, which may hold null too.
func anys(words []string) []any {
	var list []any
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

// responses describes the answers of a route by status. Errors share the entry "default":
// nearly every route can answer with nearly every code, and a list for each would make up
// most of the document.
func responses(row *Route) object {
	switch {
	case len(row.Stream) > 0:
		return object{"200": object{"description": row.Doc + "; in pieces", "content": textContent(row.Stream)}, "default": errorAnswer()}
	case row.Plain:
		return object{"200": object{"description": row.Doc, "content": textContent([]string{"text/plain"})}}
	}
	good := object{"description": row.Doc, "content": object{
		"application/json": object{"schema": answerOf(row)},
		"text/plain":       object{"schema": object{"type": "string"}},
	}}
	list := object{"200": good, "default": errorAnswer()}
	if row.Creates {
		list["201"] = good
	}
	return list
}

// answerOf describes the JSON answer of a route: a page of records, the record that was
// written with its result, a record, or an object that is described no further.
func answerOf(row *Route) object {
	switch {
	case row.Many:
		return manyAnswer()
	case row.Lists:
		return object{"type": "object", "required": []string{"items", "total", "total_exact", "next_cursor"}, "properties": object{
			"items":       object{"type": "array", "items": ref(row.Entity.Name)},
			"total":       object{"type": []string{"integer", "null"}},
			"total_exact": object{"type": "boolean"},
			"next_cursor": object{"type": []string{"string", "null"}},
			"remarks":     object{"type": "array", "items": object{"type": "string"}},
		}}
	case row.Body == FieldsBody, row.Entity != nil && row.Body == TextsBody:
		result := object{"enum": []string{"created", "updated", "unchanged"}}
		saved := object{"allOf": []object{ref(row.Entity.Name), {"type": "object", "required": []string{"result"}, "properties": object{"result": result}}}}
		if slices.Contains(row.Params, "dry_run") {
			return object{"anyOf": []object{saved, dryRunAnswer(result)}}
		}
		return saved
	case row.Body == LinesBody:
		return linesAnswer()
	case row.Entity != nil && row.Method == "GET":
		return ref(row.Entity.Name)
	}
	return object{"type": "object"}
}

// dryRunAnswer describes the answer of a dry run: the fields of the record, without its id if it would
// be created, and the token.
func dryRunAnswer(result object) object {
	return object{"type": "object", "required": []string{"dry_run", "confirm", "result"}, "properties": object{
		"dry_run": object{"const": true}, "confirm": object{"type": "string"}, "result": result,
		"changes": object{"type": "object", "additionalProperties": object{"type": "array"}}}}
}

// errorAnswer describes the answer of any status that is not listed.
func errorAnswer() object {
	return object{"description": "an error", "content": object{
		"application/json": object{"schema": ref("Error")},
		"text/plain":       object{"schema": object{"type": "string"}},
	}}
}

// textContent describes content that is lines of text in any of some media types.
func textContent(types []string) object {
	content := object{}
	for _, media := range types {
		content[media] = object{"schema": object{"type": "string"}}
	}
	return content
}

// rowsBody describes a body of rows. A whole workspace comes as JSON lines only, since a
// CSV file has rows of one kind.
func rowsBody(row *Route) object {
	if row.Body == WorkspaceBody {
		return object{"required": true, "content": textContent([]string{"application/x-ndjson"})}
	}
	content := textContent([]string{"application/x-ndjson", "text/csv", "text/vcard"})
	content["application/json"] = object{"schema": object{"type": "array", "items": object{"type": "object"}}}
	return object{"required": true, "content": content}
}

// jsonBody describes a body that must be there.
func jsonBody(schema object) object {
	return object{"required": true, "content": object{"application/json": object{"schema": schema}}}
}

// ref returns a reference to a schema of the document.
func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }
