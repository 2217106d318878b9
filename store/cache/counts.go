package cache

import "sync"

// Count is the result of a statement that counts.
type Count struct {
	N, More int64        // the caller knows their meaning
	Values  []ValueCount // must not be changed
}

// ValueCount is one value of a field and how many records have it.
type ValueCount struct {
	Value string
	N     int64
}

// maxText is how many bytes of text a cached count may have. So their number limits their memory.
const maxText = 500

// text returns how many bytes of text the count has.
func (c Count) text() (n int) {
	for _, v := range c.Values {
		n += len(v.Value)
	}
	return n
}

// counts are the counts of all workspaces.
type counts struct {
	limit   int
	mu      sync.Mutex
	entries map[Key]countEntry
}

// countEntry is a count and the version of the workspace at which it was computed.
type countEntry struct {
	Count
	version uint64
}

func (c *counts) get(key Key) (countEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.entries[key]
	return entry, found
}

// put stores a count. If there are too many, all others are dropped: most are of old versions.
func (c *counts) put(key Key, entry countEntry) {
	if c.limit == 0 || key == (Key{}) || entry.text() > maxText {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.limit {
		clear(c.entries)
	}
	c.entries[key] = entry
}

func (c *counts) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = map[Key]countEntry{}
}
