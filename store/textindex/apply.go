package textindex

import "crmkit/crm"

// Apply updates the indexes with the records of a commit, as they are after it. It must be called
// before the commit is answered, in the order of the commits. It never panics.
func (s *Set) Apply(records []crm.Record) {
	if err := recovered(func() { s.apply(records) }); err != nil {
		s.opts.Log.Error("the text index could not follow a commit: memory is filled anew", "error", err)
		s.Clear()
	}
}

func (s *Set) apply(records []crm.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := map[*index][]document{}
	for _, rec := range records {
		if x := s.indexes[Key{crm.RecordWorkspace(rec.Key), rec.Entity}]; x != nil {
			changed[x] = append(changed[x], x.fields.ofRecord(rec))
		}
	}
	for x, docs := range changed {
		x.apply(docs)
		s.measure(x)
	}
	s.evict()
}

// Forget drops the indexes of a workspace that was deleted, or in which unknown changes were
// committed.
func (s *Set) Forget(workspace int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.fields {
		key := Key{workspace, e}
		if x := s.indexes[key]; x != nil {
			s.drop(x)
		}
		delete(s.retryAt, key)
		delete(s.logged, key)
	}
}

// Clear drops all indexes.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.indexes)
	s.bytes = 0
}
