package norm

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Member is one key of a JSON object, with its value as JSON text.
type Member struct {
	Name string
	JSON string
}

// AppendObject appends the members as one JSON object.
func AppendObject(b []byte, members []Member) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuoted(b, m.Name)
		b = append(b, ':')
		b = append(b, m.JSON...)
	}
	return append(b, '}')
}

// Unquote returns the text of a JSON string value; ok is false when the JSON
// is not a string.
func Unquote(raw string) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	return s, json.Unmarshal([]byte(raw), &s) == nil
}

// ParseObject returns the members of a compact JSON object that this program
// wrote, in their order, without checking it again. It panics for other text that begins like an
// object; ReadObject reads the text of a client.
func ParseObject(text string) []Member {
	if len(text) < 2 || text[0] != '{' {
		return nil
	}
	s := splitter{text: text}
	return s.object()
}

// ParseArray returns the elements of a compact JSON array that this program wrote. It panics for
// other text that begins like an array; ReadArray reads the text of a client.
func ParseArray(text string) (items []string, ok bool) { return ParseItems(text, math.MaxInt) }

// ParseStrings returns the strings of a compact JSON array that this program wrote. ok
// is false if the text is not an array of strings.
func ParseStrings(text string) (list []string, ok bool) {
	items, ok := ParseArray(text)
	for i := range items {
		s, isString := Unquote(items[i])
		items[i], ok = s, ok && isString
	}
	return items, ok
}

// ParseItems returns the elements of a client's compact JSON array as JSON text; ok is false if
// the text is not an array. It stops after most+1 elements, so that the caller sees that the
// array is too long and no time is spent on the rest.
func ParseItems(text string, most int) (items []string, ok bool) {
	if len(text) < 2 || text[0] != '[' {
		return nil, false
	}
	s := splitter{text: text}
	for s.pos++; s.text[s.pos] != ']' && len(items) <= most; {
		if s.text[s.pos] == ',' {
			s.pos++
		}
		item := s.value()
		if item == "" { // the text is not valid compact JSON; the loop would not end
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}

// splitter splits compact JSON into its parts. The JSON must be valid: it is from this program
// or was checked by encoding/json, and the splitter does not check the syntax again. A strict
// splitter also refuses what ReadObject refuses, and stops at the first fault.
type splitter struct {
	text   string
	pos    int
	strict bool
	depth  int
	err    error
}

// fail records the first fault.
func (s *splitter) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// object returns the members of the object at the position.
func (s *splitter) object() []Member {
	var members []Member
	s.members(func(name, json string) { members = append(members, Member{name, json}) })
	return members
}

// members calls each for the members of the object at the position.
func (s *splitter) members(each func(name, json string)) {
	var seen map[string]bool
	if s.strict {
		seen = map[string]bool{}
	}
	count := 0
	for s.pos++; s.err == nil && s.text[s.pos] != '}'; count++ {
		if s.strict && count == MaxMembers {
			s.fail("an object has more than %d keys, the most that are taken", MaxMembers)
			return
		}
		if s.text[s.pos] == ',' {
			s.pos++
		}
		name, _ := Unquote(s.value())
		if seen[name] {
			s.fail("the key %s appears twice", Quote(name))
			return
		}
		s.pos++ // the colon
		each(name, s.value())
		if s.strict {
			seen[name] = true
		}
	}
	s.close()
}

// close moves past a closing bracket, unless there was a fault.
func (s *splitter) close() {
	if s.err == nil {
		s.pos++
	}
}

// value moves past the value at the position and returns it. After a fault it returns only a
// part of it.
func (s *splitter) value() string {
	start := s.pos
	switch c := s.text[s.pos]; {
	case c == '"':
		s.quoted()
	case c != '{' && c != '[':
		for s.pos < len(s.text) && s.text[s.pos] != ',' && s.text[s.pos] != ']' && s.text[s.pos] != '}' {
			s.pos++
		}
	case !s.strict:
		s.skip()
	case s.depth+1 == MaxDepth:
		s.fail("the body nests deeper than %d levels", MaxDepth)
	default:
		s.depth++
		s.check(c)
		s.depth--
	}
	return s.text[start:s.pos]
}

// check moves past an object or an array and checks its contents.
func (s *splitter) check(open byte) {
	if open == '{' {
		s.members(func(string, string) {})
		return
	}
	for s.pos++; s.err == nil && s.text[s.pos] != ']'; {
		if s.text[s.pos] == ',' {
			s.pos++
		}
		s.value()
	}
	s.close()
}

// skip moves past an object or an array without checking its contents.
func (s *splitter) skip() {
	for depth := 0; ; {
		switch s.text[s.pos] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			s.quoted()
			continue
		}
		if s.pos++; depth == 0 {
			return
		}
	}
}

// quoted moves past a string. It reports \u0000, which no column takes, and lone surrogates,
// which encoding/json would silently turn into U+FFFD.
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

// unhex returns the number of four hexadecimal digits, which are known to be valid.
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
