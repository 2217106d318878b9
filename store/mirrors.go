package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"crmkit/crm"
)

// How long a mirror that was too large, or that could not be filled, is not tried again.
// SQL answers meanwhile.
const (
	fillRetryAfter = time.Hour
	failedFor      = time.Minute
)

// lateShare is which part of the memory for mirrors what is committed while one is filled
// may take.
const lateShare = 8

// textIndexes are those in memory. When they grow beyond the limit, those that were not
// searched for longest are forgotten.
type textIndexes struct {
	mu       sync.Mutex
	limit    int64
	byKey    map[indexKey]*textIndex
	bytes    int64
	used     int64                  // searches so far
	later    map[indexKey]time.Time // those that could not be had, and when they are tried again
	told     map[indexKey]string    // what the log says of those
	layouts  map[*crm.Entity]indexedFields
	small    int64                         // up to how many records a search fills a mirror itself
	patience time.Duration                 // how long a search waits for a mirror
	waiting  []*textIndex                  // large ones that searches asked for, for the filler
	largest  []indexKey                    // what it fills when none of those waits
	wake     chan struct{}                 // has something when the filler has work
	derived  map[*crm.Entity][]*crm.Entity // by kind: those whose mirrors hold what follows from its records
}

// indexKey is what a mirror is of.
type indexKey struct {
	workspace int64
	entity    *crm.Entity
}

// errTooLarge says that a mirror would be over the limit.
var errTooLarge = errors.New("the text to search is larger than the memory for it")

// errOvertaken says that more was committed while a mirror was filled than may wait for it.
var errOvertaken = errors.New("too much was written while the text to search was read")

// errNotFilled is the error of a mirror until it is filled.
var errNotFilled = errors.New("the text to search was not read")

func newTextIndexes(schema *crm.Schema, limit int64) *textIndexes {
	m := &textIndexes{limit: limit, small: smallIndex, patience: fillPatience, wake: make(chan struct{}, 1), byKey: map[indexKey]*textIndex{}, later: map[indexKey]time.Time{}, told: map[indexKey]string{}, layouts: map[*crm.Entity]indexedFields{}, derived: map[*crm.Entity][]*crm.Entity{}}
	for _, e := range schema.Entities {
		if e.PlanLimited() && len(e.Search) > 0 {
			m.layouts[e] = newIndexedFields(e)
			for _, from := range m.layouts[e].derivedFrom(schema) {
				m.derived[from] = append(m.derived[from], e)
			}
		}
	}
	return m
}

// derivedFrom returns the kinds from whose records values of a mirror follow.
func (s indexedFields) derivedFrom(schema *crm.Schema) (kinds []*crm.Entity) {
	for _, f := range slices.Concat(s.Own, s.Refs) {
		if f.InheritedFrom != "" {
			kinds = append(kinds, s.entity.Target(s.entity.Field(f.InheritedFrom)))
		}
		if f.Rollup != nil {
			kinds = append(kinds, schema.ByName(f.Rollup.Child))
		}
	}
	return kinds
}

// textIndex returns the mirror of a kind, filled; nil where it is too large to have one, was
// not filled in time, or failed to fill: SQL answers then.
func (s *Store) textIndex(ctx context.Context, workspace int64, e *crm.Entity) (*textIndex, error) {
	m, fresh := s.indexes.reserve(indexKey{workspace, e}, s.Now())
	if m == nil {
		return nil, nil
	}
	if fresh {
		s.begin(ctx, m)
	}
	late := time.NewTimer(s.indexes.patience)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-m.ready:
	case <-late.C:
		return nil, nil
	}
	if m.err != nil {
		return nil, nil
	}
	return m, nil
}

// fill fills a mirror. What is wrong with a row must not end the process, which serves on
// without the mirror.
func (s *Store) fill(ctx context.Context, m *textIndex) {
	fault := recovered(func() error {
		m.fill(ctx, s)
		return nil
	})
	if told := s.indexes.enforceLimit(m, s.Now()); fault == nil {
		fault = told
	}
	var known *crm.Error // of a store that closes, or was logged as such
	if fault != nil && ctx.Err() == nil && !errors.As(fault, &known) {
		s.opts.Log.Error("the text to search was not read: SQL answers, and it is tried again", "workspace", m.workspace, "kind", m.entity.Plural, "error", fault)
	}
}

