package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"crmkit/crm"
	"crmkit/render"
)

// MaxToolText is the most bytes of an answer that go into the context of a model.
const MaxToolText = 200_000

// Reply is the answer to a request that a tool made.
type Reply struct {
	Status int
	Text   string
	Fitted bool       // it is within the budget of a GET
	Denied *crm.Error // the token is no longer valid: the answer to the tool's own request must be this error
}

// Call answers a request that a tool makes as the actor of outer. The answer is the same as
// to the same request over HTTP, except that errors and hints are worded for tools, and that a GET without
// budget= has this one, in tokens.
func (a *Adapter) Call(outer *Request, r *http.Request, budget int) Reply {
	started := time.Now()
	r.Host, r.TLS = outer.Host, outer.TLS
	key := callKey(outer.Context(), r)
	rq := &Request{Request: r.WithContext(outer.Context()), Writer: discardWriter{http.Header{}}, ID: uuid.NewString(),
		Addr: outer.Addr, ByTool: true, Budget: budget, Actor: outer.Actor, adapter: a, messageKey: key}
	defer rq.End()
	doc, body := a.run(rq)
	reply := Reply{Status: statusOf(doc), Text: string(body), Fitted: rq.Route != nil && rq.Budget > 0 && rq.mayHaveBudget()}
	a.observe(rq, reply.Status, len(body), time.Since(started))
	if doc.Error != nil && slices.Contains([]crm.Code{crm.AuthRequired, crm.InvalidToken, crm.TokenExpired}, doc.Error.Code) {
		reply.Denied, reply.Text = doc.Error, ""
	}
	return reply
}

// discardWriter is the ResponseWriter of a request whose answer is returned.
type discardWriter struct{ header http.Header }

func (d discardWriter) Header() http.Header         { return d.header }
func (d discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (d discardWriter) WriteHeader(int)             {}

// errToolTextFull ends a stream when the text of the tool is full.
var errToolTextFull = errors.New("the answer is longer than a tool may show")

// readAll reads a stream for a tool, up to MaxToolText. An export ends there. An import goes on,
// since it would otherwise save a part of a file; the middle of its answer is left out.
func (a *Adapter) readAll(rq *Request, st *render.Stream) ([]byte, error) {
	b := toolText{finish: st.Finish}
	err := st.Each(a.recheckEach(rq, b.put))
	if errors.Is(err, errToolTextFull) {
		err = nil
	}
	if err == nil {
		err = a.recheckAccess(rq)
	}
	return b.bytes(st.Type), err
}

// toolText is the text of a stream for a tool: its beginning, and for a stream that must be read
// to its end also the last piece, which has the counts.
type toolText struct {
	finish  bool // the stream must be read to its end
	head    bytes.Buffer
	last    []byte // the last piece after head was full
	skipped int    // lines between head and last
}

// maxHead leaves room for the last piece.
const maxHead = MaxToolText - 16<<10

// put takes a piece of the stream, as render.Stream.Each calls it.
func (t *toolText) put(piece []byte) error {
	switch {
	case !t.finish && t.head.Len() > MaxToolText:
		return errToolTextFull
	case !t.finish || t.last == nil && t.head.Len()+len(piece) <= maxHead:
		t.head.Write(piece)
	case len(piece) > 0:
		t.skipped += bytes.Count(t.last, []byte("\n"))
		t.last = bytes.Clone(piece)
	}
	return nil
}

// bytes returns the text, of a stream of this type.
func (t *toolText) bytes(kind string) []byte {
	if t.skipped > 0 {
		remark := fmt.Sprintf("%d lines are left out here, because the answer is too long for a tool. All rows were processed", t.skipped)
		doc := render.Response{Remarks: []string{remark}}
		if kind == RowsMedia {
			t.head.WriteString(`{"remarks":["` + remark + `"]}` + "\n")
		} else {
			t.head.Write(doc.Append(nil, render.Text))
		}
	}
	return append(t.head.Bytes(), t.last...)
}
