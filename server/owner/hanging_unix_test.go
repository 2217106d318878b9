//go:build unix

package owner_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"crmkit/server/owner"
	"crmkit/store/sqlite"
)

// TestOwnerThatHangs opens a file beside an owner that accepts connections and answers none, as
// a process that was stopped: Open gives up and names it.
func TestOwnerThatHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	lock, err := sqlite.TakeLock(path, "crmkit hung")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	socket, err := net.Listen("unix", path+".sock")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	failures := make(chan error)
	roles := []owner.Role{owner.Brief, owner.Primary}
	for _, role := range roles {
		go func() {
			_, err := tryOpen(t, path, role)
			failures <- err
		}()
	}
	for range roles {
		var held *sqlite.InUseError
		if err := <-failures; !errors.As(err, &held) {
			t.Errorf("Open returns %v", err)
		}
	}
}

// TestOwnerRemovesItsOwnSocket has the name of a database lead to another file by the time its
// owner ends: the socket of the other file, whose owner lives, stays.
func TestOwnerRemovesItsOwnSocket(t *testing.T) {
	folder := t.TempDir()
	a, b, link := filepath.Join(folder, "a.db"), filepath.Join(folder, "b.db"), filepath.Join(folder, "link.db")
	if err := os.Symlink(a, link); err != nil {
		t.Fatal(err)
	}
	first := open(t, link, owner.Standby)
	open(t, b, owner.Busy)
	if err := errors.Join(os.Remove(link), os.Symlink(b, link), first.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b + ".sock"); err != nil {
		t.Errorf("the socket of the other file: %v", err)
	}
	if _, err := os.Stat(a + ".sock"); err == nil {
		t.Error("the owner left its socket")
	}
}
