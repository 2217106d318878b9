// Package mcp is the MCP connector: the routes of the API as tools of language models.
//
// The SDK implements the protocol. In front of it are the adapter of package web, which
// authenticates the client, and a strict reader of JSON-RPC messages: a message that two
// readers could read in two ways never reaches the SDK. A tool call becomes a request of
// the same actor to the adapter and gets the answer that the request gets over HTTP, so
// tools can do nothing that the API does not allow.
//
// Stdio is the client side for local programs: it carries messages, one a line, to a
// connector in this process or over the network.
package mcp
