package rows

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"crmkit/crm"
)

// textReader passes text on with a line feed at the end of each line, whatever ends the lines of
// the file: a line feed, a carriage return, or both. It refuses NUL bytes, which no text has.
type textReader struct {
	in          io.Reader
	lines       int  // line ends so far
	afterReturn bool // a line feed that comes next belongs to the carriage return before it
	err         error
}

func (t *textReader) Read(p []byte) (int, error) {
	for {
		if t.err != nil || len(p) == 0 {
			return 0, t.err
		}
		n, err := t.in.Read(p)
		if t.err = err; n > 0 {
			n = t.clean(p[:n])
		}
		if n > 0 {
			return n, nil
		}
	}
}

// clean changes the line ends of a part of the file and returns its new length. It stops before
// a NUL byte, which is the error of the next read.
func (t *textReader) clean(p []byte) int {
	nul := bytes.IndexByte(p, 0)
	if nul >= 0 {
		p = p[:nul]
	}
	if t.afterReturn || bytes.IndexByte(p, '\r') >= 0 {
		p = t.lineFeeds(p)
	}
	t.lines += bytes.Count(p, []byte("\n"))
	if nul >= 0 {
		t.err = crm.Errorf(crm.UnsupportedMedia, "line %d has a NUL byte: the file is not text, or it is UTF-16 without a byte order mark; save it as UTF-8. Nothing was saved.", t.lines+1)
	}
	return len(p)
}

// lineFeeds replaces carriage returns by line feeds, and removes the line feeds after them.
func (t *textReader) lineFeeds(p []byte) []byte {
	kept := p[:0]
	for _, c := range p {
		switch {
		case c == '\r':
			kept = append(kept, '\n')
		case c != '\n' || !t.afterReturn:
			kept = append(kept, c)
		}
		t.afterReturn = c == '\r'
	}
	return kept
}

// utf16Reader decodes UTF-16 to UTF-8.
type utf16Reader struct {
	in    io.Reader
	order binary.ByteOrder
	units int    // read so far
	raw   []byte // bytes that are not decoded yet: half a unit, or a unit whose pair is missing
	text  []byte // decoded, not passed on yet
	room  []byte // in which text is
	err   error
}

func newUTF16Reader(in io.Reader, order binary.ByteOrder) *utf16Reader {
	return &utf16Reader{in: in, order: order, raw: make([]byte, 0, utf16Chunk)}
}

// utf16Chunk is how many bytes are decoded at once.
const utf16Chunk = 8 << 10

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		n, err := u.in.Read(u.raw[len(u.raw):cap(u.raw)])
		u.raw, u.err = u.raw[:len(u.raw)+n], err
		u.decode()
	}
	n := copy(p, u.text)
	u.text = u.text[n:]
	return n, nil
}

// decode decodes the whole characters of raw. Half a character at the end of the file, or half a
// pair anywhere, is an error: to replace it would change a value and nobody would notice.
func (u *utf16Reader) decode() {
	text, i := u.room[:0], 0
	for ; i+2 <= len(u.raw); i += 2 {
		r := rune(u.order.Uint16(u.raw[i:]))
		if utf16.IsSurrogate(r) {
			if i+4 > len(u.raw) && u.err == nil {
				break
			}
			low := rune(utf8.RuneError)
			if i+4 <= len(u.raw) {
				low = rune(u.order.Uint16(u.raw[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				u.broken(i / 2)
				break
			}
			i += 2
		}
		text = utf8.AppendRune(text, r)
	}
	u.units += i / 2
	if u.raw = append(u.raw[:0], u.raw[i:]...); len(u.raw) > 0 && u.err == io.EOF {
		u.broken(0)
	}
	u.text, u.room = text, text
}

// broken sets the error for half a character, so many units after those that were decoded.
func (u *utf16Reader) broken(at int) {
	u.err = crm.Errorf(crm.UnsupportedMedia, "the file is UTF-16, and its character %d is incomplete; save it as UTF-8. Nothing was saved.", u.units+at+1)
}
