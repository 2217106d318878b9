package feed

import (
	"context"
	"sync"
)

// How many readers that were woken read at once: of one user, and of all. A thousand may be woken by one
// change, and other requests must not wait behind all of them.
const (
	readAtOnceEach = 8
	readAtOnce     = 128
)

// gate lets few readers through at a time. The others wait, those of each user for each other first.
type gate struct {
	all chan struct{}

	mu    sync.Mutex
	users map[string]*userGate
}

// userGate is the gate of one user.
type userGate struct {
	places chan struct{}
	n      int // readers that are in it or wait for it
}

func newGate() *gate {
	return &gate{all: make(chan struct{}, readAtOnce), users: map[string]*userGate{}}
}

// enter waits for a place, which leave gives back. Its error is that of the context.
func (g *gate) enter(ctx context.Context, user string) (leave func(), err error) {
	u := g.join(user)
	if err := take(ctx, u.places); err != nil {
		g.part(user, u)
		return nil, err
	}
	if err := take(ctx, g.all); err != nil {
		<-u.places
		g.part(user, u)
		return nil, err
	}
	return func() {
		<-g.all
		<-u.places
		g.part(user, u)
	}, nil
}

// take takes one of the places of a channel.
func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the gate of a user, which must be parted from.
func (g *gate) join(user string) *userGate {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.users[user]
	if u == nil {
		u = &userGate{places: make(chan struct{}, readAtOnceEach)}
		g.users[user] = u
	}
	u.n++
	return u
}

// part leaves the gate of a user, which is forgotten when nobody is left.
func (g *gate) part(user string, u *userGate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if u.n--; u.n == 0 {
		delete(g.users, user)
	}
}
