package feed

import (
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/changelog"
)

// keepAlive is how often a stream without events sends a comment, so that proxies do not close it.
const keepAlive = 15 * time.Second

// streamBytes bounds the text that a stream has in memory, since its client may take it slowly.
const streamBytes = 64 << 10

// waited answers as soon as there is a change that the question asks for, at the latest after its time.
func (x *Endpoints) waited(rq *web.Request, q *question) (*render.Response, error) {
	if fault := rq.Hold(x.waiting, rq.Actor.UserID, 1); fault != nil {
		return nil, fault
	}
	waiter := x.store.Changes().Wait(rq.Actor.Workspace)
	defer waiter.Stop()
	late := time.NewTimer(q.wait)
	defer late.Stop()
	for {
		part, err := x.readInTurn(rq, q)
		if err != nil {
			return nil, err
		}
		if len(part.Entries) > 0 {
			return q.answer(rq, part), nil
		}
		q.goOn(part)
		ended := false
		select {
		case <-x.next(part, waiter.C):
		case <-late.C:
			ended = true
		case <-x.ended:
			ended = true
		case <-rq.Context().Done():
			return nil, rq.Context().Err()
		}
		if !ended {
			continue
		}
		if err := rq.Recheck(); err != nil {
			return nil, err
		}
		return q.answer(rq, part), nil
	}
}

// readInTurn is read for a reader that waits or has waited: few of them read at once, and the rights of
// each are checked again first.
func (x *Endpoints) readInTurn(rq *web.Request, q *question) (part changelog.Part, err error) {
	leave, err := x.reading.enter(rq.Context(), rq.Actor.UserID)
	if err != nil {
		return part, err
	}
	defer leave()
	if err := rq.Recheck(); err != nil {
		return part, err
	}
	return x.read(rq, q)
}

// next returns what a reader waits for after a part: a change, or nothing if the log goes on already.
func (x *Endpoints) next(part changelog.Part, changed <-chan struct{}) <-chan struct{} {
	if part.More {
		return x.atOnce
	}
	return changed
}

// goOn has the question ask for what follows a part.
func (q *question) goOn(part changelog.Part) {
	q.ask.After, q.ask.Since, q.now = part.Cursor, time.Time{}, false
}

// events answers with a stream of events. The rights of the reader are checked before each is sent, also
// before a comment.
func (x *Endpoints) events(rq *web.Request, q *question) (*render.Response, error) {
	switch {
	case rq.ByTool:
		return nil, crm.Errorf(crm.InvalidValue, "a tool cannot read a stream of events; ask with wait=30 instead.").On("format")
	case q.summary:
		return nil, crm.Errorf(crm.InvalidValue, "summary=1 counts what has happened, so it is no stream of events; leave one of them out.").On("summary")
	}
	if fault := rq.Hold(x.waiting, rq.Actor.UserID, 1); fault != nil {
		return nil, fault
	}
	q.ask.Bytes = streamBytes
	part, err := x.readInTurn(rq, q) // errors of the request come before the stream
	if err != nil {
		return nil, err
	}
	rq.Writer.Header().Set("X-Accel-Buffering", "no") // nginx, and proxies like it, else gather events
	s := &stream{x: x, rq: rq, q: q}
	return &render.Response{Stream: &render.Stream{Type: web.EventsMedia, Each: func(put func([]byte) error) error {
		waiter := x.store.Changes().Wait(rq.Actor.Workspace)
		defer waiter.Stop()
		return s.run(put, part, waiter.C)
	}}}, nil
}

// stream is a stream of events.
type stream struct {
	x  *Endpoints
	rq *web.Request
	q  *question
}

// run sends the events of a first part, then those that follow, until the client is gone or the server
// stops.
func (s *stream) run(put func([]byte) error, part changelog.Part, changed <-chan struct{}) error {
	start := s.q.ask.After
	if start == changelog.FromStart || s.q.now {
		start = part.Cursor
		if len(part.Entries) > 0 {
			start = crm.RecordNumber(part.Entries[0].Record.Key) - 1
		}
	}
	if err := put(s.beginning(start)); err != nil {
		return err
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	part.More = true // something may have been committed before the waiter was there
	for {
		for _, e := range part.Entries {
			if err := put(s.event(e)); err != nil {
				return err
			}
		}
		s.q.goOn(part)
		if again, err := s.sleep(put, s.x.next(part, changed), tick); !again || err != nil {
			return err
		}
		var err error
		if part, err = s.x.readInTurn(s.rq, s.q); err != nil {
			return err
		}
	}
}

// sleep waits until the workspace changes, and sends comments meanwhile. again is false when the stream
// ends.
func (s *stream) sleep(put func([]byte) error, changed <-chan struct{}, tick *time.Ticker) (again bool, err error) {
	for {
		select {
		case <-changed:
			return true, nil
		case <-tick.C:
			if err := put(s.comment()); err != nil {
				return false, err
			}
		case <-s.x.ended:
			return false, nil
		case <-s.rq.Context().Done():
			return false, s.rq.Context().Err()
		}
	}
}

// beginning returns the event that gives the client the place at which the stream begins.
func (s *stream) beginning(number int64) []byte {
	cursor := changelog.Cursor(s.rq.Actor.Workspace, number)
	return []byte("event: cursor\nid: " + cursor + "\ndata: {\"cursor\":\"" + cursor + "\"}\n\n")
}

// comment returns lines without an event. They have the place up to which the stream has come, from which
// the client goes on when it has to open the stream again.
func (s *stream) comment() []byte {
	return []byte(": keep-alive\nid: " + changelog.Cursor(s.rq.Actor.Workspace, s.q.ask.After) + "\n\n")
}

// event returns the event of an entry.
func (s *stream) event(e changelog.Entry) []byte {
	item := line(s.rq, e)
	b := []byte("event: change\nid: " + changelog.Cursor(s.rq.Actor.Workspace, crm.RecordNumber(e.Record.Key)) + "\ndata: ")
	return append(item.Append(b, render.JSON, nil), '\n')
}
