package rows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// lineRows reads JSON objects, one on each line.
type lineRows struct {
	in *File
	n  int
}

func (*lineRows) Columns() []string { return nil }

func (*lineRows) Format() Format { return LinesFormat }

// Next returns the object of the next line that is not blank.
func (l *lineRows) Next() (Row, error) {
	for {
		line, err := readLine(l.n+1, l.in)
		if err != nil {
			return Row{N: l.n + 1}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		l.n++
		return objectRow(l.n, line), nil
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

// objectRow returns a JSON object as row n. Members that are null or empty are left out: an
// import never clears a field.
func objectRow(n int, text []byte) Row {
	r := Row{N: n, Size: len(text)}
	members, err := norm.ReadObject(text)
	if err != nil {
		r.Fault = crm.Errorf(crm.BadJSON, "%s.", strings.Replace(err.Error(), "the body", "the row", 1))
	}
	for _, m := range members {
		if m.JSON != "null" && m.JSON != `""` {
			r.Cells = append(r.Cells, m)
		}
	}
	return r
}

// arrayRows reads the objects of one JSON array, one after the other: the array may be
// larger than memory.
type arrayRows struct {
	file *File
	in   *json.Decoder
	n    int
}

func newArrayRows(in *File) (Reader, error) {
	a := &arrayRows{file: in, in: json.NewDecoder(in)}
	_, err := a.in.Token()
	return a, err
}

func (*arrayRows) Columns() []string { return nil }

func (*arrayRows) Format() Format { return ArrayFormat }

// Next returns the next object of the array. After a syntax error nothing more can be
// read, unlike in lines.
func (a *arrayRows) Next() (Row, error) {
	a.file.row()
	a.n++
	if !a.in.More() {
		_, err := a.in.Token()
		if err == nil {
			return Row{N: a.n}, io.EOF
		}
		return Row{N: a.n}, a.error(err)
	}
	var raw json.RawMessage
	if err := a.in.Decode(&raw); err != nil {
		return Row{N: a.n}, a.error(err)
	}
	if len(raw) > crm.MaxRow {
		return Row{N: a.n}, longRow(a.n)
	}
	return objectRow(a.n, raw), nil
}

// error returns the error for an array that cannot be read further.
func (a *arrayRows) error(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return crm.Errorf(crm.BadJSON, "the JSON array has no end; %s", TruncatedHint)
	}
	return readError(a.n, err, "not valid JSON: "+norm.OneLine(err.Error())+".")
}
