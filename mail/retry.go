package mail

import "time"

// Mails whose try failed temporarily wait outside the queue, so that they do not take the
// places of new mails.
const (
	maxDeferred        = 1024
	maxDeferredOfShare = 64
)

// postpone defers a mail for another try, if it has one left and its share has room. If
// all shares together have no room, another mail is given up for it.
func (s *Sender) postpone(j *job) bool {
	s.mu.Lock()
	ok := !s.closed && j.n <= len(s.opts.Retry) && s.deferred[j.Share] < maxDeferredOfShare
	var victim *job
	if ok {
		if len(s.retries) >= maxDeferred {
			victim = s.pickVictim()
			s.undefer(victim)
		}
		s.stats.Retried++
		s.deferred[j.Share]++
		s.retries[j] = time.AfterFunc(s.opts.Retry[j.n-1], func() { s.requeue(j) })
	}
	s.mu.Unlock()
	if victim != nil {
		s.opts.Log.Error("mail failed", "to", mask(victim.To), "try", victim.n, "error", errRetries)
		s.finishOne(&s.stats.Failed)
	}
	return ok
}

// pickVictim returns the newest deferred mail of the share that has the most of them.
func (s *Sender) pickVictim() (j *job) {
	for other := range s.retries {
		n, most := s.deferred[other.Share], 0
		if j != nil {
			most = s.deferred[j.Share]
		}
		if j == nil || n > most || n == most && other.at.After(j.at) {
			j = other
		}
	}
	return j
}

// undefer removes a mail from the deferred ones. s.mu is held.
func (s *Sender) undefer(j *job) {
	s.retries[j].Stop()
	delete(s.retries, j)
	if s.deferred[j.Share]--; s.deferred[j.Share] == 0 {
		delete(s.deferred, j.Share)
	}
}

// requeue makes a deferred mail ready for its next try, unless Close did so already.
func (s *Sender) requeue(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, deferred := s.retries[j]; deferred {
		s.undefer(j)
		s.ready.put(j)
		s.changed.Signal()
	}
}

// refuseMore accepts no further mails, and makes the deferred ones ready for a last try.
func (s *Sender) refuseMore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.ready.limit = workers // no new mails will come that retries could delay
	for j := range s.retries {
		s.undefer(j)
		s.ready.put(j)
	}
	s.changed.Broadcast()
}
