package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// The limits on imports at once, for each holds a file and takes turns with all who
// write.
const (
	maxImports      = 16
	workspacePart   = 2
	importsOfYours  = "two imports of this workspace run already. Wait for one to end, then send the file again; nothing of it was read."
	importsOfOthers = "the server runs as many imports as it may at once. Wait as Retry-After says, then send the file again; nothing of it was read."
)

func newImportIntake() *intake {
	in := newIntake(maxImports, workspacePart)
	in.own, in.full = importsOfYours, importsOfOthers
	return in
}

// spooled takes the body in, whole, before anything of it is looked at: what is too
// large, or ends too soon, changes nothing. The spool is closed when the request ends.
func (s *Server) spooled(rq *request) (*store.Spool, error) {
	if fault := rq.plain(); fault != nil {
		return nil, fault
	}
	body := io.Reader(rq.Body)
	if most := s.opts.ImportMax; most > 0 {
		if rq.ContentLength > most {
			return nil, fileTooLarge(most)
		}
		body = http.MaxBytesReader(rq.w, rq.Body, most)
	}
	spool, err := s.store.Spool()
	if err != nil {
		return nil, err
	}
	rq.ends = append(rq.ends, func() { _ = spool.Close() }) // what it held is no longer wanted
	_, err = io.Copy(spool, patient{body, http.NewResponseController(rq.w)})
	if err == nil {
		return spool, nil
	}
	var large *http.MaxBytesError
	var known *crm.Error
	switch {
	case errors.As(err, &large):
		return nil, fileTooLarge(large.Limit)
	case errors.As(err, &known):
		s.opts.Log.Error("a file to import could not be kept", "request_id", rq.id, "error", err)
		return nil, known
	}
	return nil, crm.Errorf(crm.BadJSON, cutShort)
}

func fileTooLarge(most int64) *crm.Error {
	return crm.Errorf(crm.BodyTooLarge, "the file is over %d bytes, the most that this server takes (--import-max); nothing of it was saved. Send it in parts, each with the line of column names.", most)
}

// rowFile is a file that is read row by row. What is longer than a row may be is not
// read to its end.
type rowFile struct {
	*bufio.Reader
	below *measured
}

func newRowFile(r io.Reader) *rowFile {
	below := &measured{Reader: r}
	f := &rowFile{bufio.NewReaderSize(below, peeked), below}
	f.row()
	return f
}

// row begins a row: from here on as much is read as one may have, and what a buffer
// takes in beyond it.
func (f *rowFile) row() { f.below.left = crm.MaxRow + peeked }

// errLongRow ends the reading of a row that is too long.
var errLongRow = errors.New("the row is too long")

type measured struct {
	io.Reader
	left int
}

func (m *measured) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errLongRow
	}
	n, err := m.Reader.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// openText begins to read a file and checks that it is text.
func openText(r io.Reader) (*rowFile, *crm.Error) {
	f := newRowFile(r)
	head, _ := f.Peek(peeked)
	if fault := checkText(head); fault != nil {
		return nil, fault
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = f.Discard(3)
	}
	return f, nil
}

// run takes the file in, looks at all of it, and then saves it.
func (im *importer) run() (*render.Doc, error) {
	rq := im.rq
	if fault := rq.hold(im.s.imports, rq.actor.WorkspaceID, 1); fault != nil {
		return nil, fault
	}
	spool, err := im.s.spooled(rq)
	if err != nil {
		return nil, err
	}
	open := func() (rowReader, error) {
		in, fault := openText(spool.Reader())
		if fault != nil {
			return nil, fault
		}
		return im.open(in)
	}
	if im.rows, err = open(); err == nil {
		err = im.survey()
	}
	if err != nil {
		return nil, err
	}
	if im.rows, err = open(); err != nil {
		return nil, err
	}
	return im.answer()
}
