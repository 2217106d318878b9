// Package web is the way of a request through the server, the same for every endpoint: it
// finds the route, checks who asks and what the request may do, calls the handler, and
// writes the document that the handler returns as text or JSON.
//
// A Route says what an endpoint takes and who may call it; the zero value lets in as few
// as possible. A handler gets a Request that has passed all checks and returns a
// render.Response or an error. It never writes to the connection itself, so every answer
// has the same headers, and every error is a crm.Error in the form the client asked for.
// An error of any other type is logged and shown as internal.
//
// Endpoints that speak another protocol, like MCP and OAuth, have a Protocol in their
// routes, which writes their errors. The package knows nothing more of them.
package web
