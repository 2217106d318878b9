//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// flock locks a file for this handle, or fails with errHeld.
func flock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

// lockFolder locks a folder for this handle, or fails with errHeld.
func lockFolder(folder *os.File) error { return flock(folder) }

// The bytes of a database file that a connection of SQLite locks while it has the file
// open in WAL mode (os_unix.c, SHARED_FIRST and SHARED_SIZE).
const (
	sharedFirst = 0x40000000 + 2
	sharedSize  = 510
)

// usedBy returns the name of a process that has the database open, empty if no process
// has it. It opens and closes the file, which would drop the locks of this process: call it
// only while this process has no connection to the file.
func usedBy(path string) (process string, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Start: sharedFirst, Len: sharedSize}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &l); err != nil || l.Type == syscall.F_UNLCK {
		return "", err
	}
	if l.Pid <= 0 { // a process of another container has no number here
		return "another process", nil
	}
	return fmt.Sprintf("process %d", l.Pid), nil
}

// writable returns an error if this process may not write to a file or folder.
func writable(path string) error {
	const write = 2 // W_OK
	if err := syscall.Access(path, write); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

// noFollow makes os.OpenFile refuse a symbolic link, and not wait for the other end of a
// pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// names returns how many names (hard links) a file has.
func names(info os.FileInfo) uint64 {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return uint64(stat.Nlink)
	}
	return 1
}

// userOf returns the number of the user that a file belongs to.
func userOf(info os.FileInfo) int {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return int(stat.Uid)
	}
	return os.Geteuid()
}

// sameOwner gives a file that root has just created to the owner of the database or, if the
// database does not exist yet, of its folder.
func sameOwner(path string, file *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := ownerOf(path)
	if err != nil || owner.user == 0 {
		return err
	}
	return file.Chown(owner.user, owner.group)
}

// owner is the user and the group that a file belongs to.
type owner struct{ user, group int }

// ownerOf returns the owner of a file or, if it does not exist, of its folder.
func ownerOf(path string) (owner, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return owner{}, err
	}
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return owner{int(stat.Uid), int(stat.Gid)}, nil
	}
	return owner{os.Geteuid(), os.Getegid()}, nil
}
