package transfer

import (
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"

	"crmkit/crm"
	"crmkit/server/edge"
	"crmkit/server/importer"
	"crmkit/server/importer/rows"
	"crmkit/server/web"
	"crmkit/store/spool"
)

// The limits on imports at the same time. An upload needs room on the disk only, so more of them
// arrive than are read, see turns. A user has one share for all workspaces.
const (
	maxUploads      = 64 // of which some wait for their turn to be read
	importShare     = 2
	importsOfYours  = "two of your imports are running already, counted over all your workspaces. Wait for one to end, then send the file again; nothing of it was read."
	importsOfTheirs = "two imports of this workspace are running already. Wait for one to end, then send the file again; nothing of it was read."
	importsOfOthers = "the server is busy with other imports. Wait for the time in Retry-After, then send the file again; nothing of it was read."
)

// uploads counts imports by user and by workspace.
type uploads struct{ users, workspaces *edge.Admission }

func newUploads() uploads {
	hold := func(hint string) *edge.Admission {
		return edge.NewAdmission(edge.AdmissionOptions{Limit: maxUploads, Share: importShare, ShareHint: hint, FullHint: importsOfOthers})
	}
	return uploads{users: hold(importsOfYours), workspaces: hold(importsOfTheirs)}
}

// hold takes a place for an import until the request ends.
func (in uploads) hold(rq *web.Request) *crm.Error {
	if fault := rq.Hold(in.workspaces, rq.Actor.WorkspaceID, 1); fault != nil {
		return fault
	}
	return rq.Hold(in.users, rq.Actor.UserID, 1)
}

// importedFile is an uploaded file, with the results of reading it.
type importedFile struct {
	*spool.File
	storage *storedUpload
	digest  [sha256.Size]byte
	reading importer.Reading
}

// spoolBody writes the whole body to a file before any row is read: a body that is too large,
// or ends too soon, changes nothing. The caller closes the file.
func (x *Endpoints) spoolBody(rq *web.Request) (*importedFile, error) {
	body, fault := x.fileBody(rq)
	if fault != nil {
		return nil, fault
	}
	spool, err := x.store.Spool()
	if err != nil {
		return nil, err
	}
	hash, storage := sha256.New(), &storedUpload{rq: rq, store: x.store, spool: spool}
	if _, err = io.Copy(io.MultiWriter(storage, hash), body); err != nil {
		return nil, errors.Join(x.uploadError(rq, err), spool.Close())
	}
	return &importedFile{File: spool, storage: storage, digest: [sha256.Size]byte(hash.Sum(nil))}, nil
}

// fileBody returns the body of a request, up to the size that the server accepts.
func (x *Endpoints) fileBody(rq *web.Request) (io.Reader, *crm.Error) {
	if fault := rq.CheckNotEncoded(); fault != nil {
		return nil, fault
	}
	body := rq.Body
	if most := x.opts.ImportMax; most > 0 {
		if rq.ContentLength > most {
			return nil, fileTooLarge(most)
		}
		body = http.MaxBytesReader(rq.Writer, body, most)
	}
	return newDeadlineReader(body, rq.Writer), nil
}

// uploadError is the error for a body that was not read to its end, or not stored. A fault of
// the disk is logged here, since the client sees only that the server failed.
func (x *Endpoints) uploadError(rq *web.Request, err error) *crm.Error {
	var large *http.MaxBytesError
	var known *crm.Error
	switch {
	case errors.As(err, &large):
		return fileTooLarge(large.Limit)
	case errors.As(err, &known) && known.Code == crm.PlanLimitReached:
		return known
	case errors.As(err, &known):
		x.opts.Log.Error("a file to import could not be kept", "request_id", rq.ID, "error", err)
		return known
	}
	return crm.Errorf(crm.BadJSON, rows.TruncatedHint)
}

// fileTooLarge is the error for a file over --import-max.
func fileTooLarge(most int64) *crm.Error {
	return crm.Errorf(crm.BodyTooLarge, "the file is over %d bytes, the maximum of this server (--import-max); nothing of it was saved. Send it in parts, each with the line of column names.", most)
}

// deadlineReader reads a body for as long as it arrives at minUploadRate or faster.
type deadlineReader struct {
	io.Reader
	w     http.ResponseWriter
	until time.Time // when the bytes that have arrived so far are used up at minUploadRate
}

// minUploadRate is how many bytes of a file must arrive in a second; a pause may be as
// long as web.ChunkTimeout. Otherwise a client that sends nothing could hold its place.
const minUploadRate = 1 << 10

func newDeadlineReader(r io.Reader, w http.ResponseWriter) *deadlineReader {
	return &deadlineReader{Reader: r, w: w, until: time.Now().Add(web.ChunkTimeout)}
}

func (p *deadlineReader) Read(b []byte) (int, error) {
	until := time.Now().Add(web.ChunkTimeout)
	if p.until.Before(until) {
		until = p.until
	}
	_ = http.NewResponseController(p.w).SetReadDeadline(until) // writers of tests and tools have no deadlines
	n, err := p.Reader.Read(b)
	p.until = p.until.Add(time.Duration(n) * time.Second / minUploadRate)
	if most := time.Now().Add(2 * web.ChunkTimeout); p.until.After(most) {
		p.until = most
	}
	if err == io.EOF {
		edge.EndRead(p.w)
	}
	return n, err
}
