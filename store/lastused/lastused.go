// Package lastused holds the last uses of tokens until they are written, so that a request that
// reads does not write. It does no I/O. Readers of tokens combine it with the rows.
package lastused

import (
	"maps"
	"sync"
)

// Buffer has the uses that are not written yet, and those of the last flush: a reader that read
// a row before the flush looks here after it. It is ready for use, by several goroutines.
type Buffer struct {
	mu      sync.Mutex
	used    map[string]Use // not written; by token id
	written map[string]Use // by the flush before the next All
}

// Use is the last use of a token.
type Use struct {
	User int64
	At   int64 // unix milliseconds
}

// Mark notes that a token was used.
func (b *Buffer) Mark(token string, use Use) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used == nil {
		b.used = map[string]Use{}
	}
	b.used[token] = use
}

// Since returns the later of at, which the row of the token has, and the last use in the
// buffer.
func (b *Buffer) Since(token string, at int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.used[token].At, b.written[token].At, at)
}

// All begins a flush: it returns the uses that are not written yet, and drops those that the
// flush before has written.
func (b *Buffer) All() map[string]Use {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.written = map[string]Use{}
	return maps.Clone(b.used)
}

// Of returns the last uses of one user's tokens, by token id.
func (b *Buffer) Of(user int64) map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := map[string]int64{}
	for _, uses := range []map[string]Use{b.written, b.used} { // a use that is not written is later
		for id, u := range uses {
			if u.User == user {
				own[id] = u.At
			}
		}
	}
	return own
}

// Saved notes that uses were written, unless the token was used again.
func (b *Buffer) Saved(tokens []string, used map[string]Use) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written == nil {
		b.written = map[string]Use{}
	}
	for _, id := range tokens {
		b.written[id] = used[id]
		if b.used[id] == used[id] {
			delete(b.used, id)
		}
	}
}
