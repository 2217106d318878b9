package store

import (
	"crmkit/crm"
	"crmkit/store/cache"
)

// updateCaches brings memory in step with a batch.
func (w *writer) updateCaches(batch []*job, err error) {
	w.store.withRecover(func() { w.follow(batch, err) })
	if err == nil {
		w.known.Store(w.flight.Load())
	}
	w.flight.Store(w.known.Load())
	bumpVersions(w.versions)
	w.versions, w.foreign, w.others = nil, nil, false
}

// follow brings mirrors and shelf in step with a batch. Where it is not known what was
// committed they are forgotten.
func (w *writer) follow(batch []*job, err error) {
	changed := w.foreign
	if w.others || err != nil { // a change changes more than the record that it names
		w.store.cache.ClearRecords()
	}
	for _, j := range batch {
		w.store.cache.Invalidate(j.invalidated)
		if err != nil || j.err == nil || j.commitsError() {
			changed = append(changed, j.changedRecords...)
		}
	}
	if err == nil {
		w.store.indexes.Apply(changed)
		return
	}
	for _, rec := range changed {
		w.store.indexes.Forget(crm.RecordWorkspace(rec.Key))
	}
}

// collectEffects adds the moments of a batch to those that end with it, each once: one that passed
// twice would look as if no commit were under way.
func (w *writer) collectEffects(batch []*job) {
	seen := map[*cache.Version]bool{}
	for _, m := range w.versions {
		seen[m] = true
	}
	for _, j := range batch {
		for _, m := range j.versions {
			if !seen[m] {
				seen[m], w.versions = true, append(w.versions, m)
			}
		}
	}
}

// bumpVersions marks that a commit begins or has ended.
func bumpVersions(versions []*cache.Version) {
	for _, v := range versions {
		v.Bump()
	}
}
