package owner

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"crmkit/store"
	"crmkit/store/sqlite"
)

// Role is how a process behaves as the owner of a file.
type Role int

const (
	// Brief owners, commands that end soon, make no socket: others wait for their end.
	Brief Role = iota
	// Busy owners, like an import, answer others until they are done.
	Busy
	// Standby processes, those of MCP clients, watch an owner and one of them takes over
	// when it ends. As owners they hand over to a server.
	Standby
	// Primary is the server: it has an owner hand over, and hands over to nobody.
	Primary
)

// Options say on which file a process works, and as what.
type Options struct {
	Path    string
	As      string // the command, like "crmkit mcp"
	Role    Role
	Version string       // of this program
	Log     *slog.Logger // of what goes wrong with the socket
	// Open takes the lock, opens the file and starts its writer. The error is, or wraps, a
	// sqlite.InUseError where another process holds the lock.
	Open func(context.Context) (*store.Store, error)
}

const (
	// patience is how long a process waits for an owner that answers: one that starts or
	// ends, or is busy with the schema of the file.
	patience = 10 * time.Second
	// pause is the time between two looks for one.
	pause = 20 * time.Millisecond
	// truce is how long a process that handed over leaves the lock to others.
	truce = time.Second
)

// Session is how this process works on a file: as its owner, or through the owner. It answers
// requests like the server of the file, and is safe for concurrent use.
type Session struct {
	opts   Options
	remote *http.Transport // to the socket
	done   chan struct{}   // closed by Close
	watch  sync.WaitGroup

	taking sync.Mutex // held while the lock is taken and the file is opened
	mu     sync.Mutex // of what follows
	own    *ownership // nil: another process is the owner
	closed bool
	until  time.Time // no try to become the owner before
}

// Open finds the owner of the file, or makes this process the owner. A file that another
// process holds and does not share is a sqlite.InUseError.
func Open(ctx context.Context, opts Options) (*Session, error) {
	if opts.Path == store.Memory {
		opts.Role = Brief // nobody else can work on it
	}
	s := &Session{opts: opts, done: make(chan struct{})}
	s.remote = newTransport(opts.Path)
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	if opts.Role == Standby {
		s.watch.Go(s.standBy)
	}
	return s, nil
}

// start returns when there is an owner: this process, or one that answers.
func (s *Session) start(ctx context.Context) error {
	for end := time.Now().Add(patience); ; {
		err := s.takeOver(ctx)
		var held *sqlite.InUseError
		if err == nil || !errors.As(err, &held) {
			return err
		}
		found := s.ask(ctx)
		switch {
		case found == nil && s.opts.Role != Primary:
			return nil
		case errors.Is(found, errRefused) || time.Now().After(end):
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// ask asks the owner whether it is there, and in the name of a server to hand over.
func (s *Session) ask(ctx context.Context) error {
	if s.opts.Role == Primary {
		return s.call(ctx, "hand-over")
	}
	return s.call(ctx, "ping")
}

// takeOver makes this process the owner where nobody holds the lock.
func (s *Session) takeOver(ctx context.Context) error {
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	own, closed, early := s.own, s.closed, time.Now().Before(s.until)
	s.mu.Unlock()
	switch {
	case own != nil:
		return nil
	case closed:
		return errClosed
	case early:
		return &sqlite.InUseError{Path: s.opts.Path, Owner: "a server that starts"}
	}
	st, err := s.opts.Open(ctx)
	if err != nil {
		return err
	}
	own = newOwnership(s, st)
	s.mu.Lock()
	s.own = own
	s.mu.Unlock()
	return nil
}

var errClosed = errors.New("the session was closed")

// Store returns the store of a process that owns the file, else nil.
func (s *Session) Store() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil {
		return nil
	}
	return s.own.store
}

// enter returns what this process owns, for a request that leave must end; nil where another
// process is the owner.
func (s *Session) enter() *ownership {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own != nil {
		s.own.requests.Add(1)
	}
	return s.own
}

// standBy takes over whenever an owner ends, until the session is closed.
func (s *Session) standBy() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	for ctx.Err() == nil {
		s.mu.Lock()
		own := s.own
		s.mu.Unlock()
		if own != nil {
			select {
			case <-own.ended:
			case <-ctx.Done():
			}
			continue
		}
		if s.call(ctx, "watch") == nil { // it ended, and said that it hands over
			s.leaveLock()
		}
		if err := s.takeOver(ctx); err != nil {
			_ = sleep(ctx, pause)
		}
	}
}

// leaveLock lets a server have the lock.
func (s *Session) leaveLock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(truce)
}

// release ends the ownership, if there is one, and with it the lock.
func (s *Session) release(why ending) error {
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	own := s.own
	s.own = nil
	if why == handingOver {
		s.until = time.Now().Add(truce + drainTimeout)
	}
	s.mu.Unlock()
	if own == nil {
		return nil
	}
	err := own.end(why)
	if why == handingOver {
		s.leaveLock()
	}
	return err
}

// Stop has the owner take no more requests from others. It does not wait for those under way.
func (s *Session) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own != nil {
		s.own.stop(closing)
	}
}

// Close finishes the requests under way, as long as an owner waits for them, and closes the
// file of a process that owns it. It may be called again.
func (s *Session) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	err := s.release(closing)
	s.watch.Wait()
	return err
}

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
