package txn

import (
	"crmkit/crm"
	"crmkit/store/cache"
)

// updateCaches brings the caches in step with a batch, and ends its commit for them. It runs
// before the writes of the batch are answered, so that clients find what they wrote.
func (w *writer) updateCaches(batch []*job, err error) {
	w.db.withRecover(func() { w.follow(batch, err) })
	if err == nil && w.committing > 0 {
		w.known.Store(w.committing)
	}
	bumpVersions(w.versions)
	w.versions, w.committing = nil, 0
}

// follow gives the changes of a batch to the caches. After an error it is not known what
// was committed, and they forget all that the batch may have changed.
func (w *writer) follow(batch []*job, err error) {
	var changed []crm.Record
	if err != nil { // what else has changed is not known
		w.db.cache.ClearRecords()
	}
	for _, j := range batch {
		w.db.cache.Invalidate(j.invalidated)
		if err != nil || j.err == nil || j.commitsError() {
			changed = append(changed, j.changedRecords...)
		}
	}
	if err == nil {
		w.db.indexes.Apply(changed)
		return
	}
	for _, rec := range changed {
		w.db.indexes.Forget(crm.RecordWorkspace(rec.Key))
	}
}

// collectEffects adds the versions that a batch changes to those that end with it, each
// once: one that is bumped twice would look as if no commit were under way.
func (w *writer) collectEffects(batch []*job) {
	seen := map[*cache.Version]bool{}
	for _, v := range w.versions {
		seen[v] = true
	}
	for _, j := range batch {
		for _, v := range j.versions {
			if !seen[v] {
				seen[v], w.versions = true, append(w.versions, v)
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
