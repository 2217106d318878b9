package progress

import (
	"strings"
	"testing"
	"time"
)

// TestSteps draws steps with a known whole, an unknown one and none, at most ten times a second, and
// leaves nothing on the terminal.
func TestSteps(t *testing.T) {
	now := time.Unix(1_780_000_000, 0)
	var out strings.Builder
	p := &Steps{Bar: &out, Clock: func() time.Time { now = now.Add(60 * time.Millisecond); return now }}
	for i := range int64(4) {
		p.Show("copy contacts", 25*i, 100)
	}
	p.Show("check log", 7, 0)
	p.Show("index log_at", 0, 0)
	p.Show("copy contacts", 200, 100)
	p.End()
	p.End()
	const erase = "\r\x1b[K"
	want := bar(0, 100) + " copy contacts" + erase + bar(50, 100) + " copy contacts" + erase + "check log, 7 rows" + erase + bar(1, 1) + " copy contacts" + erase
	if got := out.String(); got != want {
		t.Errorf("drawn is %q\nwant     %q", got, want)
	}
	(&Steps{}).Show("nothing", 1, 2) // without a terminal
}
