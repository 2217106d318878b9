package txn

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
func (d *DB) withRecover(step func()) {
	err := recovered(func() error { step(); return nil })
	if err == nil {
		return
	}
	d.opts.Log.Error("a step beside the database failed: memory is filled anew", "error", err)
	d.emptyCaches()
}

// emptyCaches empties all caches: it is not known what they should contain.
func (d *DB) emptyCaches() {
	for _, empty := range []func(){d.indexes.Clear, d.cache.Clear} {
		if err := recovered(func() error { empty(); return nil }); err != nil {
			d.opts.Log.Error("memory was not forgotten", "error", err)
		}
	}
}
