package mail

import "time"

// Mails that the server did not take just now wait outside the queue, so that they
// keep nobody else's out of it.
const (
	maxDeferred        = 1024
	maxDeferredOfShare = 64
)

// postpone puts a mail aside for another try, if it has one left and there is room.
func (s *Sender) postpone(j *job) bool {
	s.mu.Lock()
	ok := !s.closed && j.n <= len(s.opts.Retry) && s.deferred[j.Share] < maxDeferredOfShare
	var loser *job
	if ok {
		if len(s.retries) >= maxDeferred {
			loser = s.leastDeserving()
			s.undefer(loser)
		}
		s.stats.Retried++
		s.deferred[j.Share]++
		s.retries[j] = time.AfterFunc(s.opts.Retry[j.n-1], func() { s.requeueRetries(j) })
	}
	s.mu.Unlock()
	if loser != nil {
		s.opts.Log.Error("mail failed", "to", mask(loser.To), "try", loser.n, "error", errMany)
		s.finishOne(&s.stats.Failed)
	}
	return ok
}

// leastDeserving returns the latest of the deferred mails of the share that has most.
func (s *Sender) leastDeserving() (j *job) {
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

// undefer takes a mail from those that wait for another try.
func (s *Sender) undefer(j *job) {
	s.retries[j].Stop()
	delete(s.retries, j)
	if s.deferred[j.Share]--; s.deferred[j.Share] == 0 {
		delete(s.deferred, j.Share)
	}
}

// requeueRetries makes a deferred mail ready again, unless Close did so already.
func (s *Sender) requeueRetries(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waits := s.retries[j]; waits {
		s.undefer(j)
		s.ready.put(j)
		s.changed.Signal()
	}
}

// closeLocked refuses further mails and wakes those that wait for another try.
func (s *Sender) closeLocked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.ready.most = workers // none come that these could keep out
	for j := range s.retries {
		s.undefer(j)
		s.ready.put(j)
	}
	s.changed.Broadcast()
}
