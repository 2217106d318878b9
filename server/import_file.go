package server

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/store"
)

// The limits on imports at once. A file on its way takes room on the disk alone; one that is
// looked at and saved holds memory, and takes turns with all who write, so few are. Who has
// several workspaces has one share.
const (
	maxUploads      = 64 // of which some wait until they are looked at
	importShare     = 2
	maxImports      = 8
	maxImportWait   = 2 * time.Minute
	importsOfYours  = "two imports of yours run already, in whichever of your workspaces. Wait for one to end, then send the file again; nothing of it was read."
	importsOfTheirs = "two imports of this workspace run already. Wait for one to end, then send the file again; nothing of it was read."
	importsOfOthers = "the server runs as many imports as it may at once. Wait as Retry-After says, then send the file again; nothing of it was read."
)

// importIntakes count imports by user and by workspace.
type importIntakes struct{ users, workspaces *edge.Admission }

func newImportIntakes() importIntakes {
	hold := func(hint string) *edge.Admission {
		return edge.NewAdmission(edge.AdmissionOptions{Limit: maxUploads, Share: importShare, ShareHint: hint, FullHint: importsOfOthers})
	}
	return importIntakes{users: hold(importsOfYours), workspaces: hold(importsOfTheirs)}
}

// hold takes a place for an import until the request ends.
func (in importIntakes) hold(rq *request) *crm.Error {
	if fault := rq.hold(in.workspaces, rq.actor.WorkspaceID, 1); fault != nil {
		return fault
	}
	return rq.hold(in.users, rq.actor.UserID, 1)
}

// importTurn waits until few enough files are looked at and saved, and takes a place among
// them until the request ends.
func (s *Server) importTurn(rq *request) error {
	limit := time.NewTimer(maxImportWait)
	defer limit.Stop()
	select {
	case s.importing <- struct{}{}:
		rq.ends = append(rq.ends, func() { <-s.importing })
		return nil
	case <-rq.Context().Done():
		return rq.Context().Err()
	case <-limit.C:
		err := crm.Errorf(crm.NotReady, "%s", "the server runs as many imports as it may at once, and the file waited two minutes; nothing of it was saved. Send it again later.")
		err.RetryAfter = time.Minute
		return err
	}
}

// spooled takes the body in, whole, before anything of it is looked at: what is too
// large, or ends too soon, changes nothing. The caller closes the file.
func (s *Server) spooled(rq *request) (*keptFile, error) {
	body, fault := s.fileOf(rq)
	if fault != nil {
		return nil, fault
	}
	spool, err := s.store.Spool()
	if err != nil {
		return nil, err
	}
	hash, room := sha256.New(), newSpoolWriter(rq, s.store, spool)
	if _, err = io.Copy(io.MultiWriter(room, hash), body); err != nil {
		return nil, errors.Join(s.notTaken(rq, err), spool.Close())
	}
	return &keptFile{Spool: spool, room: room, digest: [sha256.Size]byte(hash.Sum(nil))}, nil
}

// digested reads the body and returns its digest, zero where there is none.
func (s *Server) digested(rq *request) (digest [sha256.Size]byte, _ *crm.Error) {
	body, fault := s.fileOf(rq)
	if fault != nil {
		return digest, fault
	}
	hash := sha256.New()
	n, err := io.Copy(hash, body)
	if err != nil {
		return digest, s.notTaken(rq, err)
	}
	if n > 0 {
		digest = [sha256.Size]byte(hash.Sum(nil))
	}
	return digest, nil
}

// fileOf returns the body of a request, up to what the server takes.
func (s *Server) fileOf(rq *request) (io.Reader, *crm.Error) {
	if fault := rq.checkNotEncoded(); fault != nil {
		return nil, fault
	}
	body := rq.Body
	if most := s.opts.ImportMax; most > 0 {
		if rq.ContentLength > most {
			return nil, fileTooLarge(most)
		}
		body = http.MaxBytesReader(rq.w, body, most)
	}
	return newPatient(body, rq.w), nil
}

