package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"crmkit/store/sqlite"
)

// TestForeignSchemaIsNotRestored adds to a file, or takes from it, parts of the schema that could
// change rights or answers. The file is not verified, restored or backed up.
func TestForeignSchemaIsNotRestored(t *testing.T) {
	for name, text := range map[string]string{
		"trigger evil is not part of it":     "CREATE TRIGGER evil AFTER INSERT ON tokens BEGIN UPDATE tokens SET scope = 'full'; END",
		"view evil is not part of it":        "CREATE VIEW evil AS SELECT * FROM secrets",
		"table evil is not part of it":       "CREATE TABLE evil (a)",
		"index evil is not part of it":       "CREATE INDEX evil ON contacts (notes)",
		"table contacts differs":             "ALTER TABLE contacts ADD COLUMN evil TEXT",
		"index contacts_created is missing":  "DROP INDEX contacts_created",
		"table kept_answers is missing":      "DROP TABLE kept_answers",
		"trigger contacts is not part of it": "CREATE TRIGGER contacts AFTER INSERT ON users BEGIN SELECT 1; END",
	} {
		t.Run(name, func(t *testing.T) {
			f := onFile(t)
			f.member("ann@example.com")
			must(t, f.Close())
			path := f.opts.Path
			must(t, runSQL(path, text))
			if _, err := Verify(t.Context(), path); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("verify says %v", err)
			}
			target := filepath.Join(t.TempDir(), "new.db")
			if _, _, err := (sqlite.Restore{Schema: FileSchema(), From: path, To: target}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("restore says %v", err)
			}
			if _, err := (sqlite.Backup{Schema: FileSchema(), From: path, To: filepath.Join(t.TempDir(), "copy.db")}).Write(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("backup says %v", err)
			}
		})
	}
}

// TestReleasedSchemasAreKnown verifies a file of every schema, and one on which ANALYZE ran.
func TestReleasedSchemasAreKnown(t *testing.T) {
	files, err := filepath.Glob("testdata/schema-*.db.gz")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		path := fixtureFile(t, strings.TrimSuffix(filepath.Base(file), ".gz"))
		must(t, runSQL(path, "ANALYZE"))
		if _, err := Verify(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}

// TestFurtherMigrationsAreKnown opens a file with one further migration, and then with two. The
// copy before the second upgrade, which has the table of the first migration, is accepted.
func TestFurtherMigrationsAreKnown(t *testing.T) {
	f := onFile(t)
	f.member("ann@example.com")
	further := fstest.MapFS{}
	for i := range 2 {
		further[fmt.Sprintf("migrations/%04d_more.sql", len(released())+i+1)] = &fstest.MapFile{Data: fmt.Appendf(nil, "CREATE TABLE more%d (a BIGINT) STRICT;", i)}
		f.opts.Migrations = further
		f = f.reopen()
	}
	must(t, f.Close())
	if _, sum, err := sqlite.Upgrade(t.Context(), f.opts.file()); err != nil || len(sum.Rows) == 0 {
		t.Errorf("a file with further tables: %v, %v", sum, err)
	}
	if _, err := Verify(t.Context(), f.opts.Path); err == nil || !strings.Contains(err.Error(), "newer crmkit") {
		t.Errorf("verify, which does not know them, says %v", err)
	}
}

// TestSummariesCountNoHiddenRow verifies a file between the first step of a delete and the next.
// The deleted company is not counted.
func TestSummariesCountNoHiddenRow(t *testing.T) {
	f := onFile(t)
	f.cascades.atOnce = 1
	ann := f.member("ann@example.com")
	company, _ := f.group(ann, 3)
	f.removeThen(ann, company, func() {
		sum, err := sqlite.Verify(t.Context(), f.opts.Path, FileSchema())
		if want := (sqlite.Count{Kind: "companies"}); err != nil || !slices.Contains(sum.Rows, want) {
			t.Errorf("%v, %v; want %v", sum.Rows, err, want)
		}
	})
}
