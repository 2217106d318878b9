package store

import (
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

// Spool is a temporary file beside the database, which only this program reads: it
// takes in what is larger than memory, so that it can be read more than once. Where
// the system allows it, the file has no name from the start, and a kill leaves
// nothing; elsewhere the next start removes it.
type Spool struct {
	file  *os.File
	name  string // empty: it has none
	size  int64
	store *Store
	after func() // closing; nil: nothing
}

// spools are those that are open, so that a store leaves none behind.
type spools struct {
	mu   sync.Mutex
	open map[*Spool]struct{}
}

// spoolSuffix begins the part of a spool's name behind that of the database.
const spoolSuffix = ".spool-"

// Spool makes an empty spool. The caller closes it; the store does so when it closes.
func (s *Store) Spool() (*Spool, error) {
	folder, base := filepath.Split(s.opts.Path)
	if s.opts.Path == Memory {
		folder, base = os.TempDir(), "crmkit"
	} else if folder == "" {
		folder = "."
	}
	file, err := os.CreateTemp(folder, base+spoolSuffix+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	sp := &Spool{file: file, name: file.Name(), store: s}
	if os.Remove(sp.name) == nil {
		sp.name = ""
	}
	s.spools.mu.Lock()
	defer s.spools.mu.Unlock()
	s.spools.open[sp] = struct{}{}
	return sp, nil
}

// Write appends to the file. An error of the disk is one that the client may see.
func (sp *Spool) Write(p []byte) (int, error) {
	n, err := sp.file.Write(p)
	sp.size += int64(n)
	if err != nil {
		return n, errors.Join(crm.Errorf(crm.NotReady, "the server has no room to keep the file; nothing of it was saved. Tell the owner of the server that its disk is full, or send less."), err)
	}
	return n, nil
}

// Size returns how many bytes were written.
func (sp *Spool) Size() int64 { return sp.size }

// Reader returns a reader of the whole file, from its beginning.
func (sp *Spool) Reader() io.Reader { return io.NewSectionReader(sp.file, 0, sp.size) }

// Close gives the room back. It may be called again.
func (sp *Spool) Close() error {
	all := &sp.store.spools
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

// release runs what goes with closing, once.
func (sp *Spool) release() {
	sp.store.spools.mu.Lock()
	after := sp.after
	sp.after = nil
	sp.store.spools.mu.Unlock()
	if after != nil {
		after()
	}
}

// After has fn called when the spool is closed: what goes with the file is then given back.
func (sp *Spool) After(fn func()) {
	sp.store.spools.mu.Lock()
	defer sp.store.spools.mu.Unlock()
	sp.after = fn
}

// list returns those that are open.
func (all *spools) list() []*Spool {
	all.mu.Lock()
	defer all.mu.Unlock()
	return slices.Collect(maps.Keys(all.open))
}

// releaseSpools gives back what goes with open ones, while there is a writer.
func (s *Store) releaseSpools() {
	for _, sp := range s.spools.list() {
		sp.release()
	}
}

// closeSpools closes those that are open.
func (s *Store) closeSpools() (err error) {
	for _, sp := range s.spools.list() {
		err = errors.Join(err, sp.Close())
	}
	return err
}

// dropSpools removes what a killed process left.
func (s *Store) dropSpools() error {
	left, err := filepath.Glob(globbed(s.opts.Path) + spoolSuffix + "*")
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
