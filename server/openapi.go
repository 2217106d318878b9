package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// jsonObject is a JSON object to be sent; encoding/json sorts its keys, so a document is
// the same for the same tables.
type jsonObject map[string]any

// openAPI returns the OpenAPI 3.1 document, made from the route table, the
// schema and the error codes.
func (s *Server) openAPI() (string, error) {
	paths := jsonObject{}
	for i := range s.router.routes {
		row := &s.router.routes[i]
		if row.Doc == "" {
			continue
		}
		path, _ := paths[row.Pattern()].(jsonObject)
		if path == nil {
			path = jsonObject{}
			paths[row.Pattern()] = path
		}
		path[strings.ToLower(row.Method)] = operation(row)
	}
	schemas := jsonObject{"Error": errorSchema()}
	for _, e := range s.schema.Entities {
		schemas[e.Name] = recordSchema(e)
		schemas[e.Name+"_write"] = writeSchema(e)
	}
	doc := jsonObject{
		"openapi":  "3.1.0",
		"info":     jsonObject{"title": "crmkit", "version": s.opts.Version, "description": "A CRM that AI agents operate. The manual is at /help."},
		"servers":  []jsonObject{{"url": basePlaceholder}},
		"security": []jsonObject{{"bearer": []string{}}},
		"paths":    paths,
		"components": jsonObject{
			"securitySchemes": jsonObject{"bearer": jsonObject{"type": "http", "scheme": "bearer"}},
			"schemas":         schemas,
		},
	}
	body, err := json.Marshal(doc)
	return string(body) + "\n", err
}

func operation(row *route) jsonObject {
	op := jsonObject{
		"operationId": operationID(row),
		"summary":     row.Doc,
		"tags":        []string{row.Group},
		"parameters":  parameters(row),
		"responses":   responses(row),
	}
	if row.Access == public {
		op["security"] = []jsonObject{}
	}
	if row.Stream == imports || row.Stream == restoring {
		op["requestBody"] = rowsBody(row)
	} else if row.Body && len(row.Entity.AtLeastOne) > 0 && strings.Contains(row.Path, ":id/") {
		op["requestBody"] = jsonBody(jsonObject{"anyOf": []jsonObject{ref(row.Entity.Name + "_write"), manySchema(row.Entity)}})
	} else if row.Body {
		op["requestBody"] = jsonBody(ref(row.Entity.Name + "_write"))
	} else if len(row.RequestTypes) > 0 {
		_, required := row.texts()
		body := jsonBody(textsSchema(row))
		body["required"] = len(required) > 0
		op["requestBody"] = body
	}
	return op
}

// manySchema describes a body that ties several records at once.
func manySchema(e *crm.Entity) jsonObject {
	properties := jsonObject{"filter": jsonObject{"type": "string", "description": "what finds them, as behind the ? of a list"},
		"kind": jsonObject{"enum": linkParam(e), "description": "of what filter finds"}}
	for _, kind := range linkParam(e) {
		properties[kind] = jsonObject{"type": "array", "maxItems": maxBulkLinks, "items": jsonObject{"type": "string"}, "description": "ids"}
	}
	for _, name := range extraLinkParams(e) {
		properties[name] = fieldSchema(e.Field(name), false)
	}
	return jsonObject{"type": "object", "description": "several at once, all or none", "properties": properties}
}

