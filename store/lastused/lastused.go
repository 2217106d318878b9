// Package lastused holds the last uses of tokens until they are written, so that a request that
// reads does not write. It does no I/O. Readers of tokens combine it with the rows.
package lastused

import (
	"maps"
	"sync"
)

// Buffer has the uses that are not written yet. It is ready for use, by several goroutines.
type Buffer struct {
	mu   sync.Mutex
	used map[string]Use // by token id
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

// Since returns the later of at and the last use in the buffer.
func (b *Buffer) Since(id string, at int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.used[id].At, at)
}

// All returns the uses that are not written yet.
func (b *Buffer) All() map[string]Use {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.used)
}

// Of returns those of one user, by token id.
func (b *Buffer) Of(user int64) map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := map[string]int64{}
	for id, u := range b.used {
		if u.User == user {
			own[id] = u.At
		}
	}
	return own
}

// Saved removes uses that were written, unless the token was used again.
func (b *Buffer) Saved(ids []string, used map[string]Use) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if b.used[id] == used[id] {
			delete(b.used, id)
		}
	}
}
