package store

import (
	"sync"
	"sync/atomic"

	"crmkit/crm"
)

// shelf keeps the records that were read lately, ready to be shown. They lie in two
// generations: what is read moves to the young one, and when that has half the memory,
// the old one goes and the young one is old.
//
// A record stands there with the names of what it refers to, and counts as there only
// while those still are called so. Whoever reads says when that began, so that nothing
// of an earlier moment is put after a commit.
type shelf struct {
	mu         sync.Mutex
	limit      int64
	young, old map[shelved]kept
	bytes      int64 // of the young
	before     int64 // of the old

	hits, misses atomic.Int64
}

// shelved is what names a record.
type shelved struct {
	entity *crm.Entity
	key    int64
}

// kept is a record, or of one that others refer to only what it is called.
type kept struct {
	packed string // empty: not known
	called string
	size   int64 // in memory, about; 0: nothing is known
}

func newShelf(limit int64) *shelf {
	return &shelf{limit: limit, young: map[shelved]kept{}, old: map[shelved]kept{}}
}

// onShelf reports whether records of the table are kept: those that change only through
// the log of their workspace, and refer to such.
func (t *table) onShelf() bool {
	own := func(e *crm.Entity) bool { return !e.RandomID && e.Table == "" }
	for _, i := range t.labels {
		if !own(t.entity.Target(&t.entity.Fields[i])) {
			return false
		}
	}
	return own(t.entity)
}

// take puts the records with the keys into their places, and returns the places of those
// that are not there. All are of the moment at which the look began, or none is there.
func (s *shelf) take(r recall, t *table, keys []int64, records []crm.Record) (missing []int) {
	if s.limit > 0 && t.onShelf() && r.still() {
		packed := s.packed(t, keys)
		for i, key := range keys {
			if packed[i] != "" {
				records[i] = unpack(t.entity, key, packed[i])
			}
		}
		s.check(t, records)
	}
	still := r.still()
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

// packed returns what is there of records.
func (s *shelf) packed(t *table, keys []int64) []string {
	packed := make([]string, len(keys))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, key := range keys {
		packed[i] = s.find(shelved{t.entity, key}).packed
	}
	return packed
}

// check takes out the records of which something is called otherwise by now.
func (s *shelf) check(t *table, records []crm.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, rec := range records {
		if rec.Entity != nil && !s.holds(t, rec) {
			records[i] = crm.Record{}
		}
	}
}

// holds reports whether what the record refers to is called as the record says. The
// caller holds the lock.
func (s *shelf) holds(t *table, rec crm.Record) bool {
	for _, i := range t.labels {
		if v := rec.Values[i]; v.Set() {
			to := s.find(shelved{t.entity.Target(&t.entity.Fields[i]), v.Int})
			if to.size == 0 || to.called != rec.Labels[i] {
				return false
			}
		}
	}
	return true
}

// find returns what is there, and makes it young. The caller holds the lock.
func (s *shelf) find(of shelved) kept {
	k, found := s.young[of]
	if !found {
		if k, found = s.old[of]; found {
			s.put(of, k)
		}
	}
	return k
}

// keep puts records that were read since the look began.
func (s *shelf) keep(r recall, t *table, records []crm.Record) {
	if s.limit == 0 || !t.onShelf() {
		return
	}
	packed := make([]string, len(records))
	for i, rec := range records {
		packed[i] = pack(rec)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.still() { // some may have changed since
		return
	}
	for i, rec := range records {
		s.put(shelved{t.entity, rec.Key}, newKept(packed[i], rec.Value(t.entity.Display).Text))
		for _, i := range t.labels {
			if v := rec.Values[i]; v.Set() {
				s.name(shelved{t.entity.Target(&t.entity.Fields[i]), v.Int}, rec.Labels[i])
			}
		}
	}
}

// name notes what a record is called. The caller holds the lock.
func (s *shelf) name(of shelved, called string) {
	if k := s.find(of); k.size == 0 {
		s.put(of, newKept("", called))
	}
}

// put makes room and puts something among the young. The caller holds the lock.
func (s *shelf) put(of shelved, k kept) {
	if more := k.size - s.young[of].size; s.bytes+more > s.limit/2 {
		clear(s.old) // its room is used again
		s.young, s.old = s.old, s.young
		s.bytes, s.before = k.size, s.bytes
	} else {
		s.bytes += more
	}
	s.young[of] = k
}

// drop takes away what was changed.
func (s *shelf) drop(changed []shelved) {
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
func (s *shelf) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.old = map[shelved]kept{}, map[shelved]kept{}
	s.bytes, s.before = 0, 0
}

// weight returns about how much memory the shelf takes.
func (s *shelf) weight() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes + s.before
}

// entryCost is about the memory of what stands on the shelf beside its text: its place in
// a map, and how allocations are rounded.
const entryCost = 130

func newKept(packed, called string) kept {
	return kept{packed, called, entryCost + int64(len(packed)+len(called))}
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
