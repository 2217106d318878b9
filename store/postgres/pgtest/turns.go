package pgtest

import (
	"encoding/binary"
	"sync"
)

// turns follows a connection in PostgreSQL's protocol, without TLS, and says whose turn it is. The
// direction of the bytes alone would not do: the server may answer the first statements of a long
// batch while the client still sends the others, without waiting.
type turns struct {
	mutex  sync.Mutex
	asking bool   // the client has sent something, and the server has not finished its answer
	header []byte // of the message that the server is sending, as far as it is known
	left   uint32 // bytes of its content that are to come
}

// asks notes bytes of the client, and reports whether they begin a round trip.
func (c *turns) asks() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	begins := !c.asking
	c.asking = true
	return begins
}

// ended reports whether the server has finished its answer.
func (c *turns) ended() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return !c.asking
}

// answers notes bytes of the server. A message is a letter, a length that includes itself, and as many
// bytes. After those for authentication (R) and ReadyForQuery (Z) the server waits for the client. At
// the start of a COPY it does too, but clients send their rows without waiting for the server.
func (c *turns) answers(b []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(b) > 0 {
		if c.left > 0 {
			n := min(uint32(len(b)), c.left)
			b, c.left = b[n:], c.left-n
			continue
		}
		c.header, b = append(c.header, b[0]), b[1:]
		if len(c.header) < 5 {
			continue
		}
		if c.header[0] == 'R' || c.header[0] == 'Z' {
			c.asking = false
		}
		c.left = max(4, binary.BigEndian.Uint32(c.header[1:])) - 4
		c.header = c.header[:0]
	}
}
