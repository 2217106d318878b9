package pgtest

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy forwards connections from loopback to a server. It counts round trips, adds time to them,
// holds all traffic or cuts it, like a network between client and server, also at a certain moment
// (Trap).
type Proxy struct {
	listener net.Listener
	target   string // HOST:PORT, or the path of a Unix socket
	trips    atomic.Int64
	delay    atomic.Int64 // nanoseconds

	mutex sync.Mutex
	held  chan struct{} // closed when traffic may go on; nil while it goes
	trap  *trap         // nil: none is set
	lines map[*line]bool
	ended bool
	done  sync.WaitGroup
}

// line is one connection of a client, and the proxy's to the server.
type line struct {
	client, server net.Conn
	turns          turns
	cut            chan struct{} // closed when the connection ends
	caught         *trap         // cuts it when its answer is complete; nil: none
}

// NewProxy starts a proxy to an address, HOST:PORT or the path of a Unix socket, until the end of the
// test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target, lines: map[*line]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		p.mutex.Lock()
		p.ended = true
		p.mutex.Unlock()
		_ = l.Close()
		p.Cut()
		p.done.Wait()
	})
	return p
}

// Address returns where the proxy listens; Through makes the URL of a database there.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// RoundTrips returns how often a client sent something when it was its turn, over all connections. A
// client that sends many statements and then reads all answers makes one round trip. To connect
// takes some too, so a test counts the difference of two numbers.
func (p *Proxy) RoundTrips() int64 { return p.trips.Load() }

// Delay adds a time to each round trip from now on.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Hold keeps all traffic back, of new connections too, until a release of it is called. Nothing is
// lost: clients and server see a network that is very slow.
func (p *Proxy) Hold() (release func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
	held := p.held
	return sync.OnceFunc(func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if p.held == held {
			p.held = nil
			close(held)
		}
	})
}

// Cut resets all connections. Bytes on their way are lost. New connections are served.
func (p *Proxy) Cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for l := range p.lines {
		p.drop(l)
	}
}

// drop ends a connection on both sides with a reset. The mutex is held.
func (p *Proxy) drop(l *line) {
	if !p.lines[l] {
		return
	}
	delete(p.lines, l)
	close(l.cut)
	for _, conn := range []net.Conn{l.client, l.server} {
		if tcp, is := conn.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// accept serves until the listener closes.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(client) })
	}
}

// serve connects a client to the server. While the server is down the client is disconnected.
func (p *Proxy) serve(client net.Conn) {
	network := "tcp"
	if strings.HasPrefix(p.target, "/") {
		network = "unix"
	}
	server, err := net.DialTimeout(network, p.target, patience)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &line{client: client, server: server, cut: make(chan struct{})}
	p.mutex.Lock()
	p.lines[l] = true
	if p.ended {
		p.drop(l)
	}
	p.mutex.Unlock()
	p.done.Go(func() { p.forward(l, server, client) })
	p.forward(l, client, server)
}

// forward copies bytes in one direction until an end closes or the connection is cut.
func (p *Proxy) forward(l *line, from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && p.pass(l, from, buffer[:n]) {
			_, failed := to.Write(buffer[:n])
			if err == nil {
				err = failed
			}
		}
		if err != nil {
			break
		}
	}
	p.close(l)
}

// close ends a connection that one end closed. What the other end has not read yet reaches it: an
// error that the server sends before it closes, for example.
func (p *Proxy) close(l *line) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.lines[l] {
		delete(p.lines, l)
		close(l.cut)
		_ = l.client.Close()
		_ = l.server.Close()
	}
}

// pass counts and delays bytes from one end and waits while traffic is held. It reports false if the
// connection was cut meanwhile.
func (p *Proxy) pass(l *line, from net.Conn, b []byte) bool {
	if from == l.server {
		l.turns.answers(b)
	} else if l.turns.asks() {
		p.trips.Add(1)
		select {
		case <-time.After(time.Duration(p.delay.Load())):
		case <-l.cut:
			return false
		}
	}
	if !p.spring(l, from, b) {
		return false
	}
	for {
		p.mutex.Lock()
		held := p.held
		p.mutex.Unlock()
		if held == nil {
			return true
		}
		select {
		case <-held:
		case <-l.cut:
			return false
		}
	}
}
