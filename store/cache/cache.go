package cache

// Limits bound a Cache.
type Limits struct {
	Records int64 // bytes of records; 0: none are kept
	Counts  int   // counts, of some hundred bytes each; 0: none are kept
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

// Clear drops all records and counts. What reads have taken from the database so far is not
// put any more: it may be as wrong as what was dropped.
func (c *Cache) Clear() {
	for i := range c.versions {
		c.versions[i].skip()
	}
	c.ClearRecords()
	c.counts.clear()
}

// ClearRecords drops all records: more of them may have changed than is known.
func (c *Cache) ClearRecords() { c.records.clear() }

// Invalidate drops records that a commit changes. It must be called while their version is
// odd.
func (c *Cache) Invalidate(changed []RecordKey) { c.records.invalidate(changed) }

// Stats are numbers about a Cache.
type Stats struct {
	Bytes  int64 // memory that records take, about
	Hits   int64 // records that were found, so far
	Misses int64 // and those that were not
}

// Stats returns the numbers of now.
func (c *Cache) Stats() Stats {
	return Stats{c.records.size(), c.records.hits.Load(), c.records.misses.Load()}
}
