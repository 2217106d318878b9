package cache

import (
	"sync"
	"sync/atomic"

	"crmkit/crm"
)

// Layout is an entity with its references, as the cache needs them. It does not change.
type Layout struct {
	entity    *crm.Entity
	refs      []reference
	cacheable bool
}

// reference is a field of an entity that refers to another record.
type reference struct {
	position int
	target   *crm.Entity
}

// NewLayout returns the layout of an entity. It is cacheable if its records, and those that they
// refer to, change only with the version of their workspace.
func NewLayout(e *crm.Entity) *Layout {
	l := &Layout{entity: e, cacheable: ownTable(e)}
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.IsReference() {
			continue
		}
		l.refs = append(l.refs, reference{i, e.Target(f)})
		l.cacheable = l.cacheable && ownTable(e.Target(f))
	}
	return l
}

// ownTable reports whether an entity has a table whose rows change only through the records
// of the entity.
func ownTable(e *crm.Entity) bool { return !e.IsView() }

// Cacheable reports whether records of the entity can be cached.
func (l *Layout) Cacheable() bool { return l.cacheable }

// RecordKey identifies a record.
type RecordKey struct {
	Entity *crm.Entity
	Key    int64
}

// entry is a record, or only the label of one that others refer to.
type entry struct {
	encoded string // empty: only the label is known
	label   string
	size    int64 // about how many bytes of memory it takes; 0: there is no entry
}

// entryCost is about how many bytes an entry takes in addition to its text: a part of a map, and the
// rounding of allocations.
const entryCost = 130

func newEntry(encoded, label string) entry {
	return entry{encoded, label, entryCost + int64(len(encoded)+len(label))}
}

// records are the records of all workspaces, in two generations.
type records struct {
	limit int64

	mu         sync.Mutex
	young, old map[RecordKey]entry
	youngBytes int64
	oldBytes   int64

	hits, misses atomic.Int64
}

// batch is the records of one read.
type batch struct {
	layout  *Layout
	keys    []int64
	records []crm.Record // by the position of their key; a missing record has no entity
}

// get fills the batch with cached records, and returns the positions of the others.
func (r *records) get(s Snapshot, b batch) (missing []int) {
	if r.limit > 0 && b.layout.cacheable && s.Valid() {
		for i, encoded := range r.encoded(b) {
			if encoded != "" {
				b.records[i] = decodeRecord(b.layout.entity, b.keys[i], encoded)
			}
		}
		r.dropRenamed(b)
	}
	valid := s.Valid() // also after the records were decoded
	for i := range b.records {
		if !valid {
			b.records[i] = crm.Record{}
		}
		if b.records[i].Entity == nil {
			missing = append(missing, i)
		}
	}
	r.hits.Add(int64(len(b.keys) - len(missing)))
	r.misses.Add(int64(len(missing)))
	return missing
}

// encoded returns the encoded records of the batch, empty for those that are not cached.
func (r *records) encoded(b batch) []string {
	list := make([]string, len(b.keys))
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, key := range b.keys {
		list[i] = r.lookup(RecordKey{b.layout.entity, key}).encoded
	}
	return list
}

// dropRenamed removes the records from the batch that show an old label of another record, or the
// label of a record that is not cached any more.
func (r *records) dropRenamed(b batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, rec := range b.records {
		if rec.Entity != nil && !r.labelsCurrent(b.layout, rec) {
			b.records[i] = crm.Record{}
		}
	}
}

// labelsCurrent reports whether a record has the current labels of the records that it refers to.
// The caller holds the lock.
func (r *records) labelsCurrent(l *Layout, rec crm.Record) bool {
	for _, ref := range l.refs {
		if v := rec.Values[ref.position]; v.Set() {
			target := r.lookup(RecordKey{ref.target, v.Int})
			if target.size == 0 || target.label != rec.Labels[ref.position] {
				return false
			}
		}
	}
	return true
}

// lookup returns an entry and moves it to the young generation. The caller holds the lock.
func (r *records) lookup(key RecordKey) entry {
	e, found := r.young[key]
	if !found {
		if e, found = r.old[key]; found {
			r.insert(key, e)
		}
	}
	return e
}

// put stores records and the labels that they show. It does nothing if the snapshot is not valid any
// more, because records may have changed then.
func (r *records) put(s Snapshot, l *Layout, list []crm.Record) {
	if r.limit == 0 || !l.cacheable {
		return
	}
	encoded := make([]string, len(list))
	for i, rec := range list {
		encoded[i] = encodeRecord(rec)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.Valid() {
		return
	}
	for i, rec := range list {
		r.insert(RecordKey{l.entity, rec.Key}, newEntry(encoded[i], rec.Value(l.entity.LabelField).Text))
		for _, ref := range l.refs {
			if v := rec.Values[ref.position]; v.Set() {
				r.putLabel(RecordKey{ref.target, v.Int}, rec.Labels[ref.position])
			}
		}
	}
}

// putLabel stores the label of a record that is not cached. The caller holds the lock.
func (r *records) putLabel(key RecordKey, label string) {
	if r.lookup(key).size == 0 {
		r.insert(key, newEntry("", label))
	}
}

// insert adds an entry to the young generation, and drops the old one if there is no room. The caller
// holds the lock.
func (r *records) insert(key RecordKey, e entry) {
	if more := e.size - r.young[key].size; r.youngBytes+more > r.limit/2 {
		clear(r.old) // and use its memory again
		r.young, r.old = r.old, r.young
		r.youngBytes, r.oldBytes = e.size, r.youngBytes
	} else {
		r.youngBytes += more
	}
	r.young[key] = e
}

func (r *records) invalidate(changed []RecordKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range changed {
		r.youngBytes -= r.young[key].size
		r.oldBytes -= r.old[key].size
		delete(r.young, key)
		delete(r.old, key)
	}
}

func (r *records) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old = map[RecordKey]entry{}, map[RecordKey]entry{}
	r.youngBytes, r.oldBytes = 0, 0
}

// size returns about how many bytes of memory the records take.
func (r *records) size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.youngBytes + r.oldBytes
}
