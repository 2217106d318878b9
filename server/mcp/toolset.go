package mcp

import (
	"net/http"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"crmkit/crm"
	"crmkit/server/web"
)

// requests runs a tool whose arguments are a request.
func (c *Connector) requests(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
	return c.call(rq, innerCall{args["method"], args["path"], args["body"], args["idempotency_key"], args["run"], web.ToolBudget})
}

// withMethod returns the run function of a tool whose method is fixed.
func (c *Connector) withMethod(method string) func(*web.Request, map[string]string) (int, string, *crm.Error) {
	return func(rq *web.Request, args map[string]string) (int, string, *crm.Error) {
		return c.requests(rq, map[string]string{"method": method, "path": args["path"], "run": args["run"]})
	}
}

const (
	bodyDoc   = "JSON body"
	importDoc = "; for /batch a list, for /import/… also CSV text"
)

// requestArguments returns the schemas of a tool whose arguments are a request.
func requestArguments(path, body string, methods ...string) map[string]any {
	return map[string]any{"method": stringOf("HTTP method", methods...), "path": stringOf(path), "body": bodyOf(body + importDoc), "idempotency_key": stringOf(keyDoc), "run": stringOf(runDoc)}
}

// addRequestTool adds the tool of /mcp, which reaches every route.
func (c *Connector) addRequestTool(m *sdk.Server) {
	c.add(m, tool{name: "request", title: "crmkit request", doc: c.brief(), destructive: true, required: []string{"method", "path"},
		arguments: requestArguments("path and query, like /contacts?stage=lead&search=acme", bodyDoc, web.Methods...), run: c.requests})
}

// addTools adds the tools of /mcp/tools. They differ in what they can destroy, for clients
// that ask the user before each call of a tool that writes. A PATCH overwrites values, so
// write is destructive in the sense of MCP. search and fetch have the form that research
// modes of clients look for. The text behind "like" in the schema of a tool is an example
// that works, and no other tool has the same.
func (c *Connector) addTools(m *sdk.Server) {
	contact := c.manual.ExampleID("contact", 1)
	c.add(m, tool{name: "read", title: "Read the CRM", doc: c.briefRead(), readOnly: true, idempotent: true, required: []string{"path"},
		arguments: map[string]any{"path": stringOf("path and query, like /deals?status=open&sort=-amount_cents&limit=20")}, run: c.withMethod(http.MethodGet)})
	c.add(m, tool{name: "write", title: "Create or change records", doc: "POST or PATCH a path of the CRM; read names the fields.\n" + briefWrite, destructive: true, required: []string{"method", "path"},
		arguments: requestArguments("path, like /contacts/"+contact, bodyDoc+`, like {"stage":"customer"}`, http.MethodPatch, http.MethodPost), run: c.requests})
	c.add(m, tool{name: "delete", title: "Delete a record", doc: "DELETE a path. The first call answers with a confirm token: ask the user, then repeat with ?confirm=<token>. write POST …/restore brings it back; read …?deleted=only lists them.", destructive: true, required: []string{"path"},
		arguments: map[string]any{"path": stringOf("path, like /companies/" + c.manual.ExampleID("company", 1) + ", then with ?confirm=…; ?purge=1 erases for good"), "run": stringOf(runDoc)}, run: c.withMethod(http.MethodDelete)})
	c.add(m, tool{name: "search", title: "Search the CRM", doc: "Find records of every kind by words, a name, an e-mail or a phone number. Returns ids and names only, best first; fetch has the rest.", readOnly: true, idempotent: true,
		required: []string{"query"}, arguments: map[string]any{"query": stringOf("words to look for, like jane acme")}, run: c.searchTool})
	c.add(m, tool{name: "fetch", title: "Fetch a record", doc: "One record whole, with its latest activities, by an id from search.", readOnly: true, idempotent: true,
		required: []string{"id"}, arguments: map[string]any{"id": stringOf("id, like contact/" + contact)}, run: c.fetchTool})
}
