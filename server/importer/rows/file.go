package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"crmkit/crm"
)

// File is a text that is read row by row. A row that is longer than one may be is not read to
// its end, so it takes no more memory than a long row.
type File struct {
	*bufio.Reader
	limit *limitedReader
}

func newFile(text io.Reader) *File {
	limit := &limitedReader{Reader: text}
	f := &File{bufio.NewReaderSize(limit, sniffSize), limit}
	f.row()
	return f
}

// row begins a row: from here as many bytes are read as one row may have, and as many
// as the buffer reads ahead.
func (f *File) row() { f.limit.left = crm.MaxRow + sniffSize }

// errLongRow ends the reading of a row that is too long.
var errLongRow = errors.New("the row is too long")

// limitedReader returns errLongRow after left bytes.
type limitedReader struct {
	io.Reader
	left int
}

func (m *limitedReader) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errLongRow
	}
	n, err := m.Reader.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// sniffSize is how many bytes of a file are read to recognise its format and its line of column
// names.
const sniffSize = 64 << 10

// byteOrderMark begins many files in UTF-8.
const byteOrderMark = "\ufeff"

// Open begins to read a file, without its byte order mark, and checks that it is text.
func Open(file io.Reader) (*File, *crm.Error) {
	text, fault := decoded(file)
	if fault != nil {
		return nil, fault
	}
	f := newFile(&textReader{in: text})
	head, err := f.Peek(sniffSize)
	if errors.As(err, &fault) {
		return nil, fault
	}
	if err == nil {
		head = wholeRunes(head)
	}
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		_, _ = f.Discard(len(byteOrderMark))
		head = head[len(byteOrderMark):]
	}
	return f, checkText(head)
}

// wholeRunes returns text without the beginning of a character whose end is cut off.
func wholeRunes(text []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if last := text[len(text)-i:]; utf8.RuneStart(last[0]) && !utf8.FullRune(last) {
			return text[:len(text)-i]
		}
	}
	return text
}

// Rows returns the reader for the format of the file, by its first characters. known reports
// whether a column name is one that the caller knows; it finds the line of column names if
// there are others above it. null is the word of CSV for no value; empty: there is none.
func (f *File) Rows(known func(column string) bool, null string) (Reader, error) {
	head, err := f.Peek(sniffSize)
	if err != nil && err != io.EOF {
		return nil, readError(0, err, TruncatedHint)
	}
	text := bytes.TrimLeft(head, " \t\n")
	switch {
	case len(text) == 0:
		return nil, io.EOF
	case text[0] == '[':
		return newArrayRows(f)
	case text[0] == '{' && isSpread(text):
		return newObjectRows(f), nil
	case text[0] == '{':
		return f.Lines(), nil
	case hasPrefixFold(text, vCardBegin):
		return newCards(f), nil
	}
	return newCSVRows(f, known, null)
}

// Lines reads the file as JSON lines, whatever it begins with.
func (f *File) Lines() Reader { return &lineRows{in: f} }

// TruncatedHint is the hint for a file that ends too soon.
const TruncatedHint = "the body ended before it was complete; nothing of it was saved. Send it again."

// readError is the error for reading row n, or the column names if n is 0. An error
// that does not say itself what is wrong becomes one with the hint.
func readError(n int, err error, hint string) error {
	var known *crm.Error
	switch {
	case errors.Is(err, errLongRow):
		return longRow(n)
	case errors.As(err, &known) || err == io.EOF:
		return err
	}
	return crm.Errorf(crm.BadJSON, "%s", hint)
}

// longRow is the error for row n, or for the line of column names if n is 0.
func longRow(n int) *crm.Error {
	if n == 0 {
		return crm.Errorf(crm.InvalidValue, "the line of column names has more than the maximum of %d bytes; nothing was saved. Send CSV, JSON lines, a JSON array or vCards.", crm.MaxRow)
	}
	return crm.Errorf(crm.InvalidValue, "row %d has more than the maximum of %d bytes; nothing was saved. Look for a quote before it that is not closed; otherwise shorten the row.", n, crm.MaxRow)
}
