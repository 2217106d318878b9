package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crmkit/store/sqlite"
)

// someUser is the number of a user that is not root. The user need not exist.
const someUser = 54321

// asRoot skips a test that only root can run: it needs files of another user. CI runs as root, so
// there the test runs always.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("CI must not skip this: it is not root")
	}
	t.Skip("files of other users can be made by root only")
}

func ownerNumber(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// TestLockFollowsNoLink puts links in place of the lock file. The files that they lead to do not change.
func TestLockFollowsNoLink(t *testing.T) {
	backup, _, _ := madeFile(t)
	for name, plant := range map[string]func(old, new string) error{"symbolic": os.Symlink, "hard": os.Link} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			secret, target := filepath.Join(dir, "secret"), filepath.Join(dir, "crm.db")
			must(t, os.WriteFile(secret, []byte("keep this"), 0o644))
			must(t, plant(secret, sqlite.LockName(target)))
			if os.Geteuid() == 0 {
				must(t, os.Chown(dir, someUser, someUser))
			}
			before := ownerNumber(t, secret)
			if _, _, err := (sqlite.Restore{Schema: FileSchema(), From: backup, To: target}).Run(t.Context()); err == nil {
				t.Error("restore took a link for its lock")
			}
			text, err := os.ReadFile(secret)
			if err != nil || string(text) != "keep this" || ownerNumber(t, secret) != before {
				t.Errorf("the linked file has %q and belongs to %d; %v", text, ownerNumber(t, secret), err)
			}
			if words := sqlite.LockOwner(target); strings.Contains(words, "keep") {
				t.Errorf("the owner is named %q", words)
			}
		})
	}
}

// TestRootLeavesFilesToTheServer restores and backs up as root a database of another user. All
// files that this makes must belong to that user.
func TestRootLeavesFilesToTheServer(t *testing.T) {
	asRoot(t)
	backup, _, _ := madeFile(t)
	dir := t.TempDir()
	must(t, os.Chown(dir, someUser, someUser))
	db := filepath.Join(dir, "crm.db")
	if _, _, err := (sqlite.Restore{Schema: FileSchema(), From: backup, To: db}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	backups := t.TempDir()
	must(t, os.Chown(backups, someUser, someUser))
	for range 3 {
		if _, err := (sqlite.Backup{Schema: FileSchema(), From: db, To: backups, Keep: 2}).Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{dir, backups} {
		files, err := os.ReadDir(folder)
		if err != nil || len(files) < 2 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			if uid := ownerNumber(t, filepath.Join(folder, file.Name())); uid != someUser {
				t.Errorf("%s belongs to user %d", file.Name(), uid)
			}
		}
	}
}

// TestBackupOfAnotherUserIsNotReplaced checks that a backup that belongs to another user than the
// database is not replaced, and that the error says how to change the owner.
func TestBackupOfAnotherUserIsNotReplaced(t *testing.T) {
	asRoot(t)
	db, _, _ := madeFile(t)
	must(t, os.Chown(db, someUser, someUser))
	dir := t.TempDir()
	b := sqlite.Backup{Schema: FileSchema(), From: db, To: dir, Keep: 2}
	if _, err := b.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chown(filepath.Join(dir, filepath.Base(db)), 0, 0))
	err := b.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "chown 54321") {
		t.Errorf("the check says %v", err)
	}
	if _, wrote := b.Write(t.Context()); wrote == nil || wrote.Error() != err.Error() {
		t.Errorf("the backup says %v, its check %v", wrote, err)
	}
}

// TestNewFileOfRoot checks that a database that root creates in the folder of another user belongs
// to that user, so that a server of that user can open it.
func TestNewFileOfRoot(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	must(t, os.Chown(dir, someUser, someUser))
	path := filepath.Join(dir, "crm.db")
	f := openAt(t, path)
	f.member("ann@example.com")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if user := ownerNumber(t, name); user != someUser {
			t.Errorf("%s belongs to %d", name, user)
		}
	}
}

// TestLockOfAnotherUserIsRefused opens a database beside whose path another user has made a lock
// file that everybody may write.
func TestLockOfAnotherUserIsRefused(t *testing.T) {
	asRoot(t)
	path := filepath.Join(t.TempDir(), "crm.db")
	lock := sqlite.LockName(path)
	must(t, os.WriteFile(lock, nil, 0o666))
	must(t, os.Chown(lock, someUser, someUser))
	if _, err := Open(t.Context(), Options{Path: path, Schema: builtin(t)}); err == nil || !strings.Contains(err.Error(), "belongs to user") {
		t.Errorf("Open returns %v", err)
	}
	must(t, os.Chown(lock, os.Geteuid(), -1))
	openAt(t, path)
}
