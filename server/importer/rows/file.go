package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"crmkit/crm"
)

// File is a file that is read row by row. A row that is longer than one may be is
// not read to its end, so it takes no more memory than a long row.
type File struct {
	*bufio.Reader
	limit *limitedReader
}

func newFile(r io.Reader) *File {
	limit := &limitedReader{Reader: r}
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

// sniffSize is how many bytes of a file are read to recognise its format.
const sniffSize = 64 << 10

// Open begins to read a file, without its byte order mark, and checks that it is UTF-8 text.
func Open(r io.Reader) (*File, *crm.Error) {
	f := newFile(r)
	head, _ := f.Peek(sniffSize)
	if fault := checkText(head); fault != nil {
		return nil, fault
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = f.Discard(3)
	}
	return f, nil
}

// checkText refuses the beginning of a file that is not UTF-8 text.
func checkText(head []byte) *crm.Error {
	end := len(head)
	for i := 0; i < utf8.UTFMax && end > 0 && len(head) == sniffSize && !utf8.Valid(head[:end]); i++ {
		end-- // the last character may be cut
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return crm.Errorf(crm.BadJSON, "the body is empty; send CSV with a line of column names, JSON lines, or a JSON array.")
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.IndexByte(head, 0) >= 0:
		return crm.Errorf(crm.UnsupportedMedia, "the file is UTF-16 or not text; save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE.")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return crm.Errorf(crm.UnsupportedMedia, "the file is a spreadsheet or an archive; save it as CSV (UTF-8).")
	case !utf8.Valid(head[:end]):
		return notUTF8("")
	}
	return nil
}

func notUTF8(where string) *crm.Error {
	return crm.Errorf(crm.UnsupportedMedia, "the file is not UTF-8%s; it may be Latin-1 or Windows-1252: convert it with iconv -f WINDOWS-1252 -t UTF-8 FILE, or save it as CSV UTF-8.", where)
}

// Rows returns the reader for the format of the file, by its first character.
func (f *File) Rows() (Reader, error) {
	for {
		c, err := f.ReadByte()
		if err != nil {
			return nil, readError(0, err, TruncatedHint)
		}
		if c == ' ' || c == '\n' || c == '\r' {
			continue
		}
		if err := f.UnreadByte(); err != nil {
			return nil, err
		}
		switch c {
		case '[':
			return newArrayRows(f)
		case '{':
			return f.Lines(), nil
		}
		return newCSVRows(f)
	}
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
		return crm.Errorf(crm.InvalidValue, "the line of column names has more than the maximum of %d bytes; nothing was saved. Send CSV, JSON lines or a JSON array.", crm.MaxRow)
	}
	return crm.Errorf(crm.InvalidValue, "row %d has more than the maximum of %d bytes; nothing was saved. Look for a quote before it that is not closed; otherwise shorten the row.", n, crm.MaxRow)
}
