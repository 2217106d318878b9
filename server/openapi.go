package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query"
)

// m is a JSON object to be sent; encoding/json sorts its keys, so a document is
// the same for the same tables.
type m map[string]any

// openAPI returns the OpenAPI 3.1 document, made from the route table, the
// schema and the error codes.
func (s *Server) openAPI() (string, error) {
	paths := m{}
	for i := range s.router.routes {
		row := &s.router.routes[i]
		if row.Doc == "" {
			continue
		}
		path, _ := paths[row.shown()].(m)
		if path == nil {
			path = m{}
			paths[row.shown()] = path
		}
		path[strings.ToLower(row.Method)] = operation(row)
	}
	schemas := m{"Error": errorSchema()}
	for _, e := range s.schema.Entities {
		schemas[e.Name] = recordSchema(e)
		schemas[e.Name+"_write"] = writeSchema(e)
	}
	doc := m{
		"openapi":  "3.1.0",
		"info":     m{"title": "crmkit", "version": s.opts.Version, "description": "A CRM that AI agents operate. The manual is at /help."},
		"servers":  []m{{"url": baseMark}},
		"security": []m{{"bearer": []string{}}},
		"paths":    paths,
		"components": m{
			"securitySchemes": m{"bearer": m{"type": "http", "scheme": "bearer"}},
			"schemas":         schemas,
		},
	}
	body, err := json.Marshal(doc)
	return string(body) + "\n", err
}

func operation(row *route) m {
	op := m{
		"operationId": operationID(row),
		"summary":     row.Doc,
		"tags":        []string{row.Group},
		"parameters":  parameters(row),
		"responses":   responses(row),
	}
	if row.Access == public {
		op["security"] = []m{}
	}
	if row.Stream == imports || row.Stream == restoring {
		op["requestBody"] = rowsBody(row)
	} else if row.Body && len(row.Entity.AtLeastOne) > 0 && strings.Contains(row.Path, ":id/") {
		op["requestBody"] = jsonBody(m{"anyOf": []m{ref(row.Entity.Name + "_write"), manySchema(row.Entity)}})
	} else if row.Body {
		op["requestBody"] = jsonBody(ref(row.Entity.Name + "_write"))
	} else if len(row.Takes) > 0 {
		_, required := row.texts()
		body := jsonBody(textsSchema(row))
		body["required"] = len(required) > 0
		op["requestBody"] = body
	}
	return op
}

// manySchema describes a body that ties several records at once.
func manySchema(e *crm.Entity) m {
	properties := m{"filter": m{"type": "string", "description": "what finds them, as behind the ? of a list"},
		"kind": m{"enum": tied(e), "description": "of what filter finds"}}
	for _, kind := range tied(e) {
		properties[kind] = m{"type": "array", "maxItems": maxMany, "items": m{"type": "string"}, "description": "ids"}
	}
	for _, name := range further(e) {
		properties[name] = fieldSchema(e.Field(name), false)
	}
	return m{"type": "object", "description": "several at once, all or none", "properties": properties}
}

// textsSchema describes a body of text fields. One that is also a field of the
// entity is described as that.
func textsSchema(row *route) m {
	properties := m{}
	allowed, required := row.texts()
	for _, name := range allowed {
		properties[name] = m{"type": []string{"string", "null"}}
		if row.Entity != nil && row.Entity.Field(name) != nil {
			properties[name] = fieldSchema(row.Entity.Field(name), false)
		}
	}
	if _, found := properties["scope"]; found {
		properties["scope"] = m{"enum": append([]any{nil}, anys(crm.Scopes())...)}
	}
	schema := m{"type": "object", "properties": properties, "additionalProperties": false}
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
	words := strings.FieldsFunc(row.shown(), func(r rune) bool { return strings.ContainsRune("/{}.-_", r) })
	return strings.ToLower(row.Method) + "_" + strings.Join(words, "_")
}

func parameters(row *route) []m {
	list := []m{}
	for _, segment := range strings.Split(row.shown(), "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			list = append(list, m{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": m{"type": "string"}})
		}
	}
	names := row.Params
	if row.Lists {
		names = crm.ListParams[:len(crm.ListParams)-1] // format follows below
		if row.Stream == exports {
			names = []string{"search", "sort", "fields"}
		}
		list = append(list, m{"name": "filter", "in": "query", "style": "form", "explode": true,
			"description": "field=[op:]value for any of: " + strings.Join(query.FilterNames(row.Entity), " "),
			"schema":      m{"type": "object", "additionalProperties": m{"type": "string"}}})
	}
	if row.Method == http.MethodPatch && row.Entity.Field(crm.FieldVersion) != nil {
		list = append(list, m{"name": "If-Match", "in": "header", "description": "the version the record must have", "schema": m{"type": "string"}})
	}
	if row.repeatable() {
		list = append(list, m{"name": "Idempotency-Key", "in": "header", "description": "a random word of yours; the same request with it again is done once", "schema": m{"type": "string", "maxLength": maxKey}})
	}
	for _, name := range append(names[:len(names):len(names)], "format") {
		if name == "search" && len(row.Entity.Search) == 0 {
			continue
		}
		schema := m{"type": "string"}
		switch name {
		case "limit", "days":
			schema = m{"type": "integer", "minimum": 1}
			if name == "days" {
				schema["minimum"] = 0
			}
		case "format":
			schema["enum"] = row.formats()
		case "code":
			list = append(list, m{"name": "X-Escalation-Code", "in": "header", "description": "the mailed code, in the place of ?code=", "schema": schema})
		}
		list = append(list, m{"name": name, "in": "query", "schema": schema})
	}
	return list
}

