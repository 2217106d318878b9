package rows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// lineRows reads JSON objects, one on each line.
type lineRows struct {
	in    *File
	n     int
	lines int // so far
}

func (*lineRows) Columns() []string { return nil }

func (*lineRows) Format() Format { return LinesFormat }

func (*lineRows) Remarks() []string { return nil }

// Next returns the object of the next line that is not blank.
func (l *lineRows) Next() (Row, error) {
	for {
		line, err := readLine(l.n+1, l.in)
		if err != nil {
			return Row{N: l.n + 1}, err
		}
		l.lines++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		l.n++
		r := objectRow(l.n, line)
		r.Line = unless(l.n, l.lines)
		return r, nil
	}
}

// readLine reads row n, a line, which has at most as many bytes as a row may.
func readLine(n int, in *File) ([]byte, error) {
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
			return nil, readError(n, err, TruncatedHint)
		}
	}
}

// objectRow returns a JSON object as row n. Members that are empty or blank texts are left out, like
// the empty cells of CSV.
func objectRow(n int, text []byte) Row {
	r := Row{N: n, Size: len(text)}
	members, err := norm.ReadObject(text)
	if err != nil {
		r.Fault = crm.Errorf(crm.BadJSON, "%s.", strings.Replace(err.Error(), "the body", "the row", 1))
	}
	for _, m := range members {
		switch {
		case m.JSON == "null":
			r.Nulls = append(r.Nulls, m.Name)
		case !isBlank(m.JSON):
			r.Cells = append(r.Cells, m)
		}
	}
	return r
}

// isBlank reports whether a value is a text of nothing but blanks.
func isBlank(json string) bool {
	if !strings.HasPrefix(json, `"`) || len(json) > 2 && json[1] > ' ' && json[1] != '\\' && json[1] < utf8.RuneSelf {
		return false // as most values show by their first character
	}
	text, isText := norm.Unquote(json)
	return isText && strings.TrimSpace(text) == ""
}

// isSpread reports whether text begins with an object over several lines, as programs print JSON
// for people. A line that is not a whole object, in a file with one on each line, is not the
// beginning of one: then the next line does not go on with it.
func isSpread(text []byte) bool {
	end := bytes.IndexByte(text, '\n')
	if end < 0 || len(bytes.TrimSpace(text[end:])) == 0 {
		return false
	}
	var first json.RawMessage
	in := json.NewDecoder(bytes.NewReader(text))
	switch err := in.Decode(&first); err {
	case nil:
		return in.InputOffset() > int64(end)
	case io.ErrUnexpectedEOF:
		return true
	default:
		return false
	}
}

// valueRows reads JSON objects over any lines: one after the other, or in one array. All of them
// may be larger than memory.
type valueRows struct {
	file   *File
	in     *json.Decoder
	format Format
	n      int
}

func newObjectRows(in *File) Reader {
	return &valueRows{file: in, in: json.NewDecoder(in), format: ObjectsFormat}
}

func newArrayRows(in *File) (Reader, error) {
	v := &valueRows{file: in, in: json.NewDecoder(in), format: ArrayFormat}
	_, err := v.in.Token()
	return v, err
}

func (*valueRows) Columns() []string { return nil }

func (v *valueRows) Format() Format { return v.format }

func (*valueRows) Remarks() []string { return nil }

// Next returns the next object. After a syntax error nothing more can be read, unlike in lines.
func (v *valueRows) Next() (Row, error) {
	v.file.row()
	v.n++
	if v.format == ArrayFormat && !v.in.More() {
		return Row{N: v.n}, v.endArray()
	}
	var raw json.RawMessage
	switch err := v.in.Decode(&raw); {
	case err == io.EOF && v.format == ObjectsFormat:
		return Row{N: v.n}, err
	case err != nil:
		return Row{N: v.n}, v.error(err)
	case len(raw) > crm.MaxRow:
		return Row{N: v.n}, longRow(v.n)
	}
	return objectRow(v.n, raw), nil
}

// endArray reads the end of the array, after which nothing may come. It returns io.EOF then.
func (v *valueRows) endArray() error {
	if _, err := v.in.Token(); err != nil {
		return v.error(err)
	}
	if _, err := v.in.Token(); err != io.EOF {
		return crm.Errorf(crm.BadJSON, "there is more after the end of the JSON array, which has %d rows; send one array, or JSON lines. Nothing was saved.", v.n-1)
	}
	return io.EOF
}

// error returns the error for a file that cannot be read further.
func (v *valueRows) error(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		if v.format == ArrayFormat {
			return crm.Errorf(crm.BadJSON, "the JSON array has no end; %s", TruncatedHint)
		}
		return crm.Errorf(crm.BadJSON, "the JSON object of row %d has no end; %s", v.n, TruncatedHint)
	}
	return readError(v.n, err, fmt.Sprintf("not valid JSON in row %d: %s. Nothing was saved.", v.n, norm.OneLine(err.Error())))
}
