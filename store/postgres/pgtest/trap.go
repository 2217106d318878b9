package pgtest

import (
	"bytes"
	"net"
)

// Moment is when a trap cuts a connection.
type Moment int

// The moments. In both the client gets no answer to what it sent.
const (
	BeforeArrival Moment = iota // the server gets nothing of it
	BeforeAnswer                // the server has done it
)

// trap waits for a text from a client.
type trap struct {
	text   []byte
	when   Moment
	sprung chan struct{} // closed when it has cut a connection
}

// Trap resets the next connection on which a client sends a text, such as COMMIT, at a moment. The
// channel that it returns is closed then. A client that has prepared the statement sends its name
// and not its text.
func (p *Proxy) Trap(text string, when Moment) (sprung <-chan struct{}) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.trap = &trap{text: []byte(text), when: when, sprung: make(chan struct{})}
	return p.trap.sprung
}

// spring looks for the text of the trap in bytes of the client, and for the end of the answer to it in
// those of the server. It reports whether the bytes may pass.
func (p *Proxy) spring(l *line, from net.Conn, b []byte) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch {
	case from == l.server && l.caught != nil: // nothing of the answer passes
		if l.turns.ended() {
			p.drop(l)
			close(l.caught.sprung)
			l.caught = nil
		}
		return false
	case from == l.server || p.trap == nil || !bytes.Contains(b, p.trap.text):
		return true
	}
	caught := p.trap
	p.trap = nil
	if caught.when == BeforeAnswer {
		l.caught = caught
		return true
	}
	p.drop(l)
	close(caught.sprung)
	return false
}