// textsSchema describes a body of text fields. One that is also a field of the
// entity is described as that.
func textsSchema(row *route) jsonObject {
	properties := jsonObject{}
	allowed, required := row.texts()
	for _, name := range allowed {
		properties[name] = jsonObject{"type": []string{"string", "null"}}
		if row.Entity != nil && row.Entity.Field(name) != nil {
			properties[name] = fieldSchema(row.Entity.Field(name), false)
		}
	}
	if _, found := properties["scope"]; found {
		properties["scope"] = jsonObject{"enum": append([]any{nil}, anys(crm.Scopes())...)}
	}
	schema := jsonObject{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func anys(words []string) []any {
	var list []any
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

func operationID(row *route) string {
	words := strings.FieldsFunc(row.Pattern(), func(r rune) bool { return strings.ContainsRune("/{}.-_", r) })
	return strings.ToLower(row.Method) + "_" + strings.Join(words, "_")
}

func parameters(row *route) []jsonObject {
	list := []jsonObject{}
	for _, segment := range strings.Split(row.Pattern(), "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			list = append(list, jsonObject{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": jsonObject{"type": "string"}})
		}
	}
	names := row.Params
	if row.Lists {
		names = crm.ListParams[:len(crm.ListParams)-1] // format follows below
		if row.Stream == exports {
			names = []string{"search", "sort", "fields"}
		}
		list = append(list, jsonObject{"name": "filter", "in": "query", "style": "form", "explode": true,
			"description": "field=[op:]value for any of: " + strings.Join(query.FilterNames(row.Entity), " "),
			"schema":      jsonObject{"type": "object", "additionalProperties": jsonObject{"type": "string"}}})
	}
	if row.Method == http.MethodPatch && row.Entity.Field(crm.FieldVersion) != nil {
		list = append(list, jsonObject{"name": "If-Match", "in": "header", "description": "the version the record must have", "schema": jsonObject{"type": "string"}})
	}
	if row.repeatable() {
		list = append(list, jsonObject{"name": "Idempotency-Key", "in": "header", "description": "a random word of yours; the same request with it again is done once", "schema": jsonObject{"type": "string", "maxLength": maxKey}})
	}
	for _, name := range append(names[:len(names):len(names)], "format") {
		if name == "search" && len(row.Entity.Search) == 0 {
			continue
		}
		schema := jsonObject{"type": "string"}
		switch name {
		case "limit", "days":
			schema = jsonObject{"type": "integer", "minimum": 1}
			if name == "days" {
				schema["minimum"] = 0
			}
		case "format":
			schema["enum"] = row.formats()
		case "code":
			list = append(list, jsonObject{"name": "X-Escalation-Code", "in": "header", "description": "the mailed code, in the place of ?code=", "schema": schema})
		}
		list = append(list, jsonObject{"name": name, "in": "query", "schema": schema})
	}
	return list
}

func responses(row *route) jsonObject {
	answer := jsonObject{"type": "object"}
	switch {
	case row.Stream != fullAnswer:
		return jsonObject{"200": jsonObject{"description": row.Doc + "; in pieces", "content": row.streamMedia()}, "default": errorAnswer()}
	case row.Lists:
		answer = jsonObject{"type": "object", "required": []string{"items", "total", "total_exact", "next_cursor"}, "properties": jsonObject{
			"items":       jsonObject{"type": "array", "items": ref(row.Entity.Name)},
			"total":       jsonObject{"type": []string{"integer", "null"}},
			"total_exact": jsonObject{"type": "boolean"},
			"next_cursor": jsonObject{"type": []string{"string", "null"}},
			"remarks":     jsonObject{"type": "array", "items": jsonObject{"type": "string"}},
		}}
	case row.Path == "/metrics":
		return jsonObject{"200": jsonObject{"description": row.Doc, "content": jsonObject{"text/plain": jsonObject{"schema": jsonObject{"type": "string"}}}}}
	case row.Body, row.Entity != nil && len(row.RequestTypes) > 0:
		answer = jsonObject{"allOf": []jsonObject{ref(row.Entity.Name), {"type": "object", "required": []string{"result"}, "properties": jsonObject{
			"result": jsonObject{"enum": []string{"created", "updated", "unchanged"}}}}}}
	case row.Entity != nil && row.Method == http.MethodGet:
		answer = ref(row.Entity.Name)
	}
	good := jsonObject{"description": row.Doc, "content": jsonObject{
		"application/json": jsonObject{"schema": answer},
		"text/plain":       jsonObject{"schema": jsonObject{"type": "string"}},
	}}
	list := jsonObject{"200": good, "default": errorAnswer()}
	if row.Method == http.MethodPost && (row.Body || strings.HasSuffix(row.Path, "/invites") || strings.HasSuffix(row.Path, "/tokens")) {
		list[strconv.Itoa(http.StatusCreated)] = good
	}
	return list
}

