package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Stats counts mails since the start.
type Stats struct {
	Waiting  int64 // now: taken and not yet settled, those under way or deferred included
	Deferred int64 // now: those that wait for another try, outside the queue
	Sent     int64 // the server took them
	Retried  int64 // times a mail was put back for another try
	Failed   int64 // refused for good, by the server or for their address, or out of tries
	Dropped  int64 // not taken, as the queue was full or the sender closed, or lost at its end
	Withheld int64 // went all the way but to the server, as they should
}

// Stats returns the counters. Taken at rest, a mail stands in exactly one of
// Waiting, Sent, Failed, Dropped and Withheld.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Deferred = int64(len(s.retries))
	return s.stats
}

// job is a message on its way.
type job struct {
	Message
	id    string    // of Message-ID: the same on every try, so that a mail that arrived twice shows once
	at    time.Time // when it was taken
	n     int       // tries begun
	place bool      // it holds one of the queue's places, until its first try ends
}

var (
	errAddress = errors.New("it goes to what is not one bare address, like jane@acme.com")
	errFull    = errors.New("the queue of mails is full")
	errClosed  = errors.New("the sender is closed")
	errMany    = errors.New("too many mails wait for another try")
)

// Place is room in the queue for one mail that may come.
type Place struct {
	sender *Sender
	share  string
	open   bool
}

// Reserve takes a place for a mail of the share; found is false when the queue or
// the share is full, or the sender closed. A place ends with Send or Release.
func (s *Sender) Reserve(share string) (p *Place, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.room(share) {
		return nil, false
	}
	s.places[share]++
	s.taken++
	return &Place{sender: s, share: share, open: true}, true
}

// Room reports whether Reserve would find a place.
func (s *Sender) Room(share string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && s.room(share)
}

func (s *Sender) room(share string) bool {
	return s.taken < maxQueued && s.places[share] < maxOfShare
}

// Release gives the place back, unless a mail took it. On a nil Place it does nothing.
func (p *Place) Release() {
	if p == nil {
		return
	}
	p.sender.mu.Lock()
	defer p.sender.mu.Unlock()
	if p.open {
		p.open = false
		p.sender.free(p.share)
	}
}

func (s *Sender) free(share string) {
	s.taken--
	if s.places[share]--; s.places[share] == 0 {
		delete(s.places, share)
	}
}

// Send queues a message in the place, like Sender.Send. The message is of the
// place's share.
func (p *Place) Send(m Message) bool {
	m.Share = p.share
	j, ok := p.sender.job(m)
	if !ok {
		p.Release()
		return false
	}
	p.sender.mu.Lock()
	reserved := p.open
	p.open = false
	p.sender.mu.Unlock()
	return p.sender.queued(j, reserved)
}

// Send queues a message and returns at once; it never blocks. It returns false
// when the message is not taken: its address is none, too many others wait, or
// the sender is closed. That is logged and counted.
func (s *Sender) Send(m Message) bool {
	j, ok := s.job(m)
	return ok && s.queued(j, false)
}

// job makes the job of a message, unless its address is none.
func (s *Sender) job(m Message) (*job, bool) {
	if !bare(m.To) {
		s.count(&s.stats.Failed)
		s.opts.Log.Error("mail failed", "to", mask(m.To), "try", 0, "error", errAddress)
		return nil, false
	}
	m.Paragraphs = slices.Clone(m.Paragraphs)
	return &job{Message: m, id: rand.Text() + "@" + domain(s.from.Address), at: time.Now().UTC()}, true
}

func (s *Sender) count(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
}

func (s *Sender) queued(j *job, reserved bool) bool {
	if err := s.admit(j, reserved); err != nil {
		s.opts.Log.Error("mail dropped", "to", mask(j.To), "try", 0, "error", err)
		return false
	}
	return true
}

// admit puts a job into the queue. One without a reserved place may exceed the
// bounds that Room tells of twofold: between that and this others came.
func (s *Sender) admit(j *job, reserved bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		if reserved {
			s.free(j.Share)
		}
		s.stats.Dropped++
		return errClosed
	case reserved:
	case s.taken >= 2*maxQueued || s.places[j.Share] >= 2*maxOfShare:
		s.stats.Dropped++
		return errFull
	default:
		s.taken++
		s.places[j.Share]++
	}
	j.place = true
	s.stats.Waiting++
	s.ready.put(j)
	s.changed.Signal()
	return nil
}

// work makes tries until the sender is closed and nothing waits.
func (s *Sender) work() {
	for j := s.next(); j != nil; j = s.next() {
		j.n++
		var err error
		if !j.Withheld {
			err = s.try(j)
		}
		s.finish(j, err)
	}
}

// next waits for a job that may be tried now; nil when there will be none.
func (s *Sender) next() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if j := s.ready.take(); j != nil {
			return j
		}
		if s.closed && s.stats.Waiting == 0 {
			return nil
		}
		s.changed.Wait()
	}
}

// finish settles a mail after a try, or puts it back for another one.
func (s *Sender) finish(j *job, err error) {
	s.tried(j)
	switch {
	case j.Withheld:
		s.finishOne(&s.stats.Withheld)
		return
	case err == nil:
		s.opts.Log.Debug("mail sent", "to", mask(j.To), "try", j.n)
		s.finishOne(&s.stats.Sent)
		return
	}
	// Read before the mail is put back, as then it belongs to the next try.
	what := []any{"to", mask(j.To), "try", j.n, "error", s.explain(j, err)}
	again := temporary(err)
	switch {
	case again && s.postpone(j):
		s.opts.Log.Warn("mail waits for another try", what...)
	case again && s.base.Err() != nil:
		s.opts.Log.Error("mail dropped", what...)
		s.count(&s.dropped)
		s.finishOne(&s.stats.Dropped)
	default:
		s.opts.Log.Error("mail failed", what...)
		s.finishOne(&s.stats.Failed)
	}
}

// tried frees what a try held: its turn, and after the first one the place.
func (s *Sender) tried(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready.done(j)
	if j.place {
		j.place = false
		s.free(j.Share)
	}
	s.changed.Broadcast()
}

// finishOne counts what became of a mail.
func (s *Sender) finishOne(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
	s.stats.Waiting--
	s.changed.Broadcast()
}

// Close takes no more and gives each mail that waits one last try at once, until
// ctx ends; what is not sent by then is lost, logged and counted, and the error
// says how many. It may be called again and then says the same.
func (s *Sender) Close(ctx context.Context) error {
	s.closeLocked()
	stop := context.AfterFunc(ctx, func() { s.cancel(context.Cause(ctx)) })
	defer stop()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped > 0 {
		return fmt.Errorf("%d mails were lost at the end: %w", s.dropped, context.Cause(s.base))
	}
	return nil
}
