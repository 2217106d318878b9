package mcp

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

// perKind is the most records of a kind that a search returns. A model fetches few of them.
const perKind = 10

// found is a record in the answers of search and fetch, in the form that ChatGPT documents for
// its connectors.
type found struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Text     string            `json:"text,omitempty"`
	URL      string            `json:"url"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// recordJSON has the members of a record that search and fetch need. Each kind has one of name,
// title and subject; an activity has a body only.
type recordJSON struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	Label  string `json:"subject"`
	Body   string `json:"body"`
}

// found returns the record as search shows it.
func (r recordJSON) found(base string) found {
	title := r.Name + r.Title + r.Label
	if title == "" {
		title = norm.Quote(r.Body)
	}
	return found{ID: r.Handle, Title: title, URL: base + "/" + r.Handle}
}

// searchTool runs the tool search: GET /search in the form that research modes of clients
// read. An error is the text of the API.
func (c *Connector) searchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	query := url.Values{"q": {args["query"]}, "limit": {strconv.Itoa(perKind)}, "format": {"json"}}
	status, text, fault := c.call(rq, innerCall{method: http.MethodGet, target: "/search?" + query.Encode()})
	if fault != nil || status >= 400 {
		return status, text, fault
	}
	var list struct{ Items []recordJSON }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		panic(err) // the API wrote it
	}
	results := []found{}
	for _, item := range list.Items {
		results = append(results, item.found(rq.Base()))
	}
	return 200, asJSON(map[string]any{"results": results}), nil
}

// fetchTool runs the tool fetch: the text of a record and of its latest activities, in the form
// that research modes of clients read. An error is the text of the API.
func (c *Connector) fetchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	e, id, fault := c.parseID(rq, args["id"])
	if fault != nil {
		return fault.Status(), errorText(fault), nil
	}
	get := func(target string, budget int) (int, string, *crm.Error) {
		return c.call(rq, innerCall{method: http.MethodGet, target: "/" + e.Route() + "/" + id + target, budget: budget})
	}
	status, text, lost := get("?format=json", 0)
	if lost != nil || status >= 400 {
		return status, text, lost
	}
	var item recordJSON
	if err := json.Unmarshal([]byte(text), &item); err != nil {
		panic(err) // the API wrote it
	}
	out := item.found(rq.Base())
	out.Metadata = map[string]string{"kind": e.Name}
	for _, part := range []string{"", "/activities?limit=20"} {
		if part != "" && !c.hasActivities(e) {
			break
		}
		status, text, lost := get(part, web.ToolBudget/2)
		if lost != nil || status >= 400 {
			return status, text, lost
		}
		out.Text += text
	}
	return 200, asJSON(out), nil
}

// parseID returns the kind and the id in the argument of fetch: a handle as search returns it,
// an id alone, or the URL or path of a record.
func (c *Connector) parseID(rq *web.Request, sent string) (*crm.Entity, string, *crm.Error) {
	handle := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(sent), rq.Base()), "/")
	kind, id, whole := strings.Cut(handle, "/")
	e := cmp.Or(c.schema.ByName(kind), c.schema.ByPath(kind))
	if !whole {
		e, id = c.schema.ByPrefix(handle), handle
	}
	if e == nil || e.IsView() || id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return nil, "", crm.Errorf(crm.InvalidValue, "fetch takes the id of one record, like contact/%s; search finds it by words, a name or an e-mail.", c.manual.ExampleID("contact", 1)).On("id")
	}
	return e, id, nil
}

// hasActivities reports whether activities are logged below records of a kind.
func (c *Connector) hasActivities(e *crm.Entity) bool {
	row, _ := c.web.Find(http.MethodGet, "/"+e.Route()+"/x/activities")
	return row != nil
}

// asJSON encodes a value for models, which read the text as it is: without escapes of HTML, and
// with escapes of invisible characters.
func asJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // maps and structs of strings
	}
	return string(norm.AppendJSON(nil, strings.TrimSuffix(b.String(), "\n")))
}
