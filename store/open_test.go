package store

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"crmkit/store/sqlite"
)

// TestOpensAtOnce opens and closes a file from several sides at once, also while it is made.
// When a write-ahead log is created or removed, SQLite answers at once that it is busy. Open must
// hide this: its only error is that another side owns the file.
func TestOpensAtOnce(t *testing.T) {
	for range 8 {
		path := filepath.Join(t.TempDir(), "crmkit.db")
		var done sync.WaitGroup
		for range 8 {
			done.Go(func() {
				var held *sqlite.InUseError
				s, err := Open(t.Context(), Options{Path: path, Schema: builtin(t)})
				for errors.As(err, &held) {
					time.Sleep(time.Millisecond)
					s, err = Open(t.Context(), Options{Path: path, Schema: builtin(t)})
				}
				if err == nil {
					err = errors.Join(s.Probe(t.Context()), s.Close())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}
}
