package store

import (
	"context"
	"errors"
	"slices"

	"crmkit/crm"
)

// Large mirrors are filled beside the requests, one at a time. A search waits for its
// mirror, since SQL takes three times as long as to read the text, but not for ever: then
// SQL answers, which finds the same but for misspelled words.

// fillPatience is how long a search waits for a mirror that is filled: half of what it has.
const fillPatience = maxRead / 2

// smallIndex is up to how many records a mirror is filled by the search that needs it:
// some tens of milliseconds.
const smallIndex = 1 << 14

// begin fills a small mirror, for which its searches wait, and leaves a large one to the
// filler.
func (s *Store) begin(ctx context.Context, m *textIndex) {
	ctx = context.WithoutCancel(ctx)
	if last, err := s.lastOf(ctx, m); err != nil || last <= s.indexes.small {
		s.fill(ctx, m)
		return
	}
	s.indexes.enqueue(m)
}

func (ms *textIndexes) enqueue(m *textIndex) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.waiting = append(ms.waiting, m)
	ms.wakeFiller()
}

// wakeFiller tells the filler that there is work. The caller holds the lock.
func (ms *textIndexes) wakeFiller() {
	select {
	case ms.wake <- struct{}{}:
	default: // it was told
	}
}

// runFiller fills large mirrors until the store is closed.
func (s *Store) runFiller() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.done.Go(func() {
		<-s.stop
		cancel()
	})
	for ctx.Err() == nil {
		if m := s.indexes.next(); m != nil {
			s.fill(ctx, m)
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.indexes.wake:
		}
	}
}

// next returns the mirror to fill: one that a search asked for, else of the largest that
// nobody asked for yet, as long as half the memory is free. Nil: there is none.
func (ms *textIndexes) next() *textIndex {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if len(ms.waiting) > 0 {
		m := ms.waiting[0]
		ms.waiting = ms.waiting[1:]
		return m
	}
	for len(ms.largest) > 0 && ms.bytes < ms.limit/2 {
		of := ms.largest[0]
		ms.largest = ms.largest[1:]
		if ms.byKey[of] == nil {
			return ms.newTextIndex(of)
		}
	}
	ms.largest = nil
	return nil
}

// maxAhead is how many mirrors are filled before a search asks for them.
const maxAhead = 100

// FillAhead has the text of large workspaces read into memory before somebody searches
// it, the largest first. It returns at once.
func (s *Store) FillAhead(ctx context.Context) error {
	var largest []indexKey
	err := s.Read(ctx, func(v *ReadTx) error {
		return v.Rows(ctx, "SELECT workspace_id, kind FROM usage WHERE last > $1 AND n > 0 ORDER BY n DESC LIMIT $2", []any{s.indexes.small, maxAhead}, func(scan func(...any) error) error {
			var workspace int64
			var kind string
			err := scan(&workspace, &kind)
			at := slices.IndexFunc(s.Schema.Entities, func(e *crm.Entity) bool { return e.Plural == kind })
			if at >= 0 && s.indexes.layouts[s.Schema.Entities[at]].entity != nil {
				largest = append(largest, indexKey{workspace, s.Schema.Entities[at]})
			}
			return err
		})
	})
	s.indexes.mu.Lock()
	defer s.indexes.mu.Unlock()
	s.indexes.largest = largest
	s.indexes.wakeFiller()
	return err
}

// of returns the mirror that there is, filled or not; nil: there is none.
func (ms *textIndexes) of(what indexKey) *textIndex {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.byKey[what]
}

// filling reports whether a mirror is being filled, or waits for it.
func (ms *textIndexes) filling(what indexKey) bool {
	m := ms.of(what)
	if m == nil {
		return false
	}
	select {
	case <-m.ready:
		return false
	default:
		return true
	}
}

// lastOf returns the last number that was given to records of the kind.
func (s *Store) lastOf(ctx context.Context, m *textIndex) (last int64, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Rows(ctx, lastNumber, []any{m.workspace, m.entity.Plural}, func(scan func(...any) error) error { return scan(&last) })
	})
	return last, err
}

func (s *Store) readPart(ctx context.Context, m *textIndex, first int64) (lines []document, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, end, err := s.turn(ctx, crm.Actor{})
	if err != nil {
		return nil, err
	}
	defer end()
	var bad *damagedRow // which the log names once, not at each try
	err = s.Read(ctx, func(v *ReadTx) (err error) {
		if lines, err = m.readPage(ctx, v, first); errors.As(err, &bad) {
			return nil
		}
		return err
	})
	if bad != nil {
		return nil, bad
	}
	return lines, err
}

// apply takes in what was committed.
func (m *textIndex) apply(lines []document) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.state {
	case filling:
		m.wait(lines)
	case filled:
		m.put(lines)
	}
}

// kept returns an error where more was committed meanwhile than waits for the mirror.
func (m *textIndex) kept() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == failed {
		return errOvertaken
	}
	return nil
}

// wait keeps what was committed while the mirror is filled, or drops it all where that is
// too much. The caller holds the lock.
func (m *textIndex) wait(lines []document) {
	for _, l := range lines {
		m.behind += int64(len(l.text)+4*len(l.refs)) + lineCost
	}
	if m.pending = append(m.pending, lines); m.behind > m.most {
		m.state, m.pending = failed, nil
	}
}

// lineCost is about the memory of a line beside its text.
const lineCost = 64

// giveUp marks a mirror that was not filled: what is committed does not concern it.
func (m *textIndex) giveUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == filling {
		m.state, m.pending = failed, nil
	}
}
