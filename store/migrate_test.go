package store

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// image returns a hash of a file. A store that refuses a file must not change it.
func image(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(data)
}

// madeFile creates a database with one contact and closes it.
func madeFile(t *testing.T) (path string, rec crm.Record, actor crm.Actor) {
	t.Helper()
	f := onFile(t)
	actor = f.member("ann@example.com")
	rec = f.save(actor, "contact", "name", "Jane", "email", "jane@acme.com")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.opts.Path, rec, actor
}

// refused checks that a file cannot be opened, with an error that says the text, and is not
// changed.
func refused(t *testing.T, opts Options, says string) {
	t.Helper()
	before := image(t, opts.Path)
	s, err := Open(t.Context(), opts)
	if err == nil {
		_ = s.Close()
		t.Fatalf("%s was opened", opts.Path)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %q, it must say %q", err, says)
	}
	if image(t, opts.Path) != before {
		t.Errorf("the refused file was changed")
	}
}

func foreign(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range statements {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReopeningChangesNothing(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	secret, steps := f.Secret(), f.raw(4, "SELECT * FROM migrations")
	f = f.reopen()
	if diff := equalRecords(f.fetch(ann, rec), rec); diff != "" {
		t.Errorf("after reopening: %s", diff)
	}
	if !slices.Equal(f.Secret(), secret) {
		t.Error("the file's secret changed")
	}
	if again := f.raw(4, "SELECT * FROM migrations"); !slices.Equal(again, steps) || len(steps) != len(released()) {
		t.Errorf("migrations were %q, are %q", steps, again)
	}
	copies, err := filepath.Glob(f.opts.Path + ".before-*")
	if len(copies) > 0 || err != nil {
		t.Errorf("copies %v, %v", copies, err)
	}
}

func TestUpgradeKeepsACopy(t *testing.T) {
	path, rec, ann := madeFile(t)
	c := kit.NewClock()
	f := openWith(t, c, widgetOptions(t, c, path))
	if diff := equalRecords(f.fetch(ann, crm.Record{Entity: f.Schema.ByName("contact"), Key: rec.Key}), rec); diff != "" {
		t.Errorf("after the upgrade: %s", diff)
	}
	f.save(ann, "widget", "label", "Bolt")
	old := openAt(t, path+".before-"+numbered(1))
	if diff := equalRecords(old.fetch(ann, crm.Record{Entity: old.Schema.ByName("contact"), Key: rec.Key}), rec); diff != "" {
		t.Errorf("in the copy: %s", diff)
	}
	if tables := old.raw(1, "SELECT name FROM sqlite_master WHERE name = 'widgets'"); len(tables) > 0 {
		t.Error("the copy was made after the upgrade")
	}
}

func TestFreshFileNeedsNoCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	c := kit.NewClock()
	openWith(t, c, widgetOptions(t, c, path))
	if _, err := os.Stat(path + ".before-" + numbered(1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy of an empty file: %v", err)
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	c := kit.NewClock()
	if err := openWith(t, c, widgetOptions(t, c, path)).Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, Options{Path: path, Schema: builtin(t)}, "newer crmkit")
}

func TestEditedMigrationIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	c := kit.NewClock()
	if err := openWith(t, c, widgetOptions(t, c, path)).Close(); err != nil {
		t.Fatal(err)
	}
	opts := widgetOptions(t, c, path)
	opts.Migrations = migrationFS(numbered(1)+"_widgets.sql", widgetSQL+"\n-- edited")
	refused(t, opts, numbered(1)+"_widgets.sql differs")
}

func TestGapInMigrationsIsRefused(t *testing.T) {
	opts := Options{Path: Memory, Schema: builtin(t), Migrations: migrationFS(numbered(2)+"_late.sql", widgetSQL)}
	if s, err := Open(t.Context(), opts); err == nil {
		_ = s.Close()
		t.Error("a missing number was not noticed")
	}
}

func TestForeignFileIsRefused(t *testing.T) {
	table := "CREATE TABLE contacts (name TEXT)"
	for name, path := range map[string]string{
		"rollback journal": foreign(t, table, "INSERT INTO contacts VALUES ('theirs')"),
		"write-ahead log":  foreign(t, "PRAGMA journal_mode = WAL", table),
		"other program":    foreign(t, "PRAGMA application_id = 252006674", table),
	} {
		t.Run(name, func(t *testing.T) { refused(t, Options{Path: path, Schema: builtin(t)}, "not one of crmkit") })
	}
}

func TestGarbageIsRefused(t *testing.T) {
	noise := make([]byte, 8192)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	for name, data := range map[string][]byte{"noise": noise, "short": []byte("hello\n"), "text": []byte(strings.Repeat("name,email\n", 1000))} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "garbage.db")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, Options{Path: path, Schema: builtin(t)}, "garbage.db")
		})
	}
}

func TestFailingMigrationLeavesTheOldSchema(t *testing.T) {
	path, rec, ann := madeFile(t)
	c := kit.NewClock()
	opts := widgetOptions(t, c, path)
	opts.Migrations = migrationFS(numbered(1)+"_widgets.sql", widgetSQL+"\nDROP TABLE deals;\nCREATE TABLE contacts (again TEXT) STRICT;")
	if s, err := Open(t.Context(), opts); err == nil {
		_ = s.Close()
		t.Fatal("a migration that fails went through")
	}
	f := openAt(t, path)
	if diff := equalRecords(f.fetch(ann, crm.Record{Entity: f.Schema.ByName("contact"), Key: rec.Key}), rec); diff != "" {
		t.Errorf("after the failure: %s", diff)
	}
	f.save(ann, "deal", "title", "still here")
	if steps := f.raw(1, "SELECT name FROM migrations ORDER BY number"); !slices.Equal(steps, released()) {
		t.Errorf("the file has seen %q", steps)
	}
}

// TestUpgradeIsNotTakenInByABrokenCopy upgrades a file beside which an earlier attempt left an
// unfinished copy. The upgrade makes a copy that opens, or is refused.
func TestUpgradeIsNotTakenInByABrokenCopy(t *testing.T) {
	path, rec, ann := madeFile(t)
	if err := os.WriteFile(path+".before-"+numbered(1), []byte("SQLite format 3\x00 cut short"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := kit.NewClock()
	s, err := Open(t.Context(), widgetOptions(t, c, path))
	if err != nil {
		return // a refused upgrade is as safe as another copy
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	copies, err := filepath.Glob(path + ".before-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range copies {
		if old, err := Open(t.Context(), Options{Path: name, Schema: builtin(t)}); err == nil {
			_, err = old.Record(t.Context(), ann, old.Schema.ByName("contact"), rec.Key)
			if err = errors.Join(err, old.Close()); err == nil {
				return
			}
		}
	}
	t.Errorf("upgraded without a copy that opens; the copies are %q", copies)
}

func TestPathsAreTakenLiterally(t *testing.T) {
	for _, name := range []string{"a b.db", "50%20off?x=1#é.db", "-:memory:"} {
		path := filepath.Join(t.TempDir(), name)
		f := openAt(t, path)
		f.member("ann@example.com")
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v", name, err)
		}
	}
}
