// Package manual writes the documents that describe the server: the pages below
// /help, the OpenAPI document, and the cards by which agents find it. They are walks
// over the schema, the operators, the error codes and the route table, which the
// caller hands over as data, so a page cannot disagree with the code.
//
// The package knows no HTTP and no request. All documents but OpenAPI are written
// once, when the server starts, with a placeholder for the address at which a client
// reaches it.
package manual
