package cache

// Limits bound a Cache.
type Limits struct {
	Records int64 // bytes of records; 0: records are not cached
	Counts  int   // number of counts, of some hundred bytes each; 0: counts are not cached
}

// Sizes bound what a store keeps in memory to answer faster. Its answers are the same
// with any of them, but that without Search no misspelled words are looked for.
type Sizes struct {
	Search  int64 // bytes for the text that is searched; 0: none is kept
	Records int64 // bytes for records that were read lately; 0: none are kept
	Counts  int   // counts, of some hundred bytes each; 0: none are kept
}

// DefaultSizes returns those of a store whose options name none.
func DefaultSizes() *Sizes {
	return &Sizes{Search: 256 << 20, Records: 64 << 20, Counts: 10_000}
}

// Cache is the cache of all workspaces. It is safe for concurrent use.
type Cache struct {
	versions [1024]Version // by workspace; a few share one
	records  records
	counts   counts
}

// New returns an empty Cache.
func New(limits Limits) *Cache {
	c := &Cache{records: records{limit: limits.Records}, counts: counts{limit: limits.Counts}}
	c.Clear()
	return c
}

// Clear drops all records and counts, and ends all snapshots: reads that began before it put
// nothing, because the rows that they read may be as wrong as the dropped ones.
func (c *Cache) Clear() {
	for i := range c.versions {
		c.versions[i].skip()
	}
	c.ClearRecords()
	c.counts.clear()
}

// ClearRecords drops all records. It is called when a commit has changed records that it does not
// name.
func (c *Cache) ClearRecords() { c.records.clear() }

// Invalidate drops the records that a commit changes. It must be called while the version of their
// workspace is odd.
func (c *Cache) Invalidate(changed []RecordKey) { c.records.invalidate(changed) }

// Stats are numbers about a Cache.
type Stats struct {
	Bytes  int64 // about how much memory records take
	Hits   int64 // records found since the start
	Misses int64 // records not found
}

// Stats returns the present numbers.
func (c *Cache) Stats() Stats {
	return Stats{c.records.size(), c.records.hits.Load(), c.records.misses.Load()}
}
