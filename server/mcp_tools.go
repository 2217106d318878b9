package server

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

// schemaOf returns a JSON schema in the plain form that every client reads.
func schemaOf(required []string, properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func stringOf(doc string, values ...string) map[string]any {
	s := map[string]any{"type": "string", "description": doc}
	if len(values) > 0 {
		s["enum"] = values
	}
	return s
}

const keyDoc = "optional Idempotency-Key: a random word of yours; the same call with it again is done once"

// bodyOf is the schema of a body.
func bodyOf(doc string) map[string]any {
	return map[string]any{"type": []string{"object", "array", "string"}, "description": doc}
}

// tool is a tool as it is registered: what its arguments are called, and what it
// does with them.
type tool struct {
	name, title, doc      string
	readOnly, destructive bool
	idempotent            bool
	required              []string
	arguments             map[string]any // their JSON schemas
	run                   func(rq *web.Request, args map[string]string) (status int, text string, fault *crm.Error)
}

func (s *Server) add(m *mcp.Server, t tool) {
	notes := &mcp.ToolAnnotations{Title: t.title, ReadOnlyHint: t.readOnly, DestructiveHint: new(t.destructive), IdempotentHint: t.idempotent, OpenWorldHint: new(false)}
	m.AddTool(&mcp.Tool{Name: t.name, Title: t.title, Description: t.doc, InputSchema: schemaOf(t.required, t.arguments), Annotations: notes},
		func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			status, text, fault := s.runTool(callOf(ctx).Request, t, req.Params.Arguments)
			if fault != nil {
				callOf(ctx).fault.Store(fault)
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}, IsError: status >= 400}, nil
		})
}

func (s *Server) runTool(rq *web.Request, t tool, raw json.RawMessage) (status int, text string, fault *crm.Error) {
	args, err := t.read(raw)
	if err != nil {
		return err.Status(), errorText(err), nil
	}
	return t.run(rq, args)
}

// read reads the arguments of a tool: strings, and a body that is an object, a list of
// them, or a text: such JSON as models also send it, or a file of rows.
func (t tool) read(raw json.RawMessage) (map[string]string, *crm.Error) {
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	members, err := norm.ReadObject(raw)
	if err != nil {
		return nil, crm.Errorf(crm.BadJSON, "the arguments are no JSON object: %s.", err)
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
		return "", crm.Errorf(crm.InvalidValue, `body is a JSON object like {"name":"Jane Doe"}, a list of them for /import/…, or such JSON or CSV as text, not %s.`, norm.ShowJSON(m.JSON)).On("body")
	}
	return text, nil
}

// checkMethod holds the argument method to those that the tool names.
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

// requests runs a tool whose arguments are those of a request.
func (s *Server) requests(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	status, text, fault := s.call(rq, innerCall{args["method"], args["path"], args["body"], args["idempotency_key"]})
	return status, truncated(text), fault
}

// under runs a tool that is a request with a fixed method.
func (s *Server) under(method string) func(*web.Request, map[string]string) (int, string, *crm.Error) {
	return func(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
		return s.requests(rq, map[string]string{"method": method, "path": args["path"]})
	}
}

const (
	bodyDoc   = "JSON body"
	importDoc = "; for /import/… also a list, or CSV as text"
)

func requestArguments(path, body string, methods ...string) map[string]any {
	return map[string]any{"method": stringOf("HTTP method", methods...), "path": stringOf(path), "body": bodyOf(body + importDoc), "idempotency_key": stringOf(keyDoc)}
}

// addRequestTool adds the one tool that reaches every route.
func (s *Server) addRequestTool(m *mcp.Server) {
	s.add(m, tool{name: "request", title: "crmkit request", doc: s.shortToolList(), destructive: true, required: []string{"method", "path"},
		arguments: requestArguments("path and query, like /contacts?stage=lead&search=acme", bodyDoc, web.Methods...), run: s.requests})
}

