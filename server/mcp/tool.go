package mcp

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

// schemaOf returns the JSON schema of an object, without keywords that some clients do not
// know.
func schemaOf(required []string, properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// stringOf returns the schema of a string, which has one of the values if there are any.
func stringOf(doc string, values ...string) map[string]any {
	s := map[string]any{"type": "string", "description": doc}
	if len(values) > 0 {
		s["enum"] = values
	}
	return s
}

const keyDoc = "optional random Idempotency-Key; a call repeated with it runs once"

const runDoc = "optional task name"

// bodyOf returns the schema of a body. Some clients encode a JSON object as text, whatever the
// schema says, so text is a type of it.
func bodyOf(doc string) map[string]any {
	return map[string]any{"type": []string{"object", "array", "string"}, "description": doc}
}

// tool is a tool as it is registered. The hints are those of MCP, by which clients decide
// whether to ask the user before a call.
type tool struct {
	name, title, doc      string
	readOnly, destructive bool
	idempotent            bool
	required              []string
	arguments             map[string]any // their JSON schemas
	run                   func(rq *web.Request, args map[string]string) (status int, text string, denied *crm.Error)
}

// add registers a tool. An error of the API is a result with IsError, not an error of the
// protocol, since only results reach the model.
func (c *Connector) add(m *sdk.Server, t tool) {
	notes := &sdk.ToolAnnotations{Title: t.title, ReadOnlyHint: t.readOnly, DestructiveHint: new(t.destructive), IdempotentHint: t.idempotent, OpenWorldHint: new(false)}
	m.AddTool(&sdk.Tool{Name: t.name, Title: t.title, Description: t.doc, InputSchema: schemaOf(t.required, t.arguments), Annotations: notes},
		func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			status, text, denied := c.runTool(callOf(ctx).Request, t, req.Params.Arguments)
			if denied != nil {
				callOf(ctx).denied.Store(denied)
			}
			return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}, IsError: status >= 400}, nil
		})
}

// runTool reads the arguments of a call and runs it. It returns the status and the text of the
// API; denied is an error that the answer to the whole request must be.
func (c *Connector) runTool(rq *web.Request, t tool, raw json.RawMessage) (status int, text string, denied *crm.Error) {
	args, err := t.read(raw)
	if err != nil {
		return err.Status(), errorText(err), nil
	}
	return t.run(rq, args)
}

// read reads the arguments of a tool. They are strings, except body, which is a JSON object, a
// list of objects, or a string with JSON or with the rows of a file. Arguments that are null,
// and an empty body, are missing: models send them for "nothing". Errors are bad_json,
// unknown_field, missing_field, invalid_value and method_not_allowed, as texts for the model.
func (t tool) read(raw json.RawMessage) (map[string]string, *crm.Error) {
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	members, err := norm.ReadObject(raw)
	if err != nil {
		return nil, crm.Errorf(crm.BadJSON, "the arguments are not a JSON object: %s.", err)
	}
	names := slices.Sorted(maps.Keys(t.arguments))
	args := map[string]string{}
	for _, m := range members {
		if !slices.Contains(names, m.Name) {
			return nil, unknownArgument(m.Name, names)
		}
		if m.JSON == "null" || m.Name == "body" && m.JSON == `""` {
			continue
		}
		text, fault := readArgument(m)
		if fault != nil {
			return nil, fault
		}
		args[m.Name] = text
	}
	for _, name := range t.required {
		if args[name] == "" {
			return nil, crm.Errorf(crm.MissingField, "%s is required; the tool takes %s.", name, strings.Join(names, " ")).On(name)
		}
	}
	return args, t.checkMethod(args["method"])
}

// readArgument returns an argument as text. A method may be in any case, and a number is taken
// as an idempotency_key, since models send both.
func readArgument(m crm.Member) (string, *crm.Error) {
	text, isString := norm.Unquote(m.JSON)
	if m.Name == "method" {
		text = strings.ToUpper(strings.TrimSpace(text))
	}
	if m.Name == "idempotency_key" && !isString && strings.Trim(m.JSON, "0123456789") == "" {
		text, isString = m.JSON, true
	}
	if m.Name != "body" && !isString {
		return "", crm.Errorf(crm.InvalidValue, "%s is a string, not %s.", m.Name, norm.ShowJSON(m.JSON)).On(m.Name)
	}
	if m.Name == "body" && !isString {
		text = m.JSON
	}
	if m.Name == "body" && !isString && text[0] != '{' && text[0] != '[' {
		return "", crm.Errorf(crm.InvalidValue, `body is a JSON object like {"name":"Jane Doe"}, a list of them for /batch and /import/…, or JSON or CSV as text, not %s.`, norm.ShowJSON(m.JSON)).On("body")
	}
	return text, nil
}

// checkMethod refuses a method that is not one of those in the schema of the tool.
func (t tool) checkMethod(method string) *crm.Error {
	schema, _ := t.arguments["method"].(map[string]any)
	if allowed, ok := schema["enum"].([]string); ok && !slices.Contains(allowed, method) {
		err := crm.Errorf(crm.MethodNotAllowed, "method is %s, not %s.", strings.Join(allowed, ", "), norm.Quote(method)).On("method")
		if other := map[string]string{http.MethodGet: "read", http.MethodDelete: "delete"}[method]; other != "" {
			err.Hint += " The tool " + other + " does that."
		}
		return err
	}
	return nil
}

// unknownArgument returns the error for an argument that a tool does not take. Models often
// send parameters and fields as arguments of their own, so it says where these go.
func unknownArgument(sent string, takes []string) *crm.Error {
	err := crm.UnknownName(sent, "the tool", takes)
	switch {
	case slices.Contains(takes, "body"):
		err.Hint += " Put query parameters into path, like /contacts?limit=20, and the fields of a record into body."
	case slices.Contains(takes, "path"):
		err.Hint += " Put query parameters into path, like /contacts?limit=20."
	}
	return err
}
