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
	Waiting  int64 // now: accepted and not finished, including those being sent or deferred
	Deferred int64 // now: waiting for another try, outside the queue
	Sent     int64 // accepted by the mail server
	Retried  int64 // times a mail was deferred for another try
	Failed   int64 // refused by the server or for their address, or out of tries
	Dropped  int64 // not accepted because the queue was full or the sender closed, or lost by Close
	Withheld int64 // passed the queue and were not sent, on purpose
}

// Stats returns the counters. When nothing is being sent, each mail is counted in exactly
// one of Waiting, Sent, Failed, Dropped and Withheld.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Deferred = int64(len(s.retries))
	return s.stats
}

// job is a message in the queue.
type job struct {
	Message
	id    string    // of Message-ID: the same in every try, so that mail programs show a mail that arrived twice once
	at    time.Time // when it was accepted
	n     int       // tries begun
	place bool      // it holds a place of the queue, until its first try ends
}

var (
	errAddress = errors.New("the recipient is not one bare address, like jane@acme.com")
	errFull    = errors.New("the queue of mails is full")
	errClosed  = errors.New("the sender is closed")
	errRetries = errors.New("too many mails wait for another try")
)

// Place is a reserved place in the queue for one mail.
type Place struct {
	sender *Sender
	share  string
	open   bool
}

// Reserve reserves a place for a mail of the share; found is false if the queue or the
// share is full, or the sender is closed. End each place with Send or Release.
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

// room reports whether queue and share have a free place. s.mu is held.
func (s *Sender) room(share string) bool {
	return s.taken < maxQueued && s.places[share] < maxOfShare
}

// Release gives the place back, unless Send used it. On a nil Place it does nothing.
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

// free gives a place of the share back. s.mu is held.
func (s *Sender) free(share string) {
	s.taken--
	if s.places[share]--; s.places[share] == 0 {
		delete(s.places, share)
	}
}

// Send queues a message in the place, like Sender.Send. It sets the message's share to
// that of the place.
func (p *Place) Send(m Message) bool {
	m.Share = p.share
	j, ok := p.sender.job(m)
	if !ok {
		p.Release()
		return false
	}
	p.sender.mu.Lock()
	j.place, p.open = p.open, false
	p.sender.mu.Unlock()
	return p.sender.enqueue(j)
}

// Send queues a message and returns at once; it never blocks. It returns false if the
// message is not accepted: its address is invalid, the queue is full, or the sender is
// closed. That is logged and counted.
func (s *Sender) Send(m Message) bool {
	j, ok := s.job(m)
	return ok && s.enqueue(j)
}

// job returns the job of a message; ok is false if its address is invalid.
func (s *Sender) job(m Message) (j *job, ok bool) {
	if !bare(m.To) {
		s.count(&s.stats.Failed)
		s.opts.Log.Error("mail failed", "to", mask(m.To), "try", 0, "error", errAddress)
		return nil, false
	}
	m.Paragraphs = slices.Clone(m.Paragraphs)
	return &job{Message: m, id: rand.Text() + "@" + domain(s.from.Address), at: time.Now().UTC()}, true
}

// count increments one of the counters.
func (s *Sender) count(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
}

// enqueue puts a job into the queue, or logs why it cannot.
func (s *Sender) enqueue(j *job) bool {
	if err := s.admit(j); err != nil {
		s.opts.Log.Error("mail dropped", "to", mask(j.To), "try", 0, "error", err)
		return false
	}
	return true
}

// admit puts a job into the queue. Without a reserved place its limits are twice those of
// Room: a caller that found room a moment ago is not refused because others came first.
func (s *Sender) admit(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		if j.place {
			s.free(j.Share)
		}
		s.stats.Dropped++
		return errClosed
	case j.place:
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

// work sends mails until the sender is closed and none waits.
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

// next waits for a job that may be tried now. It returns nil when no job will come.
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

// finish counts the outcome of a try, or defers the mail for another one. It logs last:
// a mail that the log calls sent or failed is counted.
func (s *Sender) finish(j *job, err error) {
	s.tried(j)
	switch {
	case j.Withheld:
		s.finishOne(&s.stats.Withheld)
		return
	case err == nil:
		s.finishOne(&s.stats.Sent)
		s.opts.Log.Debug("mail sent", "to", mask(j.To), "try", j.n)
		return
	}
	// Read these before the mail is deferred: after that it belongs to the next try.
	attrs := []any{"to", mask(j.To), "try", j.n, "error", s.explain(j, err)}
	retry := temporary(err)
	switch {
	case retry && s.postpone(j):
		s.opts.Log.Warn("mail waits for another try", attrs...)
	case retry && s.base.Err() != nil:
		s.count(&s.dropped)
		s.finishOne(&s.stats.Dropped)
		s.opts.Log.Error("mail dropped", attrs...)
	default:
		s.finishOne(&s.stats.Failed)
		s.opts.Log.Error("mail failed", attrs...)
	}
}

// tried releases what a try held: its share's turn, and after the first try the place.
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

// finishOne counts the outcome of a mail.
func (s *Sender) finishOne(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
	s.stats.Waiting--
	s.changed.Broadcast()
}

// Close accepts no more mails and gives each one that waits a last try at once, until ctx
// ends. Mails not sent by then are lost, logged and counted, and the error says how many.
// Further calls return the same.
func (s *Sender) Close(ctx context.Context) error {
	s.refuseMore()
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