// addTools adds the API as tools that differ in what they can harm, for clients
// that ask before each call of a tool that may write, and search and fetch in the
// shape that research modes look for. A PATCH overwrites, so write is destructive
// as MCP has the word. What follows "like" in the schema of a tool is an example that
// works and that no other tool has.
func (s *Server) addTools(m *mcp.Server) {
	contact := s.manual.ExampleID("contact", 1)
	s.add(m, tool{name: "read", title: "Read the CRM", doc: s.briefRead(), readOnly: true, idempotent: true, required: []string{"path"},
		arguments: map[string]any{"path": stringOf("path and query, like /deals?status=open&sort=-amount_cents&limit=20")}, run: s.under(http.MethodGet)})
	s.add(m, tool{name: "write", title: "Create or change records", doc: "POST or PATCH a path of the CRM; read names the fields.\n" + briefWrite, destructive: true, required: []string{"method", "path"},
		arguments: requestArguments("path, like /contacts/"+contact, bodyDoc+`, like {"stage":"customer"}`, http.MethodPatch, http.MethodPost), run: s.requests})
	s.add(m, tool{name: "delete", title: "Delete a record", doc: "DELETE a path. The first call answers with a confirm token: ask the user, then repeat with ?confirm=<token>.", destructive: true, required: []string{"path"},
		arguments: map[string]any{"path": stringOf("path, like /companies/" + s.manual.ExampleID("company", 1) + ", then with ?confirm=…")}, run: s.under(http.MethodDelete)})
	s.add(m, tool{name: "search", title: "Search the CRM", doc: "Find records of every kind by words, a name, an e-mail or a phone number. Returns ids and names only, best first; fetch has the rest.", readOnly: true, idempotent: true,
		required: []string{"query"}, arguments: map[string]any{"query": stringOf("words to look for, like jane acme")}, run: s.searchTool})
	s.add(m, tool{name: "fetch", title: "Fetch a record", doc: "One record whole, with its latest activities, by an id from search.", readOnly: true, idempotent: true,
		required: []string{"id"}, arguments: map[string]any{"id": stringOf("id, like contact/" + contact)}, run: s.fetchTool})
}

// perKind is how many records of a kind a search returns.
const perKind = 10

// found is a record in the answers of search and fetch, in the shape that ChatGPT
// documents for its connectors.
type found struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Text     string            `json:"text,omitempty"`
	URL      string            `json:"url"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// recordJSON is what search and fetch need of a record.
type recordJSON struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	Label  string `json:"subject"`
	Body   string `json:"body"`
}

func (r recordJSON) found(base string) found {
	title := r.Name + r.Title + r.Label
	if title == "" {
		title = norm.Quote(r.Body)
	}
	return found{ID: r.Handle, Title: title, URL: base + "/" + r.Handle}
}

func (s *Server) searchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	query := url.Values{"q": {args["query"]}, "limit": {strconv.Itoa(perKind)}, "format": {"json"}}
	status, text, fault := s.call(rq, innerCall{method: http.MethodGet, target: "/search?" + query.Encode()})
	if fault != nil || status >= 400 {
		return status, text, fault
	}
	var list struct{ Items []recordJSON }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		panic(err) // it is our own JSON
	}
	results := []found{}
	for _, item := range list.Items {
		results = append(results, item.found(rq.Base()))
	}
	return 200, asJSON(map[string]any{"results": results}), nil
}

func (s *Server) fetchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	e, id, fault := s.named(rq, args["id"])
	if fault != nil {
		return fault.Status(), errorText(fault), nil
	}
	get := func(target string) (int, string, *crm.Error) {
		return s.call(rq, innerCall{method: http.MethodGet, target: "/" + e.Route() + "/" + id + target})
	}
	status, text, lost := get("?format=json")
	if lost != nil || status >= 400 {
		return status, text, lost
	}
	var item recordJSON
	if err := json.Unmarshal([]byte(text), &item); err != nil {
		panic(err) // it is our own JSON
	}
	out := item.found(rq.Base())
	out.Metadata = map[string]string{"kind": e.Name}
	for _, part := range []string{"", "/activities?limit=20"} {
		if part != "" && !s.hasActivities(e) {
			break
		}
		status, text, lost := get(part)
		if lost != nil || status >= 400 {
			return status, text, lost
		}
		out.Text += text
	}
	out.Text = truncated(out.Text)
	return 200, asJSON(out), nil
}

// named reads an id of a kind that search finds: a handle as search gave it, the id behind
// its slash, or the URL or path of the record.
func (s *Server) named(rq *web.Request, sent string) (*crm.Entity, string, *crm.Error) {
	handle := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(sent), rq.Base()), "/")
	kind, id, whole := strings.Cut(handle, "/")
	e := cmp.Or(s.schema.ByName(kind), s.schema.ByPath(kind))
	if !whole {
		e, id = s.schema.ByPrefix(handle), handle
	}
	if e == nil || e.RandomID || id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return nil, "", crm.Errorf(crm.InvalidValue, "fetch takes the id of one record, like contact/%s; search finds it by words, a name or an e-mail.", s.manual.ExampleID("contact", 1)).On("id")
	}
	return e, id, nil
}

// hasActivities reports whether activities are logged below records of a kind.
func (s *Server) hasActivities(e *crm.Entity) bool {
	row, _ := s.web.Find(http.MethodGet, "/"+e.Route()+"/x/activities")
	return row != nil
}

// asJSON spells a value without HTML escapes, and with escapes for invisible
// characters: models read it as it is.
func asJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // maps and structs of strings
	}
	return string(norm.AppendJSON(nil, strings.TrimSuffix(b.String(), "\n")))
}
