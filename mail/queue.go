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
	Waiting int64 // now: taken and not yet settled, those under way or waiting for another try included
	Sent    int64 // the server took them
	Retried int64 // times a mail was put back for another try
	Failed  int64 // refused for good, by the server or for their address, or out of tries
	Dropped int64 // not taken, as the queue was full or the sender closed, or lost at its end
}

// Stats returns the counters. Taken at rest, a mail stands in exactly one of
// Waiting, Sent, Failed and Dropped.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// job is a message on its way.
type job struct {
	Message
	id string    // of Message-ID: the same on every try, so that a mail that arrived twice shows once
	at time.Time // when it was taken
	n  int       // tries begun
}

var (
	errAddress = errors.New("it goes to what is not one bare address, like jane@acme.com")
	errFull    = errors.New("the queue of mails is full")
	errClosed  = errors.New("the sender is closed")
)

// Send queues a message and returns at once; it never blocks. It returns false
// when the message is not taken: its address is none, 256 others wait, or the
// sender is closed. That is logged and counted.
func (s *Sender) Send(m Message) bool {
	if !bare(m.To) {
		s.count(&s.stats.Failed)
		s.opts.Log.Error("mail failed", "to", mask(m.To), "try", 0, "error", errAddress)
		return false
	}
	m.Paragraphs = slices.Clone(m.Paragraphs)
	if err := s.admit(&job{Message: m, id: rand.Text() + "@" + domain(s.from.Address), at: time.Now().UTC()}); err != nil {
		s.opts.Log.Error("mail dropped", "to", mask(m.To), "try", 0, "error", err)
		return false
	}
	return true
}

func (s *Sender) count(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
}

func (s *Sender) admit(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		s.stats.Dropped++
		return errClosed
	case s.stats.Waiting == maxWaiting:
		s.stats.Dropped++
		return errFull
	}
	s.stats.Waiting++
	s.ready <- j
	return nil
}

// work makes tries until the sender is closed and nothing waits.
func (s *Sender) work() {
	for j := range s.ready {
		j.n++
		s.finish(j, s.try(j))
	}
}

// finish settles a mail after a try, or puts it back for another one.
func (s *Sender) finish(j *job, err error) {
	if err == nil {
		s.opts.Log.Debug("mail sent", "to", mask(j.To), "try", j.n)
		s.settle(&s.stats.Sent)
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
		s.count(&s.lost)
		s.settle(&s.stats.Dropped)
	default:
		s.opts.Log.Error("mail failed", what...)
		s.settle(&s.stats.Failed)
	}
}

// postpone puts a mail back for another try, if it has one left.
func (s *Sender) postpone(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || j.n > len(s.opts.Retry) {
		return false
	}
	s.stats.Retried++
	s.later[j] = time.AfterFunc(s.opts.Retry[j.n-1], func() { s.wake(j) })
	return true
}

// wake makes a mail ready again, unless Close did so already.
func (s *Sender) wake(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waits := s.later[j]; waits {
		delete(s.later, j)
		s.ready <- j
	}
}

// settle counts what became of a mail. The last one of a closed sender ends the
// workers.
func (s *Sender) settle(counter *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
	s.stats.Waiting--
	s.endIfIdle()
}

func (s *Sender) endIfIdle() {
	if s.closed && s.stats.Waiting == 0 {
		close(s.ready)
	}
}

// Close takes no more and gives each mail that waits one last try at once, until
// ctx ends; what is not sent by then is lost, logged and counted, and the error
// says how many. It may be called again and then says the same.
func (s *Sender) Close(ctx context.Context) error {
	s.shut()
	stop := context.AfterFunc(ctx, func() { s.giveUp(context.Cause(ctx)) })
	defer stop()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost > 0 {
		return fmt.Errorf("%d mails were lost at the end: %w", s.lost, context.Cause(s.base))
	}
	return nil
}

// shut refuses further mails and wakes those that wait for another try.
func (s *Sender) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	for j, timer := range s.later {
		timer.Stop()
		delete(s.later, j)
		s.ready <- j
	}
	s.endIfIdle()
}
