package condition

import (
	"fmt"
	"strings"
	"unicode"
)

// Parse parses a text.
func Parse(text string) (Node, *Error) {
	p := &parser{text: []rune(text)}
	n, err := p.joined(0)
	if err != nil {
		return n, err
	}
	if p.at < len(p.text) {
		return n, p.fail("there is a ) without its (")
	}
	return n, nil
}

type parser struct {
	text  []rune
	at    int
	terms int

	bracket  int // the innermost one around the place, 0: none
	brackets int // that have begun
}

// fail returns an error at the present character.
func (p *parser) fail(format string, args ...any) *Error {
	return &Error{At: p.at + 1, Message: fmt.Sprintf(format, args...)}
}

func (p *parser) skipBlanks() {
	for p.at < len(p.text) && unicode.IsSpace(p.text[p.at]) {
		p.at++
	}
}

// peek returns the character at the place, 0 at the end.
func (p *parser) peek() rune {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// word reports whether a word of the language is next, and passes it. A name before an equals sign is no such
// word.
func (p *parser) word(words ...string) (string, bool) {
	end := p.at
	for end < len(p.text) && unicode.IsLetter(p.text[end]) {
		end++
	}
	if end < len(p.text) && !unicode.IsSpace(p.text[end]) && !isBracket(p.text[end]) {
		return "", false
	}
	for _, word := range words {
		if strings.EqualFold(string(p.text[p.at:end]), word) {
			p.at = end
			return word, true
		}
	}
	return "", false
}

func isBracket(r rune) bool { return r == '(' || r == ')' }

// joined parses parts that are joined with one of the words and, or.
func (p *parser) joined(depth int) (Node, *Error) {
	p.skipBlanks()
	start := p.at
	var parts []Node
	var joins []string
	mixedAt := 0
	for {
		part, err := p.part(depth)
		if err != nil {
			return part, err
		}
		parts = append(parts, part)
		p.skipBlanks()
		if p.at == len(p.text) || p.peek() == ')' {
			break
		}
		at := p.at
		join, is := p.word("and", "or")
		if !is {
			return part, p.fail("and, or or the end is expected")
		}
		if len(joins) > 0 && join != joins[0] && mixedAt == 0 {
			mixedAt = at + 1
		}
		joins = append(joins, join)
	}
	if mixedAt > 0 {
		return Node{}, ambiguous(parts, joins, mixedAt)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	n := Node{Op: And, Kids: parts, Text: p.between(start), At: start + 1}
	if joins[0] == "or" {
		n.Op = Or
	}
	return n, nil
}

// between returns the text from a place to the present one.
func (p *parser) between(start int) string { return strings.TrimSpace(string(p.text[start:p.at])) }

// part parses a condition, a negation or a bracket.
func (p *parser) part(depth int) (n Node, err *Error) {
	p.skipBlanks()
	start := p.at
	_, negated := p.word("not")
	if (negated || p.peek() == '(') && depth == MaxDepth {
		p.at = start
		return n, p.fail("more than %d brackets or nots are in each other", MaxDepth)
	}
	switch {
	case negated:
		var kid Node
		if kid, err = p.part(depth + 1); err != nil {
			return n, err
		}
		return Node{Op: Not, Kids: []Node{kid}, Text: p.between(start), At: start + 1}, nil
	case p.peek() == '(':
		p.at++
		outer := p.bracket
		p.brackets++
		p.bracket = p.brackets
		if n, err = p.joined(depth + 1); err != nil {
			return n, err
		}
		p.bracket = outer
		if p.peek() != ')' {
			p.at = start
			return n, p.fail("this ( has no )")
		}
		p.at++
		n.Text = p.between(start)
		return n, nil
	}
	return p.term()
}

// term parses a condition.
func (p *parser) term() (Node, *Error) {
	start := p.at
	for p.at < len(p.text) && p.peek() != '=' && !unicode.IsSpace(p.peek()) && !isBracket(p.peek()) && p.peek() != '"' {
		p.at++
	}
	name := string(p.text[start:p.at])
	if p.peek() != '=' || name == "" {
		p.at = start
		return Node{}, p.fail("a condition like stage=lead is expected")
	}
	p.at++
	if p.terms++; p.terms > MaxTerms {
		p.at = start
		return Node{}, p.fail("there are more than %d conditions", MaxTerms)
	}
	value, err := p.value()
	return Node{Name: name, Value: value, Text: p.between(start), At: start + 1, Bracket: p.bracket}, err
}

// value parses the value of a condition, up to a blank or a bracket outside of quotes.
func (p *parser) value() (string, *Error) {
	start := p.at
	for p.at < len(p.text) && !unicode.IsSpace(p.peek()) && p.peek() != ')' {
		switch p.peek() {
		case '(':
			return "", p.fail(`a value with a bracket is quoted: name="Acme (Berlin)"`)
		case '"':
			if err := p.quoted(); err != nil {
				return "", err
			}
			continue
		}
		p.at++
	}
	raw := string(p.text[start:p.at])
	if raw == "" {
		return "", p.fail(`the condition has no value; write is:null for unset`)
	}
	return unquote(raw), nil
}

// quoted passes a text in quotes.
func (p *parser) quoted() *Error {
	start := p.at
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.peek() {
		case '\\':
			p.at++
		case '"':
			p.at++
			return nil
		}
	}
	p.at = start
	return p.fail(`this " has no second one`)
}

// unquote returns a value whose text is in quotes, as a whole or behind its operator, without them. Values with
// other quotes, such as those in a list of in:, stay as they are.
func unquote(raw string) string {
	op, text := "", raw
	if before, after, found := strings.Cut(raw, `:"`); found && !strings.Contains(before, `"`) {
		op, text = before+":", `"`+after
	}
	if strings.EqualFold(op, "in:") || len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return raw
	}
	var b strings.Builder
	inner := []rune(text[1 : len(text)-1])
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] == '"': // it ended before
			return raw
		case inner[i] == '\\' && i+1 < len(inner):
			i++
		}
		b.WriteRune(inner[i])
	}
	return op + b.String()
}
