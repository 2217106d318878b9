package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crmkit/store/sqlite"
)

func TestLastBackup(t *testing.T) {
	path, _, _ := madeFile(t)
	dir := t.TempDir()
	if last, err := sqlite.LastBackup(dir, path); !last.IsZero() || err != nil {
		t.Errorf("before the first: %v, %v", last, err)
	}
	if last, err := sqlite.LastBackup(filepath.Join(dir, "none"), path); !last.IsZero() || err != nil {
		t.Errorf("without a folder: %v, %v", last, err)
	}
	if _, err := (sqlite.Backup{Schema: FileSchema(), From: path, To: dir}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, filepath.Base(path))
	at := time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)
	if err := errors.Join(os.Chtimes(made, at, at), os.WriteFile(made+".partial", nil, 0o600), os.WriteFile(filepath.Join(dir, "other"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if last, err := sqlite.LastBackup(dir, path); !last.Equal(at) || err != nil {
		t.Errorf("the last backup was made at %v, not %v; %v", last, at, err)
	}
	if err := os.Rename(made, made+"."+at.Format("20060102T150405.000Z")); err != nil {
		t.Fatal(err)
	}
	if last, err := sqlite.LastBackup(dir, path); !last.Equal(at) || err != nil {
		t.Errorf("the last older backup was made at %v, not %v; %v", last, at, err)
	}
}

// TestBackupOnAFullDisk checks that a backup that does not fit on the disk leaves the last one.
func TestBackupOnAFullDisk(t *testing.T) {
	path, _, _ := madeFile(t)
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=760k"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must not skip this:", err)
		}
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	if _, err := (sqlite.Backup{Schema: FileSchema(), From: path, To: dir, Keep: 2}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, filepath.Base(path))
	before := image(t, made)
	if _, err := (sqlite.Backup{Schema: FileSchema(), From: path, To: dir, Keep: 2}).Write(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a backup that does not fit: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || image(t, made) != before {
		t.Errorf("on the full disk: %v, %v", entries, err)
	}
}

// TestVerifyKnowsReferences checks that Verify finds a reference to a row that does not exist.
// SQLite's integrity check does not find it.
func TestVerifyKnowsReferences(t *testing.T) {
	path, rec, _ := madeFile(t)
	must(t, runSQL(path, "UPDATE contacts SET company_id = 77")) // runSQL does not check foreign keys
	if _, err := Verify(t.Context(), path); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("references lead nowhere: contacts %d refers to no row of companies", rec.Key)) {
		t.Errorf("verified: %v", err)
	}
}
