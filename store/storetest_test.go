package store_test

import (
	"path/filepath"
	"testing"

	"crmkit/store"
	"crmkit/store/storetest"
)

// TestConfigurations runs the suite on each engine and with each part of memory switched off:
// answers depend on neither.
func TestConfigurations(t *testing.T) {
	file := func(change func(*store.Caches)) func(t *testing.T) store.Options {
		return func(t *testing.T) store.Options {
			caches := store.DefaultCaches()
			change(caches)
			return store.Options{Path: filepath.Join(t.TempDir(), "crmkit.db"), Caches: caches}
		}
	}
	for name, configure := range map[string]func(t *testing.T) store.Options{
		"memory":               func(*testing.T) store.Options { return store.Options{Path: store.Memory} },
		"file":                 file(func(*store.Caches) {}),
		"file without search":  file(func(c *store.Caches) { c.Search = 0 }),
		"file without records": file(func(c *store.Caches) { c.Records = 0 }),
		"file without counts":  file(func(c *store.Caches) { c.Counts = 0 }),
		"file without memory":  file(func(c *store.Caches) { *c = store.Caches{} }),
	} {
		t.Run(name, func(t *testing.T) { storetest.Run(t, configure) })
	}
}
