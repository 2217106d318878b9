//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package store

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// The head of a WAL index: two copies, of which SQLite writes the second first and reads
// it last (https://sqlite.org/walformat.html, section 2.1). Each commit changes it.
const walHeadSize = 48

type walHead [walHeadSize]byte

// walIndex is a look at the memory in which SQLite's connections to a file, of all
// processes, tell each other what was committed.
type walIndex struct {
	file  *os.File
	mem   []byte
	users int
}

// walIndexes are those of this process. To close a file drops all locks that the process
// has on it (POSIX, fcntl), SQLite's too, so one that several stores look at is open once.
var walIndexes = struct {
	sync.Mutex
	open []*walIndex
}{}

// openWalIndex returns the WAL index of a database, which must have connections until it
// is closed; nil where there is none to see.
func openWalIndex(path string) *walIndex {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	walIndexes.Lock()
	defer walIndexes.Unlock()
	there, err := os.Stat(real + "-shm")
	if err != nil {
		return nil
	}
	for _, x := range walIndexes.open {
		if is, err := x.file.Stat(); err == nil && os.SameFile(is, there) {
			x.users++
			return x
		}
	}
	x := mapWalIndex(real)
	if x != nil {
		walIndexes.open = append(walIndexes.open, x)
	}
	return x
}

func mapWalIndex(path string) *walIndex {
	file, err := os.Open(path + "-shm")
	if err != nil {
		return nil
	}
	x := &walIndex{file: file, users: 1}
	if info, err := file.Stat(); err == nil && info.Size() >= 2*walHeadSize {
		x.mem, _ = syscall.Mmap(int(file.Fd()), 0, 2*walHeadSize, syscall.PROT_READ, syscall.MAP_SHARED)
	}
	if x.mem != nil { // not sooner: a late request may still look
		runtime.AddCleanup(x, func(mem []byte) { _ = syscall.Munmap(mem) }, x.mem)
	}
	return x // also without memory: to close the file now would drop locks
}

// head returns what the index begins with; ok is false where it is just being written,
// or there is none.
func (x *walIndex) head() (head walHead, ok bool) {
	if x == nil || x.mem == nil {
		return head, false
	}
	var second walHead
	copy(head[:], x.mem)
	copy(second[:], x.mem[walHeadSize:])
	return head, head == second
}

// close ends the look. The store's own connections must be closed before.
func (x *walIndex) close() error {
	if x == nil {
		return nil
	}
	walIndexes.Lock()
	defer walIndexes.Unlock()
	if x.users--; x.users > 0 {
		return nil
	}
	walIndexes.open = slices.DeleteFunc(walIndexes.open, func(open *walIndex) bool { return open == x })
	return x.file.Close()
}
