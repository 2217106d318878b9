package server

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/edge"
)

// row is one row of an import as it was read: the value of each column, as JSON.
type row struct {
	n     int // 1 for the first
	cells []crm.Member
	fault *crm.Error // why it cannot be read; the rows behind it can
	size  int        // bytes
}

// rowReader reads rows until io.EOF. Any other error, a *crm.Error where the file is
// at fault, is one behind which nothing can be read.
type rowReader interface {
	next() (row, error)
}

// sniffSize is how much of a file is looked at to see what it is.
const sniffSize = 64 << 10

// deadlineReader reads a body that may take long, as long as it comes at leastRate or faster.
type deadlineReader struct {
	io.Reader
	w     http.ResponseWriter
	until time.Time // by when more must have come
}

// leastRate is how many bytes of a file a second must come; a pause may be as long as
// chunkTimeout. A client that sends fewer holds a place for nothing.
const leastRate = 1 << 10

func newPatient(r io.Reader, w http.ResponseWriter) *deadlineReader {
	return &deadlineReader{Reader: r, w: w, until: time.Now().Add(chunkTimeout)}
}

func (p *deadlineReader) Read(b []byte) (int, error) {
	until := time.Now().Add(chunkTimeout)
	if p.until.Before(until) {
		until = p.until
	}
	_ = http.NewResponseController(p.w).SetReadDeadline(until) // what has no deadlines needs none
	n, err := p.Reader.Read(b)
	p.until = p.until.Add(time.Duration(n) * time.Second / leastRate)
	if most := time.Now().Add(2 * chunkTimeout); p.until.After(most) {
		p.until = most
	}
	if err == io.EOF {
		edge.EndRead(p.w)
	}
	return n, err
}

// checkText refuses the beginning of a file that is not UTF-8 text.
func checkText(head []byte) *crm.Error {
	cut := len(head)
	for i := 0; i < utf8.UTFMax && cut > 0 && len(head) == sniffSize && !utf8.Valid(head[:cut]); i++ {
		cut-- // a character may go on behind what was looked at
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return crm.Errorf(crm.BadJSON, "the body is empty; send CSV with a line of column names, JSON lines, or a JSON array.")
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.IndexByte(head, 0) >= 0:
		return crm.Errorf(crm.UnsupportedMedia, "the file is UTF-16 or no text; save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE.")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return crm.Errorf(crm.UnsupportedMedia, "the file is a spreadsheet or an archive; save it as CSV (UTF-8).")
	case !utf8.Valid(head[:cut]):
		return notUTF8("")
	}
	return nil
}

func notUTF8(where string) *crm.Error {
	return crm.Errorf(crm.UnsupportedMedia, "the file is not UTF-8%s; it may be Latin-1 or Windows-1252: convert it with iconv -f WINDOWS-1252 -t UTF-8 FILE, or save it as CSV UTF-8.", where)
}

// readFault is the error for what reading a file gave, at the row.
func readFault(n int, err error, what string) error {
	var known *crm.Error
	switch {
	case errors.Is(err, errLongRow):
		return longRow(n)
	case errors.As(err, &known) || err == io.EOF:
		return err
	}
	return crm.Errorf(crm.BadJSON, "%s", what)
}

func longRow(n int) *crm.Error {
	if n == 0 {
		return crm.Errorf(crm.InvalidValue, "the line of column names has more than %d bytes, the most that are taken; nothing was saved. Send CSV, JSON lines or a JSON array.", crm.MaxRow)
	}
	return crm.Errorf(crm.InvalidValue, "row %d has more than %d bytes, the most of a row and of a cell; nothing was saved. Shorten it, and look for a quote that is not closed.", n, crm.MaxRow)
}

const errTruncated = "the body ended before it was complete; nothing of it was saved. Send it again."

// csvRows reads CSV (RFC 4180): quotes, newlines in them, and comma, semicolon or
// tab between the cells.
type csvRows struct {
	file   *rowFile
	in     *csv.Reader
	header []string
	n      int
}

func newCSVRows(in *rowFile) (*csvRows, error) {
	r := csv.NewReader(in.Reader)
	r.Comma = separator(in.Reader)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	header, err := r.Read()
	if err != nil {
		return nil, csvFault(0, err)
	}
	if r.InputOffset() > crm.MaxRow {
		return nil, longRow(0)
	}
	if len(header) > crm.MaxColumns {
		return nil, crm.Errorf(crm.InvalidValue, "the file has %d columns; at most %d are taken. Leave out those that nobody reads.", len(header), crm.MaxColumns)
	}
	c := &csvRows{file: in, in: r}
	seen := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if strings.ContainsRune(name, '\r') {
			return nil, crm.Errorf(crm.InvalidValue, "the lines end with carriage returns alone; save the file with line feeds.")
		}
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s %d", name, seen[name])
		}
		c.header = append(c.header, name)
	}
	return c, nil
}

