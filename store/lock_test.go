package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/store/sqlite"
	"crmkit/store/storetest/kit"
)

// served opens a file as a server does.
func served(t *testing.T, path string) *fixture {
	t.Helper()
	c := kit.NewClock()
	return openWith(t, c, Options{Path: path, Schema: builtin(t), Clock: c.Now, LockAs: "crmkit serve"})
}

// TestAFileHasOneOwner opens a file that a server has open, by its name and by a link. It can be
// opened when the server has closed it.
func TestAFileHasOneOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	first := served(t, path)
	link := filepath.Join(t.TempDir(), "other.db")
	must(t, os.Symlink(path, link))
	for _, name := range []string{path, link} {
		for _, as := range []string{"", "crmkit serve"} {
			refused(t, Options{Path: name, Schema: builtin(t), LockAs: as}, "in use by crmkit serve, process ")
		}
	}
	must(t, first.Close())
	second := openAt(t, path)
	refused(t, Options{Path: path, Schema: builtin(t)}, "in use by crmkit, process ")
	must(t, second.Close())
	served(t, path)
}

func TestMemoryNeedsNoLock(t *testing.T) {
	served(t, Memory)
	served(t, Memory)
	if _, err := os.Stat(sqlite.LockName(Memory)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lock file for a database in memory: %v", err)
	}
}

// TestNoUpgradeUnderAServer checks that a newer binary leaves the schema alone while an older
// server runs.
func TestNoUpgradeUnderAServer(t *testing.T) {
	path, _, ann := madeFile(t)
	old := served(t, path)
	c := kit.NewClock()
	refused(t, widgetOptions(t, c, path), "in use by crmkit serve, process ")
	old.save(ann, "contact", "name", "still the old schema")
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	openWith(t, c, widgetOptions(t, c, path)).save(ann, "widget", "label", "Bolt")
}

func TestFilesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	served(t, path).member("ann@example.com")
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path+suffix, info, err)
		}
	}
}

// TestRefusalsLeaveNothing checks that a refused file gets no lock, log or copy beside it.
func TestRefusalsLeaveNothing(t *testing.T) {
	path := foreign(t, "PRAGMA journal_mode = WAL", "CREATE TABLE contacts (name TEXT)")
	refused(t, Options{Path: path, Schema: builtin(t), LockAs: "crmkit serve"}, "not one of crmkit")
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder of the refused file has %v, %v", entries, err)
	}
}

// TestDamagedFileIsRefused cuts a file short, and writes over its first page.
func TestDamagedFileIsRefused(t *testing.T) {
	for says, damage := range map[string]func(data []byte) []byte{
		"is damaged":     func(data []byte) []byte { return data[:len(data)/2] },
		"no SQLite file": func(data []byte) []byte { copy(data, "SQLite formal 3"); return data },
	} {
		path, _, _ := madeFile(t)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(data), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, Options{Path: path, Schema: builtin(t), LockAs: "crmkit serve"}, says)
	}
}

func TestMissingFolderIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "crmkit.db")
	if s, err := Open(t.Context(), Options{Path: path, Schema: builtin(t)}); err == nil || !strings.Contains(err.Error(), "the folder of "+path) {
		t.Errorf("opened %v, %v", s, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

// TestLinkToMissingFileHasOneLock opens a file through a link before the file exists: the next
// process, for which it exists, meets the same lock.
func TestLinkToMissingFileHasOneLock(t *testing.T) {
	folder := t.TempDir()
	must(t, os.Mkdir(filepath.Join(folder, "data"), 0o700))
	must(t, os.Symlink("data", filepath.Join(folder, "way")))
	for name, target := range map[string]string{
		"absolute.db": filepath.Join(folder, "data", "a.db"), "relative.db": "data/b.db", "through.db": "way/c.db", "chain.db": "through2.db", "through2.db": "way/d.db",
	} {
		link := filepath.Join(folder, name)
		if _, err := os.Lstat(link); err != nil {
			must(t, os.Symlink(target, link))
		}
	}
	for _, name := range []string{"absolute.db", "relative.db", "through.db", "chain.db"} {
		link := filepath.Join(folder, name)
		openAt(t, link)
		if second, err := Open(t.Context(), Options{Path: link, Schema: builtin(t)}); err == nil {
			t.Errorf("%s has two owners", name)
			must(t, second.Close())
		}
	}
	loop := filepath.Join(folder, "loop.db")
	must(t, os.Symlink("loop.db", loop))
	if s, err := Open(t.Context(), Options{Path: loop, Schema: builtin(t)}); err == nil {
		t.Error("a link to itself was opened")
		must(t, s.Close())
	}
}
