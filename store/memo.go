package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
)

// memos keep what was counted in a workspace until anything in it changes. They are
// numbers that a list would count anew for every page.
type memos struct {
	moments [1024]atomic.Uint64 // by workspace: +1 before a commit that changes it, +1 after, so odd while one is under way
	mu      sync.Mutex
	most    int
	kept    map[memoKey]memo
}

func newMemos(most int) *memos { return &memos{most: most, kept: map[memoKey]memo{}} }

// memo is what was counted, and at which moment of the workspace.
type memo struct {
	n, more int64
	inUse   []InUse
	moment  uint64
}

// maxMemoText is how much text a memo may hold. Values with more are counted each time.
const maxMemoText = 500

// text returns how many bytes of text a memo holds.
func (m memo) text() (n int) {
	for _, in := range m.inUse {
		n += len(in.Value)
	}
	return n
}

// moment returns the counter that changes with the workspace. A few share one.
func (m *memos) moment(workspace int64) *atomic.Uint64 {
	return &m.moments[workspace%int64(len(m.moments))]
}

func (m *memos) get(key memoKey) (memo, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, found := m.kept[key]
	return kept, found
}

// clear forgets all counts.
func (m *memos) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.kept)
}

func (m *memos) put(key memoKey, kept memo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) >= m.most {
		clear(m.kept)
	}
	if m.most > 0 {
		m.kept[key] = kept
	}
}

// memoKey is the key under which a count is kept: the digest of a statement, its arguments
// and the workspace that it is about.
type memoKey [sha256.Size]byte

// keyOf returns the key of what a statement counts in a workspace. Keys are equal only
// where all of these are.
func keyOf(workspace int64, text string, args []any) memoKey {
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

// recall is a look at what is kept of one workspace, as of the moment it began.
type recall struct {
	*memos
	now   *atomic.Uint64
	began uint64
}

// recall begins a look. What is read after it may be of a later moment.
func (m *memos) recall(workspace int64) recall {
	now := m.moment(workspace)
	return recall{m, now, now.Load()}
}

// memo returns what is kept under a key, or counts it.
func (r recall) memo(key memoKey, count func() (memo, error)) (memo, error) {
	if kept, found := r.get(key); found && kept.moment == r.began {
		return kept, nil
	}
	m, err := count()
	if m.moment = r.began; err == nil && r.began%2 == 0 && m.text() <= maxMemoText {
		r.put(key, m)
	}
	return m, err
}

// still reports whether the workspace is as it was when the look began.
func (r recall) still() bool { return r.began%2 == 0 && r.now.Load() == r.began }