func responses(row *route) m {
	answer := m{"type": "object"}
	switch {
	case row.Stream != whole:
		return m{"200": m{"description": row.Doc + "; in pieces", "content": row.pieces()}, "default": errorAnswer()}
	case row.Lists:
		answer = m{"type": "object", "required": []string{"items", "total", "total_exact", "next_cursor"}, "properties": m{
			"items":       m{"type": "array", "items": ref(row.Entity.Name)},
			"total":       m{"type": []string{"integer", "null"}},
			"total_exact": m{"type": "boolean"},
			"next_cursor": m{"type": []string{"string", "null"}},
			"remarks":     m{"type": "array", "items": m{"type": "string"}},
		}}
	case row.Path == "/metrics":
		return m{"200": m{"description": row.Doc, "content": m{"text/plain": m{"schema": m{"type": "string"}}}}}
	case row.Body, row.Entity != nil && len(row.Takes) > 0:
		answer = m{"allOf": []m{ref(row.Entity.Name), {"type": "object", "required": []string{"result"}, "properties": m{
			"result": m{"enum": []string{"created", "updated", "unchanged"}}}}}}
	case row.Entity != nil && row.Method == http.MethodGet:
		answer = ref(row.Entity.Name)
	}
	good := m{"description": row.Doc, "content": m{
		"application/json": m{"schema": answer},
		"text/plain":       m{"schema": m{"type": "string"}},
	}}
	list := m{"200": good, "default": errorAnswer()}
	if row.Method == http.MethodPost && (row.Body || strings.HasSuffix(row.Path, "/invites") || strings.HasSuffix(row.Path, "/tokens")) {
		list[strconv.Itoa(http.StatusCreated)] = good
	}
	return list
}

func errorAnswer() m {
	return m{"description": "an error", "content": m{
		"application/json": m{"schema": ref("Error")},
		"text/plain":       m{"schema": m{"type": "string"}},
	}}
}

// pieces are the media types of an answer that is sent in pieces: lines, each of
// which is a record or tells of one.
func (r *route) pieces() m {
	content := m{}
	for _, format := range r.formats() {
		for _, known := range medias {
			if known.word == format && known.media != jsonMedia {
				content[known.media] = m{"schema": m{"type": "string"}}
			}
		}
	}
	return content
}

// rowsBody describes a body of rows.
func rowsBody(row *route) m {
	content := m{rowsMedia: m{"schema": m{"type": "string"}}}
	if row.Stream == imports {
		content[csvMedia] = m{"schema": m{"type": "string"}}
		content[jsonMedia] = m{"schema": m{"type": "array", "items": m{"type": "object"}}}
	}
	return m{"required": true, "content": content}
}

func jsonBody(schema m) m {
	return m{"required": true, "content": m{"application/json": m{"schema": schema}}}
}

func ref(name string) m { return m{"$ref": "#/components/schemas/" + name} }

func errorSchema() m {
	var codes []string
	for _, row := range crm.Codes {
		if !slices.Contains(codes, string(row.Code)) {
			codes = append(codes, string(row.Code))
		}
	}
	text, texts := m{"type": "string"}, m{"type": "array", "items": m{"type": "string"}}
	return m{"type": "object", "required": []string{"error", "hint"}, "properties": m{
		"error": m{"enum": codes}, "hint": text, "field": text, "allowed": texts, "did_you_mean": text, "confirm": text, "local_code": text, "record": m{"type": "object"},
	}}
}

// recordSchema describes a record as JSON answers show it: every field, null
// where unset.
func recordSchema(e *crm.Entity) m {
	properties := m{}
	for i := range e.Fields {
		f := &e.Fields[i]
		properties[f.Name] = fieldSchema(f, true)
		if f.Type == crm.Ref {
			properties[f.Path()] = m{"type": []string{"object", "null"}, "properties": m{e.Target(f).LabelField: m{"type": "string"}}}
		}
	}
	return m{"type": "object", "description": e.Doc, "required": []string{"id", "handle"}, "properties": properties}
}

func writeSchema(e *crm.Entity) m {
	properties := m{}
	for i := range e.Fields {
		if f := &e.Fields[i]; !f.ReadOnly {
			properties[f.Name] = fieldSchema(f, false)
		}
	}
	return m{"type": "object", "description": "fields of a " + e.Name + " to set", "properties": properties}
}

func fieldSchema(f *crm.Field, answered bool) m {
	schema := m{"description": f.Doc}
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
		schema["items"] = m{"type": "string", "maxLength": query.MaxTag}
		if !answered {
			schema["type"] = []string{"array", "object", "null"}
			return schema
		}
	case crm.Spelled:
		schema["examples"] = []string{crm.FormatAmount(125000, "USD"), crm.FormatAmount(120000, "JPY")}
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
