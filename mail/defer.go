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
		if len(s.later) >= maxDeferred {
			loser = s.leastDeserving()
			s.undefer(loser)
		}
		s.stats.Retried++
		s.deferred[j.Share]++
		s.later[j] = time.AfterFunc(s.opts.Retry[j.n-1], func() { s.wake(j) })
	}
	s.mu.Unlock()
	if loser != nil {
		s.opts.Log.Error("mail failed", "to", mask(loser.To), "try", loser.n, "error", errMany)
		s.settle(&s.stats.Failed)
	}
	return ok
}

// leastDeserving returns the latest of the deferred mails of the share that has most.
func (s *Sender) leastDeserving() (j *job) {
	for other := range s.later {
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
	s.later[j].Stop()
	delete(s.later, j)
	if s.deferred[j.Share]--; s.deferred[j.Share] == 0 {
		delete(s.deferred, j.Share)
	}
}

// wake makes a deferred mail ready again, unless Close did so already.
func (s *Sender) wake(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waits := s.later[j]; waits {
		s.undefer(j)
		s.ready.put(j)
		s.changed.Signal()
	}
}

// shut refuses further mails and wakes those that wait for another try.
func (s *Sender) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.ready.most = workers // none come that these could keep out
	for j := range s.later {
		s.undefer(j)
		s.ready.put(j)
	}
	s.changed.Broadcast()
}
