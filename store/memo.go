package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
)

// countCache keep what was counted in a workspace until anything in it changes. They are
// numbers that a list would count anew for every page.
type countCache struct {
	versions [1024]atomic.Uint64 // by workspace: +1 before a commit that changes it, +1 after, so odd while one is under way
	mu       sync.Mutex
	limit    int
	entries  map[cacheKey]cachedCount
}

func newCountCache(most int) *countCache {
	return &countCache{limit: most, entries: map[cacheKey]cachedCount{}}
}

// cachedCount is what was counted, and at which moment of the workspace.
type cachedCount struct {
	n, more int64
	inUse   []ValueCount
	version uint64
}

// maxCachedText is how much text a memo may hold. Values with more are counted each time.
const maxCachedText = 500

// text returns how many bytes of text a memo holds.
func (m cachedCount) text() (n int) {
	for _, in := range m.inUse {
		n += len(in.Value)
	}
	return n
}

// version returns the counter that changes with the workspace. A few share one.
func (m *countCache) version(workspace int64) *atomic.Uint64 {
	return &m.versions[workspace%int64(len(m.versions))]
}

func (m *countCache) get(key cacheKey) (cachedCount, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, found := m.entries[key]
	return kept, found
}

// clear forgets all counts.
func (m *countCache) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
}

func (m *countCache) put(key cacheKey, kept cachedCount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) >= m.limit {
		clear(m.entries)
	}
	if m.limit > 0 {
		m.entries[key] = kept
	}
}

// cacheKey is the key under which a count is kept: the digest of a statement, its arguments
// and the workspace that it is about.
type cacheKey [sha256.Size]byte

// keyOf returns the key of what a statement counts in a workspace. Keys are equal only
// where all of these are.
func keyOf(workspace int64, text string, args []any) cacheKey {
	return sha256.Sum256(encoded(workspace, text, args))
}

// encoded writes a workspace and a statement so that no two are written alike: each part
// has a fixed length, or its length in front, and each argument its type.
func encoded(workspace int64, text string, args []any) []byte {
	b := make([]byte, 0, len(text)+16*(len(args)+2))
	b = withText(withInt(b, workspace), text)
	for _, arg := range args {
		switch v := arg.(type) {
		case int64:
			b = withInt(append(b, 'i'), v)
		case string:
			b = withText(append(b, 't'), v)
		default: // query compiles to no other types; TestArgumentsHaveKeys holds that
			panic(fmt.Sprintf("store: an argument of type %T has no key", arg))
		}
	}
	return b
}

func withInt(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

func withText(b []byte, text string) []byte {
	return append(withInt(b, int64(len(text))), text...)
}

// cacheSnapshot is a look at what is kept of one workspace, as of the moment it began.
type cacheSnapshot struct {
	*countCache
	now     *atomic.Uint64
	version uint64
}

// snapshot begins a look. What is read after it may be of a later moment.
func (m *countCache) snapshot(workspace int64) cacheSnapshot {
	now := m.version(workspace)
	return cacheSnapshot{m, now, now.Load()}
}

// getOrCompute returns what is kept under a key, or counts it.
func (r cacheSnapshot) getOrCompute(key cacheKey, count func() (cachedCount, error)) (cachedCount, error) {
	if kept, found := r.get(key); found && kept.version == r.version {
		return kept, nil
	}
	m, err := count()
	if m.version = r.version; err == nil && r.version%2 == 0 && m.text() <= maxCachedText {
		r.put(key, m)
	}
	return m, err
}

// valid reports whether the workspace is as it was when the look began.
func (r cacheSnapshot) valid() bool { return r.version%2 == 0 && r.now.Load() == r.version }
