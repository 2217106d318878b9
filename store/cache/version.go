package cache

import (
	"sync/atomic"

	"crmkit/crm"
)

// Version counts the begins and the ends of the commits that change a workspace.
type Version struct{ n atomic.Uint64 }

// Bump marks the begin of a commit, or its end, when the cache is up to date with it. Calls must be in
// pairs.
func (v *Version) Bump() { v.n.Add(1) }

// skip ends all snapshots. It neither begins nor ends a commit.
func (v *Version) skip() { v.n.Add(2) }

// Version returns the version of a workspace.
func (c *Cache) Version(workspace int64) *Version {
	return &c.versions[workspace%int64(len(c.versions))]
}

// Snapshot is the cache at one version of a workspace. A read takes it before it reads from the
// database.
type Snapshot struct {
	cache   *Cache
	version *Version
	number  uint64
}

// Snapshot returns a snapshot of the present version. It is not valid during a commit.
func (c *Cache) Snapshot(workspace int64) Snapshot {
	v := c.Version(workspace)
	return Snapshot{c, v, v.n.Load()}
}

// underway is the number of a snapshot that is never valid, as if taken during a commit.
const underway = 1

// Outdated returns a snapshot that is not valid: it finds nothing and puts nothing. It is for reads
// that do not read the commit of the cache.
func (c *Cache) Outdated() Snapshot { return Snapshot{c, new(Version), underway} }

// Valid reports whether the workspace has not changed since the snapshot was taken.
func (s Snapshot) Valid() bool { return s.number%2 == 0 && s.version.n.Load() == s.number }

// Records puts the cached records into records, at the positions of their keys, and returns the
// positions of the others. If the snapshot is not valid, all are missing.
func (s Snapshot) Records(layout *Layout, keys []int64, records []crm.Record) (missing []int) {
	return s.cache.records.get(s, batch{layout, keys, records})
}

// PutRecords puts records that were read after the snapshot was taken. It does nothing if the
// snapshot is not valid any more.
func (s Snapshot) PutRecords(layout *Layout, records []crm.Record) {
	s.cache.records.put(s, layout, records)
}

// Count returns the count with the key at the version of the snapshot. If it is not cached, it is
// computed and cached for this version. A snapshot that is not valid only computes.
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
