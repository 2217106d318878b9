package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/store/account"
)

// stream says what a route sends or takes in pieces.
type stream int

const (
	fullAnswer stream = iota // answers and bodies are kept in memory
	exports                  // the answer is records, in any format
	dumps                    // the answer is a workspace, in JSON lines
	imports                  // the body is rows, the answer a line for each
	restoring                // the body is what dumps gave
)

// formats returns what ?format= may say on the route.
func (r *route) formats() []string {
	switch r.Stream {
	case exports:
		return []string{"json", "text", "ndjson", "csv"}
	case dumps:
		return []string{"json", "ndjson"}
	case imports, restoring:
		return []string{"json", "text", "ndjson"}
	}
	return []string{"json", "text"}
}

// send writes a stream behind the headers. The error says that the answer is not
// whole; its last line says so to the client, where the format has such a line.
func (s *Server) send(rq *request, st *render.Stream) (size int, err error) {
	out := &sender{w: rq.w, control: http.NewResponseController(rq.w)}
	put := s.withDisconnect(rq, out.put)
	err = s.guard(func() error { return st.Each(put) })
	if err == nil { // the end, too, may be that of a workspace which is no more
		err = s.recheckAccess(rq)
	}
	if err != nil && !errors.Is(err, errClientGone) {
		_ = out.put(streamError(st, s.errorDoc(rq, err).Error))
	}
	return out.size, err
}

// withDisconnect returns a put that looks, before each piece, whether the actor still may do
// what the route does: no piece leaves that was read after a token was revoked, a
// member removed or a workspace deleted.
func (s *Server) withDisconnect(rq *request, put func([]byte) error) func([]byte) error {
	return func(piece []byte) error {
		if err := s.recheckAccess(rq); err != nil {
			return err
		}
		return put(piece)
	}
}

// recheckAccess looks again, in the database, at what let the request in.
func (s *Server) recheckAccess(rq *request) error {
	if rq.route.Access == public {
		return nil
	}
	role, err := account.CurrentRole(rq.Context(), s.store, rq.actor)
	if err != nil {
		return err
	}
	return rq.permitted(role)
}

// streamError is the line that ends a broken answer. CSV has no place for one.
func streamError(st *render.Stream, fault *crm.Error) []byte {
	switch {
	case st.Type == csvMedia+"; charset=utf-8":
		return nil
	case st.Type == rowsMedia:
		return (&render.Response{Error: fault}).Append(nil, render.JSON)
	}
	return []byte("# error: " + string(fault.Code) + ": " + norm.OneLine(fault.Hint) + "\n")
}

// chunkTimeout is how long a client may take to accept a piece of a stream, or to
// send one.
const chunkTimeout = 60 * time.Second

// errClientGone ends a stream whose client no longer takes it.
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
	_ = o.control.SetWriteDeadline(time.Now().Add(chunkTimeout)) // what has no deadlines needs none
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

// errStop ends a stream that has filled what a tool may show.
var errStop = errors.New("the answer is longer than a tool may show")

// readAll makes a stream whole for a tool, up to what one may show. Work that must not end
// early goes on: its answer is shown without its middle.
func (s *Server) readAll(rq *request, st *render.Stream) ([]byte, error) {
	b := gathered{finish: st.Finish}
	err := st.Each(s.withDisconnect(rq, b.put))
	if errors.Is(err, errStop) {
		err = nil
	}
	if err == nil {
		err = s.recheckAccess(rq)
	}
	return b.bytes(st.Type == rowsMedia), err
}

// gathered is what a tool shows of an answer: its beginning, and behind that of work that
// goes on the last piece, which says what came of it.
type gathered struct {
	finish bool
	head   bytes.Buffer
	last   []byte
	lines  int // that are not shown
}

// maxHead leaves room for the last piece.
const maxHead = maxToolText - 16<<10

func (g *gathered) put(piece []byte) error {
	switch {
	case !g.finish && g.head.Len() > maxToolText:
		return errStop
	case !g.finish || g.last == nil && g.head.Len()+len(piece) <= maxHead:
		g.head.Write(piece)
	case len(piece) > 0:
		g.lines += bytes.Count(g.last, []byte("\n"))
		g.last = bytes.Clone(piece)
	}
	return nil
}

func (g *gathered) bytes(json bool) []byte {
	if g.lines > 0 {
		remark := fmt.Sprintf("%d lines are left out here: the answer is longer than a tool may show. All rows were done", g.lines)
		doc := render.Response{Remarks: []string{remark}}
		if json {
			g.head.WriteString(`{"remarks":["` + remark + `"]}` + "\n")
		} else {
			g.head.Write(doc.Append(nil, render.Text))
		}
	}
	return append(g.head.Bytes(), g.last...)
}

// panicked is the error for a value that was recovered.
func panicked(v any) error { return fmt.Errorf("panic: %v\n%s", v, debug.Stack()) }

// guard turns a panic of a stream into its error.
func (s *Server) guard(run func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	return run()
}
