// Package web handles a request before and after its handler, the same for every endpoint:
// it finds the route, authenticates the client, checks its rights, calls the handler, and
// writes the document that the handler returns as text or JSON.
//
// A Route has the parameters of an endpoint and the access that it needs; the zero value
// lets in as few clients as possible. A handler gets a Request that has passed all checks
// and returns a render.Response or an error. It never writes to the connection itself, so
// every answer has the same headers, and every error is a crm.Error in the format that the
// client asked for. An error of any other type is logged and shown as internal.
//
// Endpoints of another protocol, like MCP and OAuth, have a Protocol in their routes, which
// writes their errors. The package knows nothing more of them.
package web
