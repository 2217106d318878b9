package txn

import (
	"context"
	"errors"
	"sync"

	"crmkit/store/engine"
)

// pool lends connections that read. It lends the one that was used last, so that a connection to a
// server which is not needed is never opened, and the others have what they keep: pages of the
// file, prepared statements.
type pool struct {
	places chan struct{} // one for each free connection
	mu     sync.Mutex
	free   []engine.Conn // the one that was used last is at the end
}

// newPool returns an empty pool for so many connections at most, which put adds.
func newPool(size int) *pool { return &pool{places: make(chan struct{}, size)} }

// take waits for a free connection. It returns an error where the context ends, or stop is closed,
// before.
func (p *pool) take(ctx context.Context, stop <-chan struct{}) (engine.Conn, error) {
	select {
	case <-stop:
		return nil, Stopped()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.places:
		return p.last(), nil
	}
}

// last removes the connection that was used last. The caller has taken a place.
func (p *pool) last() engine.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return conn
}

// put gives a connection back, or adds it.
func (p *pool) put(conn engine.Conn) {
	p.mu.Lock()
	p.free = append(p.free, conn)
	p.mu.Unlock()
	p.places <- struct{}{}
}

// close waits for the connections in use, and closes n, which is the number of all.
func (p *pool) close(n int) error {
	var errs []error
	for range n {
		<-p.places
		errs = append(errs, p.last().Close())
	}
	return errors.Join(errs...)
}
