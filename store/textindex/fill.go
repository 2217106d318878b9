package textindex

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// A search fills a small index itself. Set.Run fills large ones, one at a time, so that many
// searches do not read the same tables at once. A search waits for its index, because a search
// in SQL takes about three times as long as reading the text, but no longer than Options.Wait.

// pageRows is how many record numbers are read at once. Between two pages others may use the
// connection.
const pageRows = 1 << 12

// Why an index is not filled.
var (
	errNotFilled = errors.New("the text to search was not read")
	errTooLarge  = errors.New("the text to search is larger than the memory for it")
	errOvertaken = errors.New("too much was written while the text to search was read")
)

// fill reads the rows of the index. Changes that are committed meanwhile are applied at the end.
func (x *index) fill(ctx context.Context, source Source, limit int64) {
	defer close(x.ready)
	defer x.abandon() // has no effect if the index is filled
	read := &index{fields: x.fields, vocabulary: vocabulary{}}
	err := x.read(ctx, source, func(docs []document) error {
		if read.put(docs); read.bytes > limit {
			return errTooLarge
		}
		return x.overtaken()
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil && x.state == failed {
		err = errOvertaken
	}
	if err != nil {
		x.err = err
		return
	}
	x.segments, x.vocabulary, x.bytes = read.segments, read.vocabulary, read.bytes
	x.uncounted, x.uncountedBytes = read.uncounted, read.uncountedBytes
	for _, docs := range x.waiting {
		x.put(docs)
	}
	x.state, x.waiting, x.err = filled, nil, nil
}

// read calls fn with the documents of each page, in the order of their numbers.
func (x *index) read(ctx context.Context, source Source, fn func([]document) error) error {
	last, err := source.LastNumber(ctx, x.key)
	for first := int64(0); first <= last && err == nil; first += pageRows {
		if err = ctx.Err(); err != nil {
			break
		}
		var docs []document
		page := Page{Key: x.key, Fields: x.fields, First: first, End: first + pageRows}
		if err = source.Rows(ctx, page, func(r Row) { docs = append(docs, x.fields.ofRow(r)) }); err == nil {
			err = fn(docs)
		}
	}
	return err
}

// overtaken returns an error if more changes were committed meanwhile than may wait.
func (x *index) overtaken() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state == failed {
		return errOvertaken
	}
	return nil
}

// abandon marks an index that could not be filled, so that changes no longer wait for it.
func (x *index) abandon() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state == filling {
		x.state, x.waiting = failed, nil
	}
}

// fill fills an index, and drops it if that fails. Neither a damaged row nor a fault in this
// package may end the process, because it works without the index.
func (s *Set) fill(ctx context.Context, x *index) {
	err := recovered(func() { x.fill(ctx, s.opts.Source, s.opts.Limit) })
	if unknown := s.settle(x); err == nil {
		err = unknown
	}
	if err != nil && ctx.Err() == nil && !isExpected(err) {
		s.opts.Log.Error("the text to search was not read: SQL answers, and it is tried again", "workspace", x.key.Workspace, "kind", x.key.Entity.Plural, "error", err)
	}
}

// start fills a small index, and leaves a large one to Run.
func (s *Set) start(ctx context.Context, x *index) {
	ctx = context.WithoutCancel(ctx) // other searches wait for it too
	last, err := s.opts.Source.LastNumber(ctx, x.key)
	if err != nil || last <= s.opts.InlineRecords {
		s.fill(ctx, x)
		return
	}
	s.enqueue(x)
}

func (s *Set) enqueue(x *index) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, x)
	s.wakeRun()
}

func (s *Set) wakeRun() {
	select {
	case s.wake <- struct{}{}:
	default: // Run has been woken already
	}
}

// Run fills large indexes until the context ends. If it does not run, searches of large workspaces
// wait for Options.Wait, and are then done in SQL.
func (s *Set) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if x := s.next(); x != nil {
			s.fill(ctx, x)
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		}
	}
}

// FillAhead makes Run fill indexes in this order before a search needs them, as long as half of
// the memory is free.
func (s *Set) FillAhead(keys []Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = keys
	s.wakeRun()
}

// next returns the index that Run fills next, or nil: those that searches need are first.
func (s *Set) next() *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 {
		x := s.queue[0]
		s.queue = s.queue[1:]
		return x
	}
	for len(s.ahead) > 0 && s.bytes < s.opts.Limit/2 {
		key := s.ahead[0]
		s.ahead = s.ahead[1:]
		if s.indexes[key] == nil {
			return s.add(key)
		}
	}
	s.ahead = nil
	return nil
}

// recovered runs a step and returns a panic in it as an error.
func recovered(step func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	step()
	return nil
}
