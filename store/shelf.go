package store

import (
	"sync"
	"sync/atomic"

	"crmkit/crm"
)

// recordCache keeps the records that were read lately, ready to be shown. They lie in two
// generations: what is read moves to the young one, and when that has half the memory,
// the old one goes and the young one is old.
//
// A record stands there with the names of what it refers to, and counts as there only
// while those still are called so. Whoever reads says when that began, so that nothing
// of an earlier moment is put after a commit.
type recordCache struct {
	mu         sync.Mutex
	limit      int64
	young, old map[recordKey]cachedRecord
	bytes      int64 // of the young
	before     int64 // of the old

	hits, misses atomic.Int64
}

// recordKey is what names a record.
type recordKey struct {
	entity *crm.Entity
	key    int64
}

// cachedRecord is a record, or of one that others refer to only what it is called.
type cachedRecord struct {
	encoded string // empty: not known
	label   string
	size    int64 // in memory, about; 0: nothing is known
}

func newRecordCache(limit int64) *recordCache {
	return &recordCache{limit: limit, young: map[recordKey]cachedRecord{}, old: map[recordKey]cachedRecord{}}
}

// cacheable reports whether records of the table are kept: those that change only through
// the log of their workspace, and refer to such.
func (t *mapping) cacheable() bool {
	own := func(e *crm.Entity) bool { return !e.RandomID && e.Table == "" }
	for _, i := range t.labels {
		if !own(t.entity.Target(&t.entity.Fields[i])) {
			return false
		}
	}
	return own(t.entity)
}

// get puts the records with the keys into their places, and returns the places of those
// that are not there. All are of the moment at which the look began, or none is there.
func (s *recordCache) get(r cacheSnapshot, t *mapping, keys []int64, records []crm.Record) (missing []int) {
	if s.limit > 0 && t.cacheable() && r.valid() {
		packed := s.encoded(t, keys)
		for i, key := range keys {
			if packed[i] != "" {
				records[i] = decodeRecord(t.entity, key, packed[i])
			}
		}
		s.labelsCurrent(t, records)
	}
	still := r.valid()
	for i := range records {
		if !still {
			records[i] = crm.Record{}
		}
		if records[i].Entity == nil {
			missing = append(missing, i)
		}
	}
	s.hits.Add(int64(len(keys) - len(missing)))
	s.misses.Add(int64(len(missing)))
	return missing
}

// encoded returns what is there of records.
func (s *recordCache) encoded(t *mapping, keys []int64) []string {
	packed := make([]string, len(keys))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, key := range keys {
		packed[i] = s.lookup(recordKey{t.entity, key}).encoded
	}
	return packed
}

// labelsCurrent takes out the records of which something is called otherwise by now.
func (s *recordCache) labelsCurrent(t *mapping, records []crm.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, rec := range records {
		if rec.Entity != nil && !s.hasLabels(t, rec) {
			records[i] = crm.Record{}
		}
	}
}

// hasLabels reports whether what the record refers to is called as the record says. The
// caller holds the lock.
func (s *recordCache) hasLabels(t *mapping, rec crm.Record) bool {
	for _, i := range t.labels {
		if v := rec.Values[i]; v.Set() {
			to := s.lookup(recordKey{t.entity.Target(&t.entity.Fields[i]), v.Int})
			if to.size == 0 || to.label != rec.Labels[i] {
				return false
			}
		}
	}
	return true
}

// lookup returns what is there, and makes it young. The caller holds the lock.
func (s *recordCache) lookup(of recordKey) cachedRecord {
	k, found := s.young[of]
	if !found {
		if k, found = s.old[of]; found {
			s.insert(of, k)
		}
	}
	return k
}

// put puts records that were read since the look began.
func (s *recordCache) put(r cacheSnapshot, t *mapping, records []crm.Record) {
	if s.limit == 0 || !t.cacheable() {
		return
	}
	packed := make([]string, len(records))
	for i, rec := range records {
		packed[i] = encodeRecord(rec)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.valid() { // some may have changed since
		return
	}
	for i, rec := range records {
		s.insert(recordKey{t.entity, rec.Key}, newCachedRecord(packed[i], rec.Value(t.entity.LabelField).Text))
		for _, i := range t.labels {
			if v := rec.Values[i]; v.Set() {
				s.label(recordKey{t.entity.Target(&t.entity.Fields[i]), v.Int}, rec.Labels[i])
			}
		}
	}
}

// label notes what a record is called. The caller holds the lock.
func (s *recordCache) label(of recordKey, called string) {
	if k := s.lookup(of); k.size == 0 {
		s.insert(of, newCachedRecord("", called))
	}
}

// insert makes room and puts something among the young. The caller holds the lock.
func (s *recordCache) insert(of recordKey, k cachedRecord) {
	if more := k.size - s.young[of].size; s.bytes+more > s.limit/2 {
		clear(s.old) // its room is used again
		s.young, s.old = s.old, s.young
		s.bytes, s.before = k.size, s.bytes
	} else {
		s.bytes += more
	}
	s.young[of] = k
}

// invalidate takes away what was changed.
func (s *recordCache) invalidate(changed []recordKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range changed {
		s.bytes -= s.young[of].size
		s.before -= s.old[of].size
		delete(s.young, of)
		delete(s.old, of)
	}
}

// clear takes everything away.
func (s *recordCache) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.old = map[recordKey]cachedRecord{}, map[recordKey]cachedRecord{}
	s.bytes, s.before = 0, 0
}

// memory returns about how much memory the shelf takes.
func (s *recordCache) memory() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes + s.before
}

// entryCost is about the memory of what stands on the shelf beside its text: its place in
// a map, and how allocations are rounded.
const entryCost = 130

func newCachedRecord(packed, called string) cachedRecord {
	return cachedRecord{packed, called, entryCost + int64(len(packed)+len(called))}
}

// textSize returns how many bytes of text a record holds.
func textSize(rec crm.Record) (n int) {
	for i, v := range rec.Values {
		n += len(v.Text) + len(rec.Labels[i])
		for _, label := range v.List() {
			n += len(label)
		}
		for _, m := range v.Members() {
			n += len(m.Name) + len(m.JSON)
		}
	}
	return n
}