// notTaken is the error for a body that was not read to its end, or could not be kept.
func (s *Server) notTaken(rq *request, err error) *crm.Error {
	var large *http.MaxBytesError
	var known *crm.Error
	switch {
	case errors.As(err, &large):
		return fileTooLarge(large.Limit)
	case errors.As(err, &known) && known.Code == crm.PlanLimitReached:
		return known
	case errors.As(err, &known):
		s.opts.Log.Error("a file to import could not be kept", "request_id", rq.id, "error", err)
		return known
	}
	return crm.Errorf(crm.BadJSON, errTruncated)
}

func fileTooLarge(most int64) *crm.Error {
	return crm.Errorf(crm.BodyTooLarge, "the file is over %d bytes, the most that this server takes (--import-max); nothing of it was saved. Send it in parts, each with the line of column names.", most)
}

// rowFile is a file that is read row by row. What is longer than a row may be is not
// read to its end.
type rowFile struct {
	*bufio.Reader
	below *limitedReader
}

func newRowFile(r io.Reader) *rowFile {
	below := &limitedReader{Reader: r}
	f := &rowFile{bufio.NewReaderSize(below, sniffSize), below}
	f.row()
	return f
}

// row begins a row: from here on as much is read as one may have, and what a buffer
// takes in beyond it.
func (f *rowFile) row() { f.below.left = crm.MaxRow + sniffSize }

// errLongRow ends the reading of a row that is too long.
var errLongRow = errors.New("the row is too long")

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

// openText begins to read a file and checks that it is text.
func openText(r io.Reader) (*rowFile, *crm.Error) {
	f := newRowFile(r)
	head, _ := f.Peek(sniffSize)
	if fault := checkText(head); fault != nil {
		return nil, fault
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = f.Discard(3)
	}
	return f, nil
}

// keptFile is a file that was taken in, with what was decided about it.
type keptFile struct {
	*store.Spool
	room    *spoolWriter
	digest  [sha256.Size]byte
	source  string
	own     bool
	columns *columns
	counts  [4]int64 // what a dry run of it came to
}

// run takes the file in, looks at all of it, and then saves it. A file that a dry run
// has looked at is saved as it was understood then.
func (im *importer) run() (*render.Response, error) {
	rq := im.rq
	if fault := im.s.imports.hold(rq); fault != nil {
		return nil, fault
	}
	rq.ends = append(rq.ends, func() {
		if im.file != nil {
			_ = im.file.Close() // what it held is no longer wanted
		}
	})
	var err error
	if rq.params.Has("confirm") {
		err = im.confirmed()
	} else {
		im.file, err = im.s.spooled(rq)
	}
	if err == nil {
		err = im.s.importTurn(rq)
	}
	if err == nil && im.before == nil {
		err = im.examine()
	}
	if err != nil {
		return nil, err
	}
	if im.rows, err = im.begin(); err != nil {
		return nil, err
	}
	return im.answer()
}

// begin reads the file from its beginning.
func (im *importer) begin() (rowReader, error) {
	in, fault := openText(im.file.Reader())
	if fault != nil {
		return nil, fault
	}
	return im.open(in)
}

// examine looks at the whole file and notes what it decides.
func (im *importer) examine() (err error) {
	if im.rows, err = im.begin(); err == nil {
		err = im.survey()
	}
	im.file.source, im.file.own, im.file.columns = im.source, im.isOwnExport, im.columns
	return err
}

// confirmed takes up the file of a dry run. A body is not needed; one that is sent must
// be the file.
func (im *importer) confirmed() error {
	body, fault := im.s.digested(im.rq)
	if fault != nil {
		return fault
	}
	file, fault := im.s.kept.take(im.rq.params.Get("confirm"), confirmedActionOf(im.rq, body))
	if fault != nil {
		return fault
	}
	im.file, im.before = file, &file.counts
	im.source, im.isOwnExport, im.columns = file.source, file.own, file.columns
	file.room.begin(im.rq)
	return nil
}

// keepFile keeps the file of a dry run for its confirmation, as storage of the workspace,
// and returns the token; empty where it cannot be kept.
func (im *importer) keepFile() (string, error) {
	im.file.counts = im.summary.counts
	var full *crm.Error
	if err := im.file.room.await(); errors.As(err, &full) && full.Code == crm.PlanLimitReached {
		return "", nil
	} else if err != nil {
		return "", err
	}
	token, err := im.s.kept.keep(confirmedActionOf(im.rq, im.file.digest), im.file.Size(), im.file)
	if token != "" {
		im.file = nil
	}
	return token, err
}
