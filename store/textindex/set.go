package textindex

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"crmkit/crm"
)

// How long after an index was too large, or could not be filled, it is tried again.
const (
	retryTooLarge = time.Hour
	retryFailed   = time.Minute
)

// waitingShare is the part of the memory, as a divisor, for changes that wait until an index is
// filled.
const waitingShare = 8

// Defaults of Options.
const (
	defaultWait          = 10 * time.Second
	defaultInlineRecords = 1 << 14 // reading them takes some tens of milliseconds
)

// Options configure a Set.
type Options struct {
	Schema *crm.Schema
	Source Source
	Limit  int64            // bytes of memory; 0: nothing is indexed
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged

	Wait          time.Duration // how long a search waits for an index that is being filled; 0: 10 s
	InlineRecords int64         // with more records an index is filled by Run, with fewer by the search itself; 0: 16384
}

// Set is the indexes of all workspaces. It is safe for concurrent use.
type Set struct {
	opts   Options
	fields map[*crm.Entity]Fields // of the searched kinds
	wake   chan struct{}          // has an element when Run has work

	mu       sync.Mutex // guards the fields below
	indexes  map[Key]*index
	bytes    int64             // of all filled indexes
	searches int64             // so far
	retryAt  map[Key]time.Time // when indexes that could not be filled are tried again
	logged   map[Key]string    // the error of each that was logged last
	queue    []*index          // for Run: searches need them
	ahead    []Key             // for Run, if the queue is empty
}

// Key names an index: all records of a kind in a workspace.
type Key struct {
	Workspace int64
	Entity    *crm.Entity
}

// New returns a Set without indexes.
func New(opts Options) *Set {
	opts.Wait = cmp.Or(opts.Wait, defaultWait)
	opts.InlineRecords = cmp.Or(opts.InlineRecords, defaultInlineRecords)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Set{opts: opts, wake: make(chan struct{}, 1), fields: map[*crm.Entity]Fields{},
		indexes: map[Key]*index{}, retryAt: map[Key]time.Time{}, logged: map[Key]string{}}
	for _, e := range opts.Schema.Entities {
		if !e.PlanLimited() || len(e.Search) == 0 {
			continue
		}
		s.fields[e] = newFields(e)
	}
	return s
}

// Indexes reports whether the set has indexes for the kind.
func (s *Set) Indexes(e *crm.Entity) bool { return s.fields[e].Entity != nil }

// InlineRecords returns up to how many records of a kind its first search fills the index itself.
// FillAhead is not needed for these.
func (s *Set) InlineRecords() int64 { return s.opts.InlineRecords }

// get returns a filled index, or nil: it is too large, could not be filled, or not in time.
func (s *Set) get(ctx context.Context, key Key) (*index, error) {
	x, isNew := s.reserve(key)
	if x == nil {
		return nil, nil
	}
	if isNew {
		s.start(ctx, x)
	}
	late := time.NewTimer(s.opts.Wait)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-x.ready:
	case <-late.C:
		return nil, nil
	}
	if x.err != nil {
		return nil, nil
	}
	return x, nil
}

// reserve returns an index, or nil if it must not be tried again yet. The caller must fill it if it
// is new.
func (s *Set) reserve(key Key) (x *index, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Limit == 0 || s.opts.Now().Before(s.retryAt[key]) {
		return nil, false
	}
	s.searches++
	if x = s.indexes[key]; x == nil {
		x, isNew = s.add(key), true
	}
	x.lastUsed = s.searches
	return x, isNew
}

// add adds an index that is to be filled. The caller holds the lock.
func (s *Set) add(key Key) *index {
	x := newIndex(key, s.fields[key.Entity])
	x.lastUsed, x.maxWaiting = s.searches, s.opts.Limit/waitingShare
	s.indexes[key] = x
	return x
}

// settle adds the size of an index that was filled to that of the set, or drops an index that could
// not be filled. It returns the error if it should be logged.
func (s *Set) settle(x *index) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.indexes[x.key] != x { // it was dropped meanwhile
		return nil
	}
	if x.err != nil {
		delete(s.indexes, x.key)
		return s.postpone(x.key, x.err)
	}
	delete(s.retryAt, x.key)
	delete(s.logged, x.key)
	s.measure(x)
	s.evict()
	return nil
}

// postpone sets when an index is tried again. It returns the error if it should be logged: errors
// of normal operation, and errors that were logged already, are not. The caller holds the lock.
func (s *Set) postpone(key Key, err error) error {
	if errors.Is(err, errTooLarge) {
		s.retryAt[key] = s.opts.Now().Add(retryTooLarge)
		return nil
	}
	s.retryAt[key] = s.opts.Now().Add(retryFailed)
	line, _, _ := strings.Cut(err.Error(), "\n") // a stack may follow, which is not always the same
	if errors.Is(err, errOvertaken) || s.logged[key] == line {
		return nil
	}
	s.logged[key] = line
	return err
}

// isExpected reports whether an error needs no line in the log: the store is closing, or
// has logged it itself.
func isExpected(err error) bool {
	var known *crm.Error
	return errors.As(err, &known)
}

// measure updates the size of an index in that of the set. The caller holds the lock.
func (s *Set) measure(x *index) {
	size := x.size()
	s.bytes += size - x.measured
	x.measured = size
}

// evict drops the indexes that were used least recently until the rest is within the limit.
// The caller holds the lock.
func (s *Set) evict() {
	for s.bytes > s.opts.Limit {
		var oldest *index
		least := int64(math.MaxInt64)
		for _, x := range s.indexes {
			if x.measured > 0 && x.lastUsed < least {
				oldest, least = x, x.lastUsed
			}
		}
		if oldest == nil {
			return
		}
		s.drop(oldest)
	}
}

func (s *Set) drop(x *index) {
	delete(s.indexes, x.key)
	s.bytes -= x.measured
}

// State says whether an index can be searched.
type State int

// There is no index; it waits to be filled or is being filled; it is filled.
const (
	Absent State = iota
	Filling
	Ready
)

// State returns the state of an index.
func (s *Set) State(key Key) State {
	s.mu.Lock()
	x := s.indexes[key]
	s.mu.Unlock()
	if x == nil {
		return Absent
	}
	select {
	case <-x.ready:
		return Ready
	default:
		return Filling
	}
}

// Len returns how many indexes there are, filled or not.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.indexes)
}

// Bytes returns about how much memory the indexes take.
func (s *Set) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}
