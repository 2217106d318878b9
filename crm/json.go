package crm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxMembers is the most keys an object may have.
const MaxMembers = 1000

// ReadObject reads a client's JSON object strictly (RFC 8259, and I-JSON's
// RFC 7493 sections 2.1 and 2.3): valid UTF-8, no lone surrogates, no NUL, no
// duplicate keys at any depth, nothing behind the object. Members come in the
// order sent, their values compacted with every digit kept. Errors are plain
// sentences for a hint.
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
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
		}
		return nil, errors.New("not valid JSON")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, errors.New("not valid JSON")
	}
	text := compact.String()
	s := splitter{text: text, strict: true}
	members := s.object()
	return members, s.err
}

// ParseObject returns the members of a compact JSON object that this program
// wrote, in their order, without checking it again.
func ParseObject(text string) []Member {
	if len(text) < 2 || text[0] != '{' {
		return nil
	}
	s := splitter{text: text}
	return s.object()
}

// ParseArray returns the elements of a valid compact JSON array as JSON text;
// ok is false when the text is not an array.
func ParseArray(text string) (items []string, ok bool) {
	if len(text) < 2 || text[0] != '[' {
		return nil, false
	}
	s := splitter{text: text}
	return s.array(), true
}

// splitter cuts compact JSON that is known to be valid into its parts.
type splitter struct {
	text   string
	pos    int
	strict bool
	depth  int
	err    error
}

func (s *splitter) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

func (s *splitter) object() []Member {
	var members []Member
	var seen map[string]bool
	if s.strict {
		seen = map[string]bool{}
	}
	for s.pos++; s.text[s.pos] != '}'; {
		if s.text[s.pos] == ',' {
			s.pos++
		}
		name, _ := Unquote(s.value())
		s.pos++ // the colon
		members = append(members, Member{name, s.value()})
		if !s.strict {
			continue
		}
		if seen[name] {
			s.fail("the key %s appears twice", Show(name))
		}
		seen[name] = true
	}
	s.pos++
	if s.strict && len(members) > MaxMembers {
		s.fail("an object has %d keys; at most %d are taken", len(members), MaxMembers)
	}
	return members
}

func (s *splitter) array() []string {
	var items []string
	for s.pos++; s.text[s.pos] != ']'; {
		if s.text[s.pos] == ',' {
			s.pos++
		}
		items = append(items, s.value())
	}
	s.pos++
	return items
}

// maxDepth is how deep a client's JSON may nest; other readers give up at some
// depth, and a record must not be what breaks them.
const maxDepth = 64

func (s *splitter) value() string {
	start := s.pos
	s.depth++
	defer func() { s.depth-- }()
	if s.strict && s.depth > maxDepth {
		s.fail("the body nests deeper than %d levels", maxDepth)
	}
	switch s.text[s.pos] {
	case '{':
		s.object()
	case '[':
		s.array()
	case '"':
		s.quoted()
	default:
		for s.pos < len(s.text) && !bytes.ContainsRune([]byte(",]}:"), rune(s.text[s.pos])) {
			s.pos++
		}
	}
	return s.text[start:s.pos]
}

// quoted steps over a string and, when strict, refuses \u0000 and surrogates
// that stand alone, which encoding/json would turn into U+FFFD.
func (s *splitter) quoted() {
	for s.pos++; s.text[s.pos] != '"'; s.pos++ {
		if s.text[s.pos] != '\\' {
			continue
		}
		s.pos++
		if s.text[s.pos] != 'u' {
			continue
		}
		switch code := unhex(s.text[s.pos+1 : s.pos+5]); {
		case code == 0:
			s.fail(`a string holds the NUL character (\u0000)`)
		case code >= 0xdc00 && code <= 0xdfff:
			s.fail(`a string holds half a surrogate pair (\u%04x)`, code)
		case code >= 0xd800 && code <= 0xdbff:
			rest := s.text[s.pos+5:]
			if len(rest) < 6 || rest[:2] != `\u` || unhex(rest[2:6])&0xfc00 != 0xdc00 {
				s.fail(`a string holds half a surrogate pair (\u%04x)`, code)
				continue
			}
			s.pos += 6
		}
		s.pos += 4
	}
	s.pos++
}

func unhex(digits string) rune {
	var r rune
	for _, c := range digits {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | c
	}
	return r
}
