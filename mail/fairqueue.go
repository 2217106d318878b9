package mail

// Urgency is the priority of a mail.
type Urgency int

// The urgencies, lowest first.
const (
	Ordinary  Urgency = iota // nobody waits at a screen
	Code                     // somebody waits to sign in
	KnownCode                // the same, for an address that signed in from that network before
)

// The lanes of the queue in the order they are served: codes, retries of codes, other
// mails, retries of those.
const (
	knownLane = iota
	codeLane
	codeAgainLane
	ordinaryLane
	ordinaryAgainLane
	lanes
)

// fairQueue holds the mails that may be tried now. More urgent mails go first; within a
// lane the shares take turns, each with its oldest mail. Nobody can delay others by
// sending many mails: a share has at most limit tries at a time. Guarded by Sender.mu.
type fairQueue struct {
	lanes [lanes]lane
	busy  map[string]int // running tries, by share
	again int            // running tries of deferred mails

	limit int // of running tries of one share, and of deferred mails
}

// lane holds the mails of one urgency.
type lane struct {
	order []string // shares that have mails, in the order of their turns
	jobs  map[string][]*job
}

// newFairQueue returns an empty queue.
func newFairQueue() *fairQueue {
	t := &fairQueue{busy: map[string]int{}, limit: workers / 2}
	for i := range t.lanes {
		t.lanes[i].jobs = map[string][]*job{}
	}
	return t
}

// lane returns the lane of a mail, by its urgency and whether it was tried before.
func (j *job) lane() int {
	switch retry := j.n > 0; {
	case retry && j.Urgency == Ordinary:
		return ordinaryAgainLane
	case retry:
		return codeAgainLane
	case j.Urgency == Ordinary:
		return ordinaryLane
	case j.Urgency == Code:
		return codeLane
	}
	return knownLane
}

// put adds a mail.
func (t *fairQueue) put(j *job) {
	l := &t.lanes[j.lane()]
	if len(l.jobs[j.Share]) == 0 {
		l.order = append(l.order, j.Share)
	}
	l.jobs[j.Share] = append(l.jobs[j.Share], j)
}

// take removes and returns the mail whose turn it is; its try runs until done is called.
// It returns nil if no mail may be tried now.
func (t *fairQueue) take() *job {
	for i := range t.lanes {
		if (i == codeAgainLane || i == ordinaryAgainLane) && t.again >= t.limit {
			continue
		}
		if j := t.lanes[i].take(t.busy, t.limit); j != nil {
			t.busy[j.Share]++
			if j.n > 0 {
				t.again++
			}
			return j
		}
	}
	return nil
}

// take removes and returns the first mail whose share is below the limit.
func (l *lane) take(busy map[string]int, limit int) *job {
	for i, share := range l.order {
		if busy[share] >= limit {
			continue
		}
		list := l.jobs[share]
		l.order = append(l.order[:i:i], l.order[i+1:]...)
		if l.jobs[share] = list[1:]; len(list) > 1 {
			l.order = append(l.order, share)
		} else {
			delete(l.jobs, share)
		}
		return list[0]
	}
	return nil
}

// done ends the try of a mail.
func (t *fairQueue) done(j *job) {
	if t.busy[j.Share]--; t.busy[j.Share] == 0 {
		delete(t.busy, j.Share)
	}
	if j.n > 1 {
		t.again--
	}
}
