package cache

import (
	"sync/atomic"

	"crmkit/crm"
)

// Version counts the commits that change a workspace, each twice.
type Version struct{ n atomic.Uint64 }

// Bump marks that a commit begins, or that it has ended and the cache is in step with it.
// The two must come in pairs.
func (v *Version) Bump() { v.n.Add(1) }

// skip ends all snapshots. A commit that is under way stays so.
func (v *Version) skip() { v.n.Add(2) }

// Version returns the version of a workspace.
func (c *Cache) Version(workspace int64) *Version {
	return &c.versions[workspace%int64(len(c.versions))]
}

// Snapshot is the cache as of one version of a workspace. A read takes it before it reads
// from the database.
type Snapshot struct {
	cache   *Cache
	version *Version
	number  uint64
}

// Snapshot returns a snapshot of now.
func (c *Cache) Snapshot(workspace int64) Snapshot {
	v := c.Version(workspace)
	return Snapshot{c, v, v.n.Load()}
}

// underway is the number of a snapshot that was taken during a commit, which is never
// valid.
const underway = 1

// Outdated returns a snapshot that is not valid: it finds nothing, and puts nothing. It is
// for reads that know that the cache is not in step with what they read.
func (c *Cache) Outdated() Snapshot { return Snapshot{c, new(Version), underway} }

// Valid reports whether the workspace has not changed since the snapshot was taken.
func (s Snapshot) Valid() bool { return s.number%2 == 0 && s.version.n.Load() == s.number }

// Records puts the cached records with the given keys into their places, and returns the
// places of those that are missing. Either all records are of the snapshot's version, or
// all are missing.
func (s Snapshot) Records(layout *Layout, keys []int64, records []crm.Record) (missing []int) {
	return s.cache.records.get(s, batch{layout, keys, records})
}

// PutRecords puts records that were read since the snapshot was taken.
func (s Snapshot) PutRecords(layout *Layout, records []crm.Record) {
	s.cache.records.put(s, layout, records)
}

// Count returns the count with the key. A count that is not cached is computed.
func (s Snapshot) Count(key Key, compute func() (Count, error)) (Count, error) {
	if entry, found := s.cache.counts.get(key); found && entry.version == s.number {
		return entry.Count, nil
	}
	count, err := compute()
	if err == nil && s.number%2 == 0 {
		s.cache.counts.put(key, countEntry{count, s.number})
	}
	return count, err
}
