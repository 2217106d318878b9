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

func (c *Connector) searchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	query := url.Values{"q": {args["query"]}, "limit": {strconv.Itoa(perKind)}, "format": {"json"}}
	status, text, fault := c.call(rq, innerCall{method: http.MethodGet, target: "/search?" + query.Encode()})
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

func (c *Connector) fetchTool(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	e, id, fault := c.named(rq, args["id"])
	if fault != nil {
		return fault.Status(), errorText(fault), nil
	}
	get := func(target string) (int, string, *crm.Error) {
		return c.call(rq, innerCall{method: http.MethodGet, target: "/" + e.Route() + "/" + id + target})
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
		if part != "" && !c.hasActivities(e) {
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
func (c *Connector) named(rq *web.Request, sent string) (*crm.Entity, string, *crm.Error) {
	handle := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(sent), rq.Base()), "/")
	kind, id, whole := strings.Cut(handle, "/")
	e := cmp.Or(c.schema.ByName(kind), c.schema.ByPath(kind))
	if !whole {
		e, id = c.schema.ByPrefix(handle), handle
	}
	if e == nil || e.RandomID || id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return nil, "", crm.Errorf(crm.InvalidValue, "fetch takes the id of one record, like contact/%s; search finds it by words, a name or an e-mail.", c.manual.ExampleID("contact", 1)).On("id")
	}
	return e, id, nil
}

// hasActivities reports whether activities are logged below records of a kind.
func (c *Connector) hasActivities(e *crm.Entity) bool {
	row, _ := c.web.Find(http.MethodGet, "/"+e.Route()+"/x/activities")
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
