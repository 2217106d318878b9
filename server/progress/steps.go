package progress

import (
	"fmt"
	"io"
	"time"
)

// Steps shows how far each step of a long work is. It is used by one goroutine.
type Steps struct {
	Bar   io.Writer // nil: nothing is shown
	Clock func() time.Time

	last  time.Time // when it was drawn
	shown string
}

// drawEvery is the time between two drawings: a step may call Show a million times a second.
const drawEvery = 100 * time.Millisecond

// Show shows a step, with how much of it is done: a bar if the whole is known, else a number if it
// is not zero.
func (p *Steps) Show(step string, done, whole int64) {
	if p.Bar == nil || p.Clock().Sub(p.last) < drawEvery {
		return
	}
	p.last = p.Clock()
	text := step
	if whole > 0 {
		text = bar(min(done, whole), whole) + " " + step
	} else if done > 0 {
		text = fmt.Sprintf("%s, %d rows", step, done)
	}
	p.End()
	p.shown = text
	_, _ = io.WriteString(p.Bar, text)
}

// End removes what is shown, with the ANSI code for "erase to the end of the line".
func (p *Steps) End() {
	if p.shown != "" {
		_, _ = io.WriteString(p.Bar, "\r\x1b[K")
		p.shown = ""
	}
}
