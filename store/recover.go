package store

import (
	"fmt"
	"runtime/debug"
)

// A fault in a cache must not stop the database. What the writer does apart from the file
// runs under withRecover: updating the caches, and the functions given to Tx.After.

// recovered runs a step and returns a panic in it as an error.
func recovered(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return step()
}

// withRecover runs a step of the writer that does not touch the file. If it panics, the
// fault is logged and all caches are emptied: they may have missed a change.
func (s *Store) withRecover(step func()) {
	err := recovered(func() error { step(); return nil })
	if err == nil {
		return
	}
	s.opts.Log.Error("a step beside the database failed: memory is filled anew", "error", err)
	s.emptyCaches()
}

// emptyCaches empties all caches: it is not known what they should contain.
func (s *Store) emptyCaches() {
	for _, empty := range []func(){s.indexes.Clear, s.cache.Clear} {
		if err := recovered(func() error { empty(); return nil }); err != nil {
			s.opts.Log.Error("memory was not forgotten", "error", err)
		}
	}
}