// separator returns what stands between the cells, as a line like sep=; or the most
// frequent candidate in the first line says. It skips a line that is only about that.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(sniffSize)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if text := strings.TrimSuffix(string(line), "\r"); len(text) == 5 && strings.EqualFold(text[:4], "sep=") && strings.ContainsAny(text[4:], ",;\t") {
		_, _ = in.Discard(len(line) + 1)
		return rune(text[4])
	}
	best, most, quoted := ',', 0, false
	counts := map[rune]int{}
	for _, c := range string(line) {
		quoted = quoted != (c == '"')
		if quoted || !strings.ContainsRune(",;\t", c) {
			continue
		}
		if counts[c]++; counts[c] > most {
			best, most = c, counts[c]
		}
	}
	return best
}

func csvFault(n int, err error) error {
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return crm.Errorf(crm.InvalidValue, "line %d cannot be read as CSV: %s; a quote inside a quoted cell is written twice.", wrong.Line, norm.OneLine(wrong.Err.Error()))
	}
	return readFault(n, err, errTruncated)
}

func (c *csvRows) next() (row, error) {
	c.file.row()
	before := c.in.InputOffset()
	record, err := c.in.Read()
	c.n++
	r := row{n: c.n}
	if errors.Is(err, csv.ErrBareQuote) {
		r.fault = csvFault(c.n, err).(*crm.Error) // the next line begins anew
		return r, nil
	}
	if err != nil {
		return r, csvFault(c.n, err)
	}
	if r.size = int(c.in.InputOffset() - before); r.size > crm.MaxRow {
		return r, longRow(c.n)
	}
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			line, _ := c.in.FieldPos(i)
			return r, notUTF8(fmt.Sprintf(" in line %d", line))
		}
		if cell = render.ReadCell(strings.TrimSpace(cell)); cell == "" {
			continue
		}
		if i >= len(c.header) {
			r.fault = crm.Errorf(crm.InvalidValue, "the row has %d cells, the line of column names %d; quote cells that hold the separator.", len(record), len(c.header))
			return r, nil
		}
		r.cells = append(r.cells, crm.Member{Name: c.header[i], JSON: string(norm.AppendQuoted(nil, cell))})
	}
	return r, nil
}

// lineRows reads JSON objects, one a line.
type lineRows struct {
	in *rowFile
	n  int
}

func (l *lineRows) next() (row, error) {
	for {
		line, err := readLine(l.n+1, l.in)
		if err != nil {
			return row{n: l.n + 1}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		l.n++
		return objectRow(l.n, line), nil
	}
}

// readLine reads up to the end of a line, which has at most as many bytes as a row.
func readLine(n int, in *rowFile) ([]byte, error) {
	in.row()
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > crm.MaxRow:
			return nil, longRow(n)
		case err == nil || err == io.EOF && len(line) > 0:
			return line, nil
		case err != bufio.ErrBufferFull:
			return nil, readFault(n, err, errTruncated)
		}
	}
}

func objectRow(n int, text []byte) row {
	r := row{n: n, size: len(text)}
	members, err := norm.ReadObject(text)
	if err != nil {
		r.fault = crm.Errorf(crm.BadJSON, "%s.", strings.Replace(err.Error(), "the body", "the row", 1))
	}
	for _, m := range members {
		if m.JSON != "null" && m.JSON != `""` {
			r.cells = append(r.cells, m)
		}
	}
	return r
}

// arrayRows reads the objects of one JSON array.
type arrayRows struct {
	file *rowFile
	in   *json.Decoder
	n    int
}

func newArrayRows(in *rowFile) (*arrayRows, error) {
	a := &arrayRows{file: in, in: json.NewDecoder(in)}
	_, err := a.in.Token()
	return a, err
}

func (a *arrayRows) next() (row, error) {
	a.file.row()
	a.n++
	if !a.in.More() {
		_, err := a.in.Token()
		if err == nil {
			return row{n: a.n}, io.EOF
		}
		return row{n: a.n}, a.fault(err)
	}
	var raw json.RawMessage
	if err := a.in.Decode(&raw); err != nil {
		return row{n: a.n}, a.fault(err)
	}
	if len(raw) > crm.MaxRow {
		return row{n: a.n}, longRow(a.n)
	}
	return objectRow(a.n, raw), nil
}

func (a *arrayRows) fault(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return crm.Errorf(crm.BadJSON, "the JSON array has no end; %s", errTruncated)
	}
	return readFault(a.n, err, "not valid JSON: "+norm.OneLine(err.Error())+".")
}