// reserve returns the mirror; fresh: the caller must fill it.
func (ms *textIndexes) reserve(of indexKey, now time.Time) (m *textIndex, fresh bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.limit == 0 || now.Before(ms.later[of]) {
		return nil, false
	}
	ms.used++
	if m = ms.byKey[of]; m == nil {
		m, fresh = ms.newTextIndex(of), true
	}
	m.used = ms.used
	return m, fresh
}

// newTextIndex returns a mirror that is to be filled. The caller holds the lock.
func (ms *textIndexes) newTextIndex(of indexKey) *textIndex {
	m := &textIndex{indexedFields: ms.layouts[of.entity], workspace: of.workspace, used: ms.used, most: ms.limit / lateShare, ready: make(chan struct{}), err: errNotFilled}
	ms.byKey[of] = m
	return m
}

// enforceLimit counts a mirror that was just filled, or drops it where that failed, and then
// returns what the log does not say yet.
func (ms *textIndexes) enforceLimit(m *textIndex, now time.Time) error {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	of := indexKey{m.workspace, m.entity}
	if ms.byKey[of] != m { // its workspace is gone
		return nil
	}
	if m.err != nil {
		delete(ms.byKey, of)
		return ms.postpone(of, m.err, now)
	}
	delete(ms.later, of)
	delete(ms.told, of)
	ms.measure(m)
	ms.evict()
	return nil
}

// postpone notes when a mirror is tried again. What happens as a matter of course is not
// for the log. The caller holds the lock.
func (ms *textIndexes) postpone(of indexKey, err error, now time.Time) error {
	if errors.Is(err, errTooLarge) {
		ms.later[of] = now.Add(fillRetryAfter)
		return nil
	}
	ms.later[of] = now.Add(failedFor)
	line, _, _ := strings.Cut(err.Error(), "\n") // a stack may stand behind it
	if errors.Is(err, errOvertaken) || ms.told[of] == line {
		return nil
	}
	ms.told[of] = line
	return err
}

// measure counts what a mirror takes now. The caller holds the lock.
func (ms *textIndexes) measure(m *textIndex) {
	size := m.memory()
	ms.bytes += size - m.size
	m.size = size
}

// apply brings the mirrors in step with records that were committed.
func (ms *textIndexes) apply(records []crm.Record) {
	lines := map[*textIndex][]document{}
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for _, rec := range records {
		if m := ms.byKey[indexKey{crm.RecordWorkspace(rec.Key), rec.Entity}]; m != nil {
			lines[m] = append(lines[m], m.document(rec))
		}
	}
	for m, changed := range lines {
		m.apply(changed)
		ms.measure(m)
	}
	ms.evict()
}

// evict forgets mirrors until the rest is within the limit. The caller holds the lock.
func (ms *textIndexes) evict() {
	for ms.bytes > ms.limit {
		var oldest *textIndex
		least := int64(math.MaxInt64)
		for _, m := range ms.byKey {
			if m.size > 0 && m.used < least {
				oldest, least = m, m.used
			}
		}
		if oldest == nil {
			return
		}
		ms.drop(oldest)
	}
}

func (ms *textIndexes) drop(m *textIndex) {
	delete(ms.byKey, indexKey{m.workspace, m.entity})
	ms.bytes -= m.size
}

// forget drops the mirrors of a workspace that was deleted.
func (ms *textIndexes) forget(workspace int64) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for e := range ms.layouts {
		of := indexKey{workspace, e}
		if m := ms.byKey[of]; m != nil {
			ms.drop(m)
		}
		delete(ms.later, of)
		delete(ms.told, of)
	}
}

// forgetDerived drops the mirrors of a workspace that hold what follows from records of a
// kind, or of any kind where it is nil: the log names those records alone.
func (ms *textIndexes) forgetDerived(workspace int64, from *crm.Entity) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for of, kinds := range ms.derived {
		if from != nil && from != of {
			continue
		}
		for _, e := range kinds {
			if m := ms.byKey[indexKey{workspace, e}]; m != nil {
				ms.drop(m)
			}
		}
	}
}

// clear drops all mirrors.
func (ms *textIndexes) clear() {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	clear(ms.byKey)
	ms.bytes = 0
}

// memory returns about how much memory the mirrors take.
func (ms *textIndexes) memory() int64 {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.bytes
}
