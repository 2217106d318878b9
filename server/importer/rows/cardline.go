package rows

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"crmkit/crm"
)

// property is a line of a card: item1.TEL;TYPE=cell:+358 40 5550100.
type property struct {
	group   string // item1, which ties a label to it
	name    string // in capitals; empty: the line is no property
	params  []param
	raw     string // the value as it is written
	line    int
	version string // of the card
}

// param is a parameter of a property, such as TYPE=home,pref. In cards of version 2.1 it may be a
// value alone, such as HOME; it is one of TYPE then, or of ENCODING.
type param struct {
	name   string // in capitals
	values []string
}

// is reports whether a line is like BEGIN:VCARD.
func (p *property) is(name, value string) bool {
	return p.name == name && strings.EqualFold(strings.TrimSpace(p.raw), value)
}

// param returns the first value of a parameter, "" without it.
func (p *property) param(name string) string {
	for _, param := range p.params {
		if param.name == name {
			return param.values[0]
		}
	}
	return ""
}

// hasType reports whether the property has a type, such as HOME.
func (p *property) hasType(name string) bool {
	for _, param := range p.params {
		for _, value := range param.values {
			if param.name == "TYPE" && strings.EqualFold(value, name) {
				return true
			}
		}
	}
	return false
}

// typeExcept returns the first type that is not in a list of lower-case words, "" if there is none.
func (p *property) typeExcept(list []string) string {
	for _, param := range p.params {
		for _, value := range param.values {
			if param.name == "TYPE" && !contains(list, strings.ToLower(value)) {
				return value
			}
		}
	}
	return ""
}

// isQuotedPrintable reports whether the value is written so (RFC 2045, section 6.7).
func (p *property) isQuotedPrintable() bool {
	return strings.EqualFold(p.param("ENCODING"), "QUOTED-PRINTABLE")
}

// isBase64 reports whether the value is written so.
func (p *property) isBase64() bool {
	encoding := p.param("ENCODING")
	return strings.EqualFold(encoding, "BASE64") || strings.EqualFold(encoding, "B")
}

// isMedia reports whether the value is a picture, a sound or a key: binary, and not the address
// of one.
func (p *property) isMedia() bool {
	return p.isBase64() && !isTextProperty(p.name) || hasPrefixFold([]byte(p.raw), "data:")
}

// cardLines reads the lines of cards. A property may be folded: it goes on in lines that begin
// with a blank, or in quoted-printable after a line that ends with =. Media are skipped while
// they are read, and take no memory.
type cardLines struct {
	in   *File
	of   *card // to which the lines belong
	line int   // the number of the last line that was read
	text []byte
	size int // bytes of the card that were kept
}

// card begins the lines of a card.
func (l *cardLines) card(c *card) { l.of, l.size = c, 0 }

// maxHead is how many bytes of a line are looked at before it is read.
const maxHead = 1 << 10

// next returns the next property, and io.EOF after the last line. One with a value that is
// skipped has none.
func (l *cardLines) next() (p property, err error) {
	for {
		p.parse(l.peek())
		if p.line = l.line + 1; p.isMedia() {
			p.raw = ""
			return p, l.skip(&p)
		}
		l.text = l.text[:0]
		if err = l.read(); err != nil {
			return p, err
		}
		l.text = bytes.TrimPrefix(l.text, []byte(byteOrderMark)) // of a file that was appended
		if len(bytes.TrimSpace(l.text)) > 0 {
			break
		}
	}
	p.parse(l.text)
	if err = l.unfold(&p); err == nil {
		p.parse(l.text)
	}
	return p, err
}

// peek returns the beginning of the next line, or all of it.
func (l *cardLines) peek() []byte {
	l.in.row()
	head, _ := l.in.Peek(maxHead)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return line
}

