package mcp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// rpcMessage is the part of a JSON-RPC message that is needed before the SDK reads it.
//
// Messages are read strictly. Decoders that ignore the case of names, or that take the last of
// two equal names, let a message mean two things to two readers; so names must be exact, and
// none may repeat.
type rpcMessage struct {
	id      string // raw; empty: a notification
	method  string
	version string // of the protocol, where _meta names it
	name    string // of the tool, or the URI of the resource
}

// rpcMessages are the messages of one request: one, or a batch.
type rpcMessages []rpcMessage

// id returns the id of the only message. A batch has no id.
func (m rpcMessages) id() string {
	if len(m) == 1 {
		return m[0].id
	}
	return ""
}

// maxBatch is the most messages of a batch. The calls of a batch run at the same time, so it
// bounds the work of one request.
const maxBatch = 20

// The codes of JSON-RPC 2.0 section 5.1.
const (
	rpcParseError     = -32700
	rpcInvalidRequest = -32600
	rpcMethodNotFound = -32601
	rpcInvalidParams  = -32602
	rpcInternal       = -32603
	rpcServerError    = -32000
)

// readMessages reads a message, or a batch if the protocol version has batches. Only 2025-03-26
// has, which is also the version of requests without the header.
func readMessages(body []byte, version string) (rpcMessages, *rpcError) {
	text := strings.TrimSpace(string(body))
	if !strings.HasPrefix(text, "[") {
		m, fault := readMessage(text)
		return rpcMessages{m}, fault
	}
	if version != "" && version != "2025-03-26" {
		return rpcMessages{{}}, rpcErrorf(rpcInvalidRequest, "batches ended with protocol version 2025-03-26; send one message at a time.")
	}
	var items []json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &items) != nil {
		return rpcMessages{{}}, rpcErrorf(rpcParseError, "the batch is not a JSON array.")
	}
	if len(items) == 0 || len(items) > maxBatch {
		return rpcMessages{{}}, rpcErrorf(rpcInvalidRequest, "a batch has 1 to %d messages.", maxBatch)
	}
	var list rpcMessages
	for _, item := range items {
		m, fault := readMessage(string(item))
		if fault != nil {
			return rpcMessages{{}}, fault
		}
		if m.id != "" && slices.ContainsFunc(list, func(other rpcMessage) bool { return other.id == m.id }) {
			return rpcMessages{{}}, rpcErrorf(rpcInvalidRequest, "two messages of the batch have the id %s.", m.id)
		}
		list = append(list, m)
	}
	return list, nil
}

// rpcError is an error in a message, with its code of JSON-RPC 2.0 section 5.1.
type rpcError struct {
	code int
	hint string
}

func rpcErrorf(code int, format string, args ...any) *rpcError {
	return &rpcError{code, fmt.Sprintf(format, args...)}
}

// The names that have a meaning in a message, in its params and in _meta. Other names are
// ignored, as JSON-RPC allows, unless they differ from these by case alone. Names in arguments
// belong to the tools.
var (
	messageNames = []string{"jsonrpc", "id", "method", "params", "result", "error"}
	paramNames   = []string{"_meta", "name", "arguments", "uri", "cursor", "protocolVersion", "capabilities", "clientInfo", "level", "requestId", "reason", "progressToken", "progress"}
	metaNames    = []string{"io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/clientCapabilities", "progressToken"}
)

// readMessage reads one message. It returns the id even where the message is wrong, so that the
// error can name it.
func readMessage(text string) (m rpcMessage, fault *rpcError) {
	top, err := norm.ReadObject([]byte(text))
	if err != nil {
		return m, rpcErrorf(rpcParseError, "the message is not a JSON-RPC object: %s.", err)
	}
	for _, member := range top {
		if member.Name == "id" && validID(member.JSON) {
			m.id = member.JSON
		}
	}
	if fault := exact(top, messageNames); fault != nil {
		return m, fault
	}
	version, params := "", ""
	for _, member := range top {
		switch member.Name {
		case "jsonrpc":
			version, _ = norm.Unquote(member.JSON)
		case "id":
			if !validID(member.JSON) {
				return m, rpcErrorf(rpcInvalidRequest, "id must be a string or a whole number.")
			}
		case "method":
			m.method, _ = norm.Unquote(member.JSON)
		case "params":
			params = member.JSON
		}
	}
	if version != "2.0" {
		return m, rpcErrorf(rpcInvalidRequest, `jsonrpc must be "2.0".`)
	}
	fault = readParams(params, &m)
	return m, fault
}

// readParams reads the params of a message, whose names must be exact as well. Arguments are
// read only to refuse names that repeat; the tool reads their values.
func readParams(text string, m *rpcMessage) *rpcError {
	if text == "" || text == "null" {
		return nil
	}
	params, err := norm.ReadObject([]byte(text))
	if err != nil {
		return rpcErrorf(rpcInvalidParams, "params: %s.", err)
	}
	if fault := exact(params, paramNames); fault != nil {
		return fault
	}
	for _, member := range params {
		if member.Name == "name" || member.Name == "uri" {
			m.name, _ = norm.Unquote(member.JSON)
		}
		if member.Name != "_meta" && member.Name != "arguments" {
			continue
		}
		inner, err := norm.ReadObject([]byte(member.JSON))
		if err != nil && member.JSON != "null" {
			return rpcErrorf(rpcInvalidParams, "%s: %s.", member.Name, err)
		}
		if member.Name == "_meta" {
			fault := exact(inner, metaNames)
			if fault != nil {
				return fault
			}
			m.version = versionOf(inner)
		}
	}
	return nil
}

// versionOf returns the protocol version in _meta, where clients of 2026-07-28 and later name
// it in every request, else "".
func versionOf(meta []crm.Member) (version string) {
	for _, entry := range meta {
		if entry.Name == metaNames[0] {
			version, _ = norm.Unquote(entry.JSON)
		}
	}
	return version
}

// exact refuses names that differ from known ones by case alone. The comparison folds like
// that of encoding/json, which takes ſ for s.
func exact(members []crm.Member, known []string) *rpcError {
	for _, member := range members {
		for _, name := range known {
			if strings.EqualFold(member.Name, name) && member.Name != name {
				return rpcErrorf(rpcInvalidRequest, "%s is not a name of the protocol, which is case-sensitive; write %s.", norm.Quote(member.Name), name)
			}
		}
	}
	return nil
}

// validID reports whether a raw JSON value may be an id: a string, or an integer
// that every reader reads exactly (RFC 8259 section 6).
func validID(raw string) bool {
	if strings.HasPrefix(raw, `"`) {
		return true
	}
	digits := strings.TrimPrefix(raw, "-")
	return digits != "" && len(digits) <= 15 && !slices.ContainsFunc([]byte(digits), func(b byte) bool { return b < '0' || b > '9' })
}
