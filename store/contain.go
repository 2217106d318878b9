package store

import (
	"fmt"
	"runtime/debug"
)

// Memory must not be able to stop the database. Whatever the writer does beside the file
// itself runs contained: bringing memory in step, and what was to happen after a commit.

// recovered runs a step and turns a panic in it into an error.
func recovered(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return step()
}

// withRecover runs a step of the writer beside the file. Where it fails, all memory is
// forgotten, and is filled anew from the file.
func (s *Store) withRecover(step func()) {
	err := recovered(func() error { step(); return nil })
	if err == nil {
		return
	}
	s.opts.Log.Error("a step beside the database failed: memory is filled anew", "error", err)
	for _, forget := range []func(){s.indexes.Clear, s.cache.Clear} {
		if err := recovered(func() error { forget(); return nil }); err != nil {
			s.opts.Log.Error("memory was not forgotten", "error", err)
		}
	}
}
