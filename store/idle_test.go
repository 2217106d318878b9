package store

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/store/storetest/kit"
)

// copied returns a copy of the database file without its write-ahead log, as cp makes one.
func (f *fixture) copied() (path string) {
	f.t.Helper()
	data, err := os.ReadFile(f.opts.Path)
	must(f.t, err)
	path = filepath.Join(f.t.TempDir(), "copy.db")
	must(f.t, os.WriteFile(path, data, 0o600))
	return path
}

// TestIdleStoreIsWholeInItsFile copies the file of an idle store without its write-ahead log. The
// copy has every write.
func TestIdleStoreIsWholeInItsFile(t *testing.T) {
	c := kit.NewClock()
	f := openWith(t, c, Options{Path: filepath.Join(t.TempDir(), "crmkit.db"), Schema: builtin(t), Clock: c.Now, Rand: rand.NewChaCha8([32]byte{1}), idle: time.Millisecond})
	ann := f.member("ann@example.com")
	for range 3 {
		f.save(ann, "contact", "name", "Jane")
		for deadline := time.Now().Add(10 * time.Second); f.Stats().LogBytes > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the log of an idle store is not written into its file")
			}
		}
		again := openAt(t, f.copied())
		if got, want := again.names(ann), f.names(ann); got != want {
			t.Fatalf("the copy has %q, the file %q", got, want)
		}
	}
}

// TestFileWithoutItsLogIsNoticed opens a copy of the file of a store at work without its
// write-ahead log, which has all writes. The store says so in its log.
func TestFileWithoutItsLogIsNoticed(t *testing.T) {
	f := onFile(t)
	f.member("ann@example.com")
	var log bytes.Buffer
	openWith(t, kit.NewClock(), Options{Path: f.copied(), LockAs: "crmkit serve", Schema: builtin(t), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "its log was not copied with it") {
		t.Errorf("the log says %q", log.String())
	}
}
