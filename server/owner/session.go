package owner

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"crmkit/store"
	"crmkit/store/postgres"
	"crmkit/store/sqlite"
)

// Role says how a process behaves while it owns a file.
type Role int

const (
	// Brief is for commands that end soon. They make no socket; other processes wait for their end.
	Brief Role = iota
	// Busy is for commands that take long, like an import. They answer others until they end.
	Busy
	// Standby is for processes of MCP clients. They watch the owner, and one of them takes over
	// when it ends. As owners they hand over to a server.
	Standby
	// Primary is for the server. It asks the owner to hand over, and hands over to nobody.
	Primary
)

// Options are the database of a session and the role of its process.
type Options struct {
	Path    string // as in store.Options
	As      string // the command, like "crmkit mcp"
	Role    Role
	Version string       // of this program
	Log     *slog.Logger // for failures of the socket and of the API
	// Open takes the lock, opens the file and starts its writer. The error is, or wraps, a
	// sqlite.InUseError where another process holds the lock.
	Open func(context.Context) (*store.Store, error)
}

const (
	// patience is how long a process waits for an owner that does not answer yet or any more:
	// it starts, ends, or upgrades the schema of the file.
	patience = 10 * time.Second
	// pause is the time between two tries to find or become the owner.
	pause = 20 * time.Millisecond
	// truce is how long a process that handed over, or watched one that did, does not try to
	// take the lock, so that the server gets it.
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
	mu     sync.Mutex // guards the fields below
	own    *ownership // nil: another process is the owner
	closed bool
	until  time.Time // no try to become the owner before
}

// Open finds the owner of the file, or makes this process the owner. If another process holds
// the file and does not share it, the error is a sqlite.InUseError. The caller closes the
// session.
func Open(ctx context.Context, opts Options) (*Session, error) {
	if opts.Path == store.Memory || postgres.IsAddress(opts.Path) {
		opts.Role = Brief // nobody else can work on it, or everybody by itself
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
		found := s.askUntil(ctx, end)
		switch {
		case found == nil && s.opts.Role != Primary:
			return nil
		case errors.Is(found, errRefused):
			return err
		case time.Now().After(end):
			held.Owner += ", which does not answer"
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// askUntil checks that the owner answers, and for a server asks it to hand over. An owner that
// accepts a connection and does not answer, as one that was stopped, is an error at the end.
func (s *Session) askUntil(ctx context.Context, end time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	if s.opts.Role == Primary {
		return s.call(ctx, "hand-over")
	}
	return s.call(ctx, "ping")
}

// takeOver makes this process the owner if nobody holds the lock. The lock alone decides:
// several processes may try at the same time. If another process holds it, or a server is
// about to, the error is a sqlite.InUseError.
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
		return &sqlite.InUseError{Path: s.opts.Path, Owner: "a server that is starting"}
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

// errClosed is the error of requests after Close.
var errClosed = errors.New("the session was closed")

// Store returns the store if this process owns the file, else nil.
func (s *Session) Store() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil {
		return nil
	}
	return s.own.store
}

// enter returns the ownership of this process and counts a request of it, for which the caller
// calls requests.Done. It is nil if another process is the owner.
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
		if s.call(ctx, "watch") == nil { // it hands over
			s.leaveLock()
		}
		if err := s.takeOver(ctx); err != nil {
			_ = sleep(ctx, pause)
		}
	}
}

// leaveLock keeps this process from taking the lock for the time of truce.
func (s *Session) leaveLock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(truce)
}

// release ends the ownership of this process, if it has one, and releases the lock. While it
// hands over, standBy must not take the lock again; so the time of truce begins twice, before
// the end and after it.
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

// Stop makes an owner take no more requests from other processes. It does not wait for those
// under way; Close does.
func (s *Session) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own != nil {
		s.own.stop(closing)
	}
}

// Close ends the session. An owner lets the requests under way finish for some seconds, and
// closes the file. Close may be called again.
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

// sleep waits for d, or until the context ends, which is an error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
