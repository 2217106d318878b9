package web

import (
	"errors"
	"net/http"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/store/account"
)

// Stream says what a route sends or receives in pieces.
type Stream int

const (
	NoStream  Stream = iota // answers and bodies are in memory
	Exporting               // the answer is records, in any format
	Dumping                 // the answer is a workspace, in JSON lines
	Importing               // the body is rows, the answer a line for each
	Restoring               // the body is the answer of a Dumping route
)

// send sends a stream after the headers. The error says that the answer is not complete; its
// last line says so to the client, if the format has a line for it.
func (a *Adapter) send(rq *Request, st *render.Stream) (size int, err error) {
	out := &sender{w: rq.Writer, control: http.NewResponseController(rq.Writer)}
	put := a.recheckEach(rq, out.put)
	err = Recover(func() error { return st.Each(put) })
	if err == nil { // the workspace may be deleted when the last piece is sent
		err = a.recheckAccess(rq)
	}
	if err != nil && !errors.Is(err, errClientGone) {
		_ = out.put(streamError(st, a.errorDoc(rq, err).Error))
	}
	return out.size, err
}

// recheckEach returns a put that checks, before each piece, whether the actor still may call
// the route: no piece leaves that was read after a token was revoked, a member removed or
// a workspace deleted. An export may take hours.
func (a *Adapter) recheckEach(rq *Request, put func([]byte) error) func([]byte) error {
	return func(piece []byte) error {
		if err := a.recheckAccess(rq); err != nil {
			return err
		}
		return put(piece)
	}
}

// Recheck checks whether the actor still may call the route, for a request that has waited.
func (rq *Request) Recheck() error { return rq.adapter.recheckAccess(rq) }

// recheckAccess checks the token and the role of the actor again, in the database.
func (a *Adapter) recheckAccess(rq *Request) error {
	if rq.Route.Access == Public {
		return nil
	}
	role, err := account.CurrentRole(rq.Context(), a.store, rq.Actor)
	if err != nil {
		return err
	}
	return rq.permitted(role)
}

// streamError returns the line that ends a broken answer. CSV has no place for one.
func streamError(st *render.Stream, err *crm.Error) []byte {
	switch {
	case st.Type == CSVMedia+"; charset=utf-8":
		return nil
	case st.Type == EventsMedia:
		return append((&render.Response{Error: err}).Append([]byte("event: error\ndata: "), render.JSON), '\n')
	case st.Type == RowsMedia:
		return (&render.Response{Error: err}).Append(nil, render.JSON)
	}
	return []byte("# error: " + string(err.Code) + ": " + norm.OneLine(err.Hint) + "\n")
}

// ChunkTimeout is how long a client may take to accept a piece of a stream, or to send one.
const ChunkTimeout = 60 * time.Second

// errClientGone ends a stream whose client no longer reads it.
var errClientGone = errors.New("the client takes no more of the answer")

// sender writes pieces to the client as they come.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
	size    int
}

func (o *sender) put(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	_ = o.control.SetWriteDeadline(time.Now().Add(ChunkTimeout)) // a writer without deadlines needs none
	n, err := o.w.Write(piece)
	o.size += n
	if err == nil {
		err = o.control.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errClientGone
	}
	return nil
}