// read appends the next line to the text.
func (l *cardLines) read() error {
	for start := len(l.text); ; {
		l.in.row()
		part, err := l.in.ReadSlice('\n')
		l.text = append(l.text, part...)
		if l.size += len(part); l.size > crm.MaxRow {
			return crm.Errorf(crm.InvalidValue, "card %d, which begins in line %d, has more than the maximum of %d bytes without photos; nothing was saved. Shorten it.", l.of.n, l.of.line, crm.MaxRow)
		}
		switch {
		case err == nil || err == io.EOF && len(l.text) > start:
			l.text = bytes.TrimSuffix(l.text, []byte("\n"))
			l.line++
			return nil
		case err != bufio.ErrBufferFull:
			return readError(l.of.n, err, TruncatedHint)
		}
	}
}

// unfold appends the lines in which a property goes on.
func (l *cardLines) unfold(p *property) error {
	for {
		next := l.peek()
		soft := p.isQuotedPrintable() && bytes.HasSuffix(l.text, []byte("="))
		switch {
		case soft && !hasPrefixFold(next, "END:VCARD"):
			l.text = l.text[:len(l.text)-1]
		case p.isQuotedPrintable() && bytes.HasPrefix(next, []byte("=")): // the phone forgot the = before
		case !isFolded(next):
			return nil
		case l.of.version != "2.1": // in which the blank is a part of the value
			_, _ = l.in.Discard(1)
		}
		if err := l.read(); err == io.EOF {
			return nil // the card has no end, which is the error of the next line
		} else if err != nil {
			return err
		}
	}
}

// isFolded reports whether a property goes on in a line.
func isFolded(line []byte) bool { return len(line) > 0 && (line[0] == ' ' || line[0] == '\t') }

// skip reads a property and keeps nothing of it. In cards of version 2.1 the lines of a picture
// need not begin with a blank; they have no colon, unlike properties.
func (l *cardLines) skip(p *property) error {
	for {
		if err := l.skipLine(); err != nil {
			return err
		}
		if next := l.peek(); !isFolded(next) && !(p.isBase64() && isBase64Line(next)) {
			return nil
		}
	}
}

func (l *cardLines) skipLine() error {
	for {
		l.in.row()
		switch _, err := l.in.ReadSlice('\n'); err {
		case nil, io.EOF:
			l.line++
			return nil
		case bufio.ErrBufferFull:
		default:
			return readError(l.of.n, err, TruncatedHint)
		}
	}
}

// isBase64Line reports whether a line has base64 and nothing else.
func isBase64Line(line []byte) bool {
	return len(line) > 0 && len(bytes.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")) == 0
}

// parse reads a property. Its name is empty if the text is not one.
func (p *property) parse(text []byte) {
	*p = property{line: p.line}
	colon := nameEnd(text)
	if colon < 0 {
		return
	}
	head := splitQuoted(string(text[:colon]), ';')
	group, name, found := strings.Cut(head[0], ".")
	if !found {
		group, name = "", head[0]
	}
	if name = strings.ToUpper(strings.TrimSpace(name)); strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return
	}
	p.group, p.name, p.raw = strings.ToUpper(group), name, string(text[colon+1:])
	for _, text := range head[1:] {
		p.addParam(text)
	}
}

// addParam adds a parameter. Several of one name are one.
func (p *property) addParam(text string) {
	name, value, named := strings.Cut(text, "=")
	if name = strings.ToUpper(strings.TrimSpace(name)); !named {
		value = name
		switch name {
		case "QUOTED-PRINTABLE", "BASE64", "B", "7BIT", "8BIT":
			name = "ENCODING"
		default:
			name = "TYPE"
		}
	}
	var values []string
	for _, part := range splitQuoted(value, ',') {
		// TYPE="home,work" is one text in quotes, and means the same.
		values = append(values, strings.Split(strings.Trim(strings.TrimSpace(part), `"`), ",")...)
	}
	p.params = append(p.params, param{name, values})
}

// nameEnd returns where the colon between the name, with its parameters, and the value is; -1 if
// there is none. A parameter in quotes may have colons.
func nameEnd(text []byte) int {
	quoted := false
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ':' && !quoted:
			return i
		}
	}
	return bytes.IndexByte(text, ':')
}

// splitQuoted splits a text at a separator that is not in quotes.
func splitQuoted(text string, separator byte) (parts []string) {
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
