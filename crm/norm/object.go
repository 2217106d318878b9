package norm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits of JSON from clients.
const (
	MaxMembers = 1000 // keys of an object
	MaxDepth   = 64   // levels of nesting; RFC 8259 section 9 lets readers set a limit
)

// ReadObject reads a client's JSON object strictly (RFC 8259, and I-JSON's
// RFC 7493 sections 2.1 and 2.3): valid UTF-8, no lone surrogates, no NUL, no
// duplicate keys at any depth, nothing after the object. Members are in the order in which
// they were sent. Their values are compact, numbers have every digit that was sent, and each
// string has only one spelling, so that equal values are equal texts. Errors are sentences for
// a hint.
func ReadObject(data []byte) ([]Member, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("the body is empty; send a JSON object")
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return nil, errors.New("the body starts with a byte order mark; send plain UTF-8")
	case !utf8.Valid(data):
		return nil, errors.New("the body is not valid UTF-8")
	case bytes.TrimSpace(data)[0] != '{':
		return nil, errors.New("the body must be a JSON object, like {\"name\":\"Jane Doe\"}")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, notJSON(data)
	}
	s := splitter{text: compact.String(), strict: true}
	members := s.object()
	if s.err != nil {
		return members, s.err
	}
	for i := range members {
		members[i].JSON = unescaped(members[i].JSON)
	}
	return members, nil
}

// ReadArray reads a client's JSON array as strictly as ReadObject reads an object, and returns its
// elements. ok is false if the text is anything else.
func ReadArray(text string) (items []string, ok bool) {
	members, err := ReadObject([]byte(`{"list":` + text + "}"))
	if err != nil || len(members) != 1 {
		return nil, false
	}
	return ParseArray(members[0].JSON)
}

// unescaped returns valid compact JSON whose strings have only the escapes that JSON requires.
func unescaped(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b []byte
	for {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			return string(append(b, text...))
		}
		s := splitter{text: text, pos: start}
		s.quoted()
		quoted := text[start:s.pos]
		b = append(b, text[:start]...)
		if inner, ok := Unquote(quoted); ok && strings.IndexByte(quoted, '\\') >= 0 {
			b = appendPlain(b, inner)
		} else {
			b = append(b, quoted...)
		}
		text = text[s.pos:]
	}
}

// appendPlain appends s as a JSON string with the fewest escapes (RFC 8259 section 7).
func appendPlain(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			b = AppendEscape(b, rune(c))
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// notJSON returns the error for data that is not JSON, with the byte at which it stops being so.
func notJSON(data []byte) error {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(data, &raw), &syntax) {
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
	}
	return errors.New("not valid JSON")
}
