package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crmkit/store/sqlite"
)

// someUser is a user who is not root; nobody need have the number.
const someUser = 54321

// asRoot skips what only root can try.
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

// TestLockIsNoLink plants links where the lock is made: nothing they lead to may change.
func TestLockIsNoLink(t *testing.T) {
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
				t.Errorf("the file behind the link holds %q and belongs to %d; %v", text, ownerNumber(t, secret), err)
			}
			if words := sqlite.LockOwner(target); strings.Contains(words, "keep") {
				t.Errorf("the holder is called %q", words)
			}
		})
	}
}

// TestRootLeavesFilesToTheServer restores and backs up as root what belongs to another
// user: that user must own all that is left behind.
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

// TestBackupOfAnotherUserIsNotReplaced checks that a backup which the server could not
// replace is refused at once, in words.
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

// TestNewFileOfRoot checks that a database which root makes in the folder of the server's
// user is that user's, so that the server can open it.
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
