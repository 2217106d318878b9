package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/crm/catalog"
	"crmkit/store/spool"
)

func spoolStore(t *testing.T, path string) *Store {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Options{Path: path, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestSpoolsLeaveNothing checks that a spool can be read more than once, and that it leaves no file.
func TestSpoolsLeaveNothing(t *testing.T) {
	folder := t.TempDir()
	s := spoolStore(t, filepath.Join(folder, "crm.db"))
	sp, err := s.Spool()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("0123456789", 10_000)
	if _, err := io.WriteString(sp, text); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := io.ReadAll(sp.Reader()); err != nil || string(got) != text || sp.Size() != int64(len(text)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if err := sp.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*"+spool.Suffix+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSpoolsEndWithTheStore checks that a store closes its open spools when it closes.
func TestSpoolsEndWithTheStore(t *testing.T) {
	s := spoolStore(t, filepath.Join(t.TempDir(), "crm.db"))
	sp, err := s.Spool()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(sp, "x"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the spool is open: %v", err)
	}
	if err := sp.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpoolsOfAKilledProcessAreRemoved checks that Open removes the spools of a killed process, and no
// other file.
func TestSpoolsOfAKilledProcessAreRemoved(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "crm[1].db")
	left, other := path+spool.Suffix+"123", filepath.Join(folder, "crm1.db"+spool.Suffix+"123")
	for _, name := range []string{left, other} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exists := func(name string) bool { _, err := os.Stat(name); return err == nil }
	spoolStore(t, path).Close()
	if exists(left) || !exists(other) {
		t.Errorf("the spool of the killed process exists: %v, that of another database: %v", exists(left), exists(other))
	}
}
