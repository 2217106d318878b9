package transfer

import (
	"context"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/importer"
	"crmkit/server/web"
)

// A file that is read and saved takes memory, and time of the writer that all users share. So a few
// imports work at a time, and somewhat more are open: those that wait for their client to read the
// answer give their place to others meanwhile. A client that reads much slower than the server works,
// while others wait, loses its place for good.
const (
	maxImports     = 8  // that work at the same time
	maxOpenImports = 24 // that have begun
	maxImportWait  = 2 * time.Minute

	slowAfter = 20 * time.Second // of waiting for a client, in all, after which it may be slow
	slowRatio = 3                // it is, if the import waited so many times as long as it worked
)

// turns are the places of imports.
type turns struct {
	open, working chan struct{}
	waiting       atomic.Int64 // imports that wait to begin
}

func newTurns() *turns {
	return &turns{open: make(chan struct{}, maxOpenImports), working: make(chan struct{}, maxImports)}
}

// turn is the place of one import.
type turn struct {
	all             *turns
	ctx             context.Context
	works           bool // it has a place among those that work
	since           time.Time
	worked, blocked time.Duration
}

// importTurn waits until an import may begin; its place ends with the request. After maxImportWait
// it is not_ready: by then the connection of the client, or a proxy, may be about to give up.
func (x *Endpoints) importTurn(rq *web.Request) (*turn, error) {
	t := &turn{all: x.turns, ctx: rq.Context()}
	x.turns.waiting.Add(1)
	defer x.turns.waiting.Add(-1)
	if err := t.wait(x.turns.open); err != nil {
		return nil, err
	}
	rq.OnEnd(func() { t.rest(); <-x.turns.open })
	return t, t.work()
}

// wait takes a place among those of a channel.
func (t *turn) wait(places chan struct{}) error {
	limit := time.NewTimer(maxImportWait)
	defer limit.Stop()
	select {
	case places <- struct{}{}:
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	case <-limit.C:
		err := crm.Errorf(crm.NotReady, "%s", "the server is busy with other imports, and the file waited two minutes; nothing of it was saved. Send it again later.")
		err.RetryAfter = time.Minute
		return err
	}
}

// work takes a place among those that work.
func (t *turn) work() error {
	if t.works {
		return nil
	}
	if err := t.wait(t.all.working); err != nil {
		return err
	}
	t.works, t.since = true, time.Now()
	return nil
}

// rest gives the place back, until the import works again.
func (t *turn) rest() {
	if t.works {
		t.worked += time.Since(t.since)
		t.works = false
		<-t.all.working
	}
}

// sent sends a piece of the answer, without a place among those that work. Its error ends the import.
func (t *turn) sent(send func([]byte) error, piece []byte) error {
	t.rest()
	began := time.Now()
	err := send(piece)
	if t.blocked += time.Since(began); err == nil && t.isSlow() {
		err = crm.Errorf(crm.NotReady, "the answer was read too slowly while other imports waited; the import ended here. Send the file again, rows that are saved stay as they are.")
	}
	return err
}

// isSlow reports whether others wait for a client that reads much slower than its import works.
func (t *turn) isSlow() bool {
	return t.all.waiting.Load() > 0 && t.blocked > slowAfter && t.blocked > slowRatio*t.worked
}

// answer returns the answer of an import that gives its place to others while its client reads. A
// dry run holds in memory what its rows would change, so it ends before its answer is sent: that
// has a line for each of the rows that fail, and there are few rows.
func (t *turn) answer(opts importer.Options, answer importer.Answer) importer.Answer {
	if opts.DryRun {
		return func(send func([]byte) error) error {
			var whole []byte
			err := answer(func(piece []byte) error {
				whole = append(whole, piece...)
				return nil
			})
			if err != nil {
				return err
			}
			return t.sent(send, whole)
		}
	}
	return func(send func([]byte) error) error {
		return answer(func(piece []byte) error {
			if err := t.sent(send, piece); err != nil {
				return err
			}
			return t.work()
		})
	}
}

// streamed returns the answer of an import, which is sent in pieces.
func streamed(rq *web.Request, answer importer.Answer) *render.Response {
	media := web.TextMedia + "; charset=utf-8"
	if rq.Format == render.JSON {
		media = web.RowsMedia
	}
	return &render.Response{Stream: &render.Stream{Type: media, Finish: true, Each: answer}}
}
