// Package spool has temporary files beside the database, for data that is larger than memory and
// is read more than once. Only this program reads them. They are never a copy of the database, and
// no file outlives its Set: if the system allows it a file loses its name when it is created, so
// even a kill leaves nothing; on other systems the next start removes it.
package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"crmkit/crm"
)

// File is a temporary file that can be written once and read more than once.
type File struct {
	file  *os.File
	name  string // empty: the file has no name any more
	size  int64
	set   *Set
	after func() // called when the file is closed; may be nil
}

// Set creates files and closes those that are open when it is closed. It is safe for concurrent
// use; a File is not.
type Set struct {
	folder, base string // the files are base + Suffix + a number
	removable    bool   // RemoveLeft may remove files: no other process uses the same names
	mu           sync.Mutex
	open         map[*File]struct{}
}

// Beside returns a set of files beside a database. For an empty path they are in the folder for
// temporary files.
func Beside(database string) *Set {
	all := &Set{folder: os.TempDir(), base: "crmkit", open: map[*File]struct{}{}}
	if database != "" {
		all.folder, all.base = filepath.Split(database)
		all.folder, all.removable = cmp.Or(all.folder, "."), true
	}
	return all
}

// Suffix begins the part of a file's name after that of the database.
const Suffix = ".spool-"

// Create creates an empty file. The caller closes it; closing the set closes it too.
func (all *Set) Create() (*File, error) {
	file, err := os.CreateTemp(all.folder, all.base+Suffix+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	sp := &File{file: file, name: file.Name(), set: all}
	if os.Remove(sp.name) == nil {
		sp.name = ""
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.open[sp] = struct{}{}
	return sp, nil
}

// Write appends to the file. Its error says in words for the client that there is no room.
func (sp *File) Write(p []byte) (int, error) {
	n, err := sp.file.Write(p)
	sp.size += int64(n)
	if err != nil {
		return n, errors.Join(crm.Errorf(crm.NotReady, "the server has no room to keep the file; nothing of it was saved. Tell the owner of the server that its disk is full, or send less."), err)
	}
	return n, nil
}

// Size returns how many bytes were written.
func (sp *File) Size() int64 { return sp.size }

// Reader returns a reader of the whole file, from its beginning.
func (sp *File) Reader() io.Reader { return io.NewSectionReader(sp.file, 0, sp.size) }

// Close removes the file and frees its space. It may be called more than once.
func (sp *File) Close() error {
	all := sp.set
	all.mu.Lock()
	_, open := all.open[sp]
	delete(all.open, sp)
	all.mu.Unlock()
	if !open {
		return nil
	}
	err := sp.file.Close()
	if sp.name != "" {
		err = errors.Join(err, os.Remove(sp.name))
	}
	sp.release()
	return err
}

// release calls the function given to After, once.
func (sp *File) release() {
	sp.set.mu.Lock()
	after := sp.after
	sp.after = nil
	sp.set.mu.Unlock()
	if after != nil {
		after()
	}
}

// After sets a function that is called once when the file is closed, for example to release the
// storage that was reserved for it.
func (sp *File) After(fn func()) {
	sp.set.mu.Lock()
	defer sp.set.mu.Unlock()
	sp.after = fn
}

// list returns the open files.
func (all *Set) list() []*File {
	all.mu.Lock()
	defer all.mu.Unlock()
	return slices.Collect(maps.Keys(all.open))
}

// Release calls the functions given to After of all open files. A store calls it before it closes,
// while it can still write.
func (all *Set) Release() {
	for _, sp := range all.list() {
		sp.release()
	}
}

// Close closes the open files.
func (all *Set) Close() (err error) {
	for _, sp := range all.list() {
		err = errors.Join(err, sp.Close())
	}
	return err
}

// RemoveLeft removes the files of a killed process. The caller must own the database, so that no
// other process uses the files.
func (all *Set) RemoveLeft() error {
	if !all.removable {
		return nil
	}
	left, err := filepath.Glob(globbed(filepath.Join(all.folder, all.base)) + Suffix + "*")
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// globbed returns a path as a pattern that matches it alone.
func globbed(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' {
			b = append(b, '[', c, ']')
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
