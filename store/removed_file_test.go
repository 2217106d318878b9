package store

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/storetest/kit"
)

// TestRemovedFile moves the file of a store at work away. The store must refuse writes, which would
// be lost with the process, and accept them again when the file is back.
func TestRemovedFile(t *testing.T) {
	f := onFile(t)
	actor := f.member("ann@example.com")
	path := f.opts.Path
	save := func() error {
		return f.Write(t.Context(), actor, func(tx *Tx) error {
			return tx.Log("contact.test", "contact")
		})
	}
	must(t, save())
	for name, replace := range map[string]func(){
		"moved":    func() {},
		"replaced": func() { must(t, os.WriteFile(path, nil, 0o600)) },
	} {
		must(t, os.Rename(path, path+".away"))
		replace()
		var known *crm.Error
		if err := save(); !errors.As(err, &known) || known.Code != crm.NotReady || !strings.Contains(known.Hint, "removed, moved or replaced") {
			t.Errorf("%s: a write answers %v", name, err)
		}
		if err := f.Probe(t.Context()); err == nil {
			t.Errorf("%s: the store says that it takes writes", name)
		}
		must(t, os.Rename(path+".away", path))
		must(t, save())
	}
}

// TestBackupsOfAnotherDatabase checks that a backup does not replace or remove the backups of
// another database with the same name.
func TestBackupsOfAnotherDatabase(t *testing.T) {
	first, _, _ := madeFile(t)
	c := kit.NewClock()
	other := openWith(t, c, Options{Path: filepath.Join(t.TempDir(), "crmkit.db"), Schema: builtin(t), Clock: c.Now, Rand: rand.Reader})
	other.member("ann@example.com")
	must(t, other.Close())
	second := other.opts.Path
	folder := t.TempDir()
	for range 2 {
		_, err := sqlite.Backup{Schema: FileSchema(), From: first, To: folder, Keep: 3}.Write(t.Context())
		must(t, err)
	}
	before, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	_, err = sqlite.Backup{Schema: FileSchema(), From: second, To: folder, Keep: 1}.Write(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is a backup of another database") {
		t.Errorf("the backup of another database: %v", err)
	}
	after, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	if len(before) != 2 || len(after) != 2 {
		t.Errorf("the folder held %v and holds %v", before, after)
	}
}

// TestCheckFindsForeignObjects checks that Check, which doctor uses, refuses what Verify does.
func TestCheckFindsForeignObjects(t *testing.T) {
	path, _, _ := madeFile(t)
	_, err := Check(t.Context(), path)
	must(t, err)
	must(t, runSQL(path, "CREATE TABLE foo (x)"))
	if _, err := Check(t.Context(), path); err == nil || !strings.Contains(err.Error(), "foo") {
		t.Errorf("a foreign table: %v", err)
	}
}

// TestReplacedFileKeepsItsOwnLog replaces the file of a store at work and closes the store: the log
// of the old file gets another name, and the new file is whole.
func TestReplacedFileKeepsItsOwnLog(t *testing.T) {
	other, _, _ := madeFile(t)
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.save(ann, "contact", "name", "Jane")
	path := f.opts.Path
	must(t, os.Rename(other, path))
	_ = f.Close()
	if left, err := filepath.Glob(path + "-wal.replaced-*"); err != nil || len(left) != 1 {
		t.Errorf("the log was set aside as %v (%v)", left, err)
	}
	if _, err := sqlite.Verify(t.Context(), path, FileSchema()); err != nil {
		t.Errorf("the new file: %v", err)
	}
	openAt(t, path)
}

// TestFileWithTwoNamesIsRefused opens a file that has a hard link.
func TestFileWithTwoNamesIsRefused(t *testing.T) {
	path, _, _ := madeFile(t)
	second := filepath.Join(t.TempDir(), "second.db")
	must(t, os.Link(path, second))
	for _, name := range []string{path, second} {
		refused(t, Options{Path: name, Schema: builtin(t)}, "has 2 names (hard links)")
	}
	must(t, os.Remove(second))
	openAt(t, path)
}

// TestNameOfACutRestoreIsRemoved opens a file to which a restore gave a second name before it was
// cut short. If the log has that name too, the file is refused, since the two belong together.
func TestNameOfACutRestoreIsRemoved(t *testing.T) {
	path, _, _ := madeFile(t)
	second := path + ".replaced-20261129T160000.000Z"
	must(t, os.Link(path, second))
	must(t, os.WriteFile(second+"-wal", []byte("log"), 0o600))
	refused(t, Options{Path: path, Schema: builtin(t)}, "has 2 names (hard links)")
	must(t, os.Remove(second+"-wal"))
	openAt(t, path)
	if _, err := os.Lstat(second); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the second name: %v", err)
	}
}
