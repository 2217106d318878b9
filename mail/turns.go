package mail

// Urgency says which mails go first.
type Urgency int

// The urgencies, the least first.
const (
	Ordinary  Urgency = iota // nobody waits at a screen
	Code                     // somebody waits to sign in
	KnownCode                // so does one who has signed in from there before
)

// The lanes of the queue, the first to be served first: fresh codes, codes once
// more, other mails, these once more.
const (
	knownLane = iota
	codeLane
	codeAgainLane
	ordinaryLane
	ordinaryAgainLane
	lanes
)

// turns are the mails that may be tried now. The more urgent go first; among equals
// the shares take turns, each with its oldest. It is guarded by Sender.mu.
type turns struct {
	lanes [lanes]lane
	busy  map[string]int // tries under way, by share
	again int            // tries under way of deferred mails

	most int // tries at the same time of one share, and of deferred mails
}

// lane holds the mails of one urgency.
type lane struct {
	order []string // shares that have mails, the one whose turn it is first
	jobs  map[string][]*job
}

func newTurns() *turns {
	t := &turns{busy: map[string]int{}, most: workers / 2}
	for i := range t.lanes {
		t.lanes[i].jobs = map[string][]*job{}
	}
	return t
}

func (j *job) lane() int {
	switch again := j.n > 0; {
	case again && j.Urgency == Ordinary:
		return ordinaryAgainLane
	case again:
		return codeAgainLane
	case j.Urgency == Ordinary:
		return ordinaryLane
	case j.Urgency == Code:
		return codeLane
	}
	return knownLane
}

// put adds a mail.
func (t *turns) put(j *job) {
	l := &t.lanes[j.lane()]
	if len(l.jobs[j.Share]) == 0 {
		l.order = append(l.order, j.Share)
	}
	l.jobs[j.Share] = append(l.jobs[j.Share], j)
}

// take returns the mail whose turn it is, which counts as under way until done; nil
// when there is none that may be tried now.
func (t *turns) take() *job {
	for i := range t.lanes {
		if (i == codeAgainLane || i == ordinaryAgainLane) && t.again >= t.most {
			continue
		}
		if j := t.lanes[i].take(t.busy, t.most); j != nil {
			t.busy[j.Share]++
			if j.n > 0 {
				t.again++
			}
			return j
		}
	}
	return nil
}

func (l *lane) take(busy map[string]int, most int) *job {
	for i, share := range l.order {
		if busy[share] >= most {
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

// done ends a try.
func (t *turns) done(j *job) {
	if t.busy[j.Share]--; t.busy[j.Share] == 0 {
		delete(t.busy, j.Share)
	}
	if j.n > 1 {
		t.again--
	}
}
