package pipeline

import "slices"

// Visit is the time that a record was in a stage.
type Visit struct {
	Pipeline string
	Stage    string // the word that the record had
	Entered  int64  // unix milliseconds; 0: not known
	Left     int64  // 0: it is still there
	By       string // who moved it there
}

// State is what a record says of where it is.
type State struct {
	Pipeline string
	Stage    string // empty: in no stage
	Since    int64  // unix milliseconds; 0: not known
}

// A Move is a change of the state of a record, which Follow turns into its visits.
type Move struct {
	From, To State
	Renamed  bool  // both are one stage, which has another name by now
	Now      int64 // when it was written
	By       string
}

// Corrects reports whether the move says another time, or another word, of the visit in which the
// record is, and begins no further one.
func (m Move) Corrects() bool {
	return m.From.Stage != "" && (m.From.Stage == m.To.Stage && m.From.Pipeline == m.To.Pipeline || m.Renamed)
}

// Returns reports whether the move brings back a deleted record, whose last visit did not end.
func (m Move) Returns(last Visit) bool {
	return m.From.Stage == "" && m.To.Stage != "" && last.Left == 0
}

// continued returns the position of the last visit into which the move leads back, -1 if there is none. Times are whole
// seconds, so several visits may have begun at that time. A time that is not known says nothing of a visit
// that is corrected.
func (m Move) continued(visits []Visit) int {
	if m.To.Since == 0 && m.Corrects() {
		return -1
	}
	at := len(visits) - 1
	for at >= 0 && (visits[at].Stage != m.To.Stage || visits[at].Pipeline != m.To.Pipeline || visits[at].Entered != m.To.Since) {
		at--
	}
	return at
}

// Ends returns when the visit before the move ended.
func (m Move) Ends() int64 {
	if m.To.Stage != "" && m.To.Since != 0 {
		return m.To.Since
	}
	return m.Now
}

// Follow returns the visits of a record after a move. A time in the past means that the record was
// in the stage since then, so the visits that began later are dropped: that is how an undo and a
// file with past dates correct what was known before. So are those after a visit of which the move
// says all, its time too. A visit that goes on under another name or
// from another time is still that of the one who moved the record there, and moves the end of the
// visit that it followed at once.
func (m Move) Follow(visits []Visit) []Visit {
	visits = slices.Clone(visits)
	if m.From == m.To {
		return visits
	}
	by, joined := m.By, 0 // joined: how many visits there are up to the one that ended when the dropped one began
	if n := len(visits); n > 0 && (m.Corrects() || m.Returns(visits[n-1])) {
		if by = visits[n-1].By; n > 1 && visits[n-2].Left == visits[n-1].Entered {
			joined = n - 1
		}
		visits = visits[:n-1]
	}
	if since := m.To.Since; m.To.Stage != "" {
		visits = slices.DeleteFunc(visits, func(v Visit) bool { return since != 0 && v.Entered > since })
		if at := m.continued(visits); at >= 0 {
			by, visits = visits[at].By, visits[:at]
		}
	}
	if n := len(visits); n > 0 && (visits[n-1].Left == 0 || visits[n-1].Left > m.Ends() || joined == n && m.To.Since != 0) {
		visits[n-1].Left = m.Ends()
	}
	if m.To.Stage != "" {
		visits = append(visits, Visit{Pipeline: m.To.Pipeline, Stage: m.To.Stage, Entered: m.To.Since, By: by})
	}
	return visits
}
