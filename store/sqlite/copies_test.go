package sqlite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestCopiesAreKnown checks which files beside a database, and in the folder of its backups, are its copies.
func TestCopiesAreKnown(t *testing.T) {
	folder, backups := t.TempDir(), t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"crm.db", "crm.db-wal", "crm.db.before-0031", "crm.db.replaced-20260101T000000.000Z", "crm.db.replaced-20260101T000000.000Z-wal", "crm.db.spool-1", "other.db.before-0031"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Chtimes(filepath.Join(folder, name), old, old)
	}
	if err := os.WriteFile(filepath.Join(backups, "crm.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := Copies(filepath.Join(folder, "crm.db"), backups)
	if got[0] != "crm.db" || len(got) != 3 || !slices.Contains(got, "crm.db.before-0031") || !slices.Contains(got, "crm.db.replaced-20260101T000000.000Z") {
		t.Errorf("%q", got)
	}
	if got := Copies(filepath.Join(folder, "crm.db"), filepath.Join(backups, "none")); got[len(got)-1] != "what is in a folder that cannot be read" {
		t.Errorf("%q", got)
	}
	if got := Copies(Memory, ""); got != nil {
		t.Errorf("%q", got)
	}
}