func errorAnswer() jsonObject {
	return jsonObject{"description": "an error", "content": jsonObject{
		"application/json": jsonObject{"schema": ref("Error")},
		"text/plain":       jsonObject{"schema": jsonObject{"type": "string"}},
	}}
}

// streamMedia are the media types of an answer that is sent in pieces: lines, each of
// which is a record or tells of one.
func (r *route) streamMedia() jsonObject {
	content := jsonObject{}
	for _, format := range r.formats() {
		for _, known := range medias {
			if known.word == format && known.media != jsonMedia {
				content[known.media] = jsonObject{"schema": jsonObject{"type": "string"}}
			}
		}
	}
	return content
}

// rowsBody describes a body of rows.
func rowsBody(row *route) jsonObject {
	content := jsonObject{rowsMedia: jsonObject{"schema": jsonObject{"type": "string"}}}
	if row.Stream == imports {
		content[csvMedia] = jsonObject{"schema": jsonObject{"type": "string"}}
		content[jsonMedia] = jsonObject{"schema": jsonObject{"type": "array", "items": jsonObject{"type": "object"}}}
	}
	return jsonObject{"required": true, "content": content}
}

func jsonBody(schema jsonObject) jsonObject {
	return jsonObject{"required": true, "content": jsonObject{"application/json": jsonObject{"schema": schema}}}
}

func ref(name string) jsonObject { return jsonObject{"$ref": "#/components/schemas/" + name} }

func errorSchema() jsonObject {
	var codes []string
	for _, row := range crm.Codes {
		if !slices.Contains(codes, string(row.Code)) {
			codes = append(codes, string(row.Code))
		}
	}
	text, texts := jsonObject{"type": "string"}, jsonObject{"type": "array", "items": jsonObject{"type": "string"}}
	return jsonObject{"type": "object", "required": []string{"error", "hint"}, "properties": jsonObject{
		"error": jsonObject{"enum": codes}, "hint": text, "field": text, "allowed": texts, "did_you_mean": text, "confirm": text, "local_code": text, "record": jsonObject{"type": "object"},
	}}
}

// recordSchema describes a record as JSON answers show it: every field, null
// where unset.
func recordSchema(e *crm.Entity) jsonObject {
	properties := jsonObject{}
	for i := range e.Fields {
		f := &e.Fields[i]
		properties[f.Name] = fieldSchema(f, true)
		if f.Type == crm.Ref {
			properties[f.Path()] = jsonObject{"type": []string{"object", "null"}, "properties": jsonObject{e.Target(f).LabelField: jsonObject{"type": "string"}}}
		}
	}
	return jsonObject{"type": "object", "description": e.Doc, "required": []string{"id", "handle"}, "properties": properties}
}

func writeSchema(e *crm.Entity) jsonObject {
	properties := jsonObject{}
	for i := range e.Fields {
		if f := &e.Fields[i]; !f.ReadOnly {
			properties[f.Name] = fieldSchema(f, false)
		}
	}
	return jsonObject{"type": "object", "description": "fields of a " + e.Name + " to set", "properties": properties}
}

func fieldSchema(f *crm.Field, answered bool) jsonObject {
	schema := jsonObject{"description": f.Doc}
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
		schema["items"] = jsonObject{"type": "string", "maxLength": query.MaxTag}
		if !answered {
			schema["type"] = []string{"array", "object", "null"}
			return schema
		}
	case crm.Spelled:
		schema["examples"] = []string{norm.FormatAmount(125000, "USD"), norm.FormatAmount(120000, "JPY")}
	case crm.Time:
		if answered {
			schema["format"] = "date-time"
		}
	case crm.Choice:
		schema["enum"] = append([]any{nil}, anys(f.Values)...)
	case crm.Text, crm.Phone:
		schema["maxLength"] = f.Limit()
	}
	schema["type"] = []string{kind, "null"}
	return schema
}
