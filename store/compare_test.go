package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeignSchemaIsNotRestored puts into a good file what a stranger could hide there.
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
			must(t, with(fileURL(path), func(db *sql.DB) error {
				_, err := db.Exec(text)
				return err
			}))
			if _, err := Verify(t.Context(), path); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("verify says %v", err)
			}
			target := filepath.Join(t.TempDir(), "new.db")
			if _, _, err := (Restore{From: path, To: target}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("restore says %v", err)
			}
			if _, err := (Backup{From: path, To: filepath.Join(t.TempDir(), "copy.db")}).Write(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
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
		must(t, with(fileURL(path), func(db *sql.DB) error {
			_, err := db.Exec("ANALYZE")
			return err
		}))
		if _, err := Verify(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}
