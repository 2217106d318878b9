package store

import (
	"sync/atomic"

	"crmkit/crm"
)

// reflect brings memory in step with a batch.
func (w *writer) reflect(batch []*job, err error) {
	w.store.aside(func() { w.follow(batch, err) })
	if err == nil {
		w.known.Store(w.flight.Load())
	}
	w.flight.Store(w.known.Load())
	pass(w.moments)
	w.moments, w.foreign, w.others = nil, nil, false
}

// follow brings mirrors and shelf in step with a batch. Where it is not known what was
// committed they are forgotten.
func (w *writer) follow(batch []*job, err error) {
	changed := w.foreign
	if w.others || err != nil { // a change changes more than the record that it names
		w.store.shelf.clear()
	}
	for _, j := range batch {
		w.store.shelf.drop(j.spoiled)
		if err != nil || j.err == nil || j.keeps() {
			changed = append(changed, j.changed...)
		}
	}
	if err == nil {
		w.store.mirrors.follow(changed)
		return
	}
	for _, rec := range changed {
		w.store.mirrors.forget(crm.RecordWorkspace(rec.Key))
	}
}

// note adds the moments of a batch to those that end with it, each once: one that passed
// twice would look as if no commit were under way.
func (w *writer) note(batch []*job) {
	seen := map[*atomic.Uint64]bool{}
	for _, m := range w.moments {
		seen[m] = true
	}
	for _, j := range batch {
		for _, m := range j.moments {
			if !seen[m] {
				seen[m], w.moments = true, append(w.moments, m)
			}
		}
	}
}

// pass marks that a commit begins or has ended.
func pass(moments []*atomic.Uint64) {
	for _, m := range moments {
		m.Add(1)
	}
}
