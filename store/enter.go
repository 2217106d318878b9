package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"crmkit/store/sqlite"
)

// prepareFile does what comes before SQLite opens the file for writing: it refuses what
// must not be opened, while nothing is changed yet, and takes the locks.
func (s *Store) prepareFile(ctx context.Context) error {
	if err := s.checkPlace(); err != nil {
		return err
	}
	state, err := stateOf(ctx, s.opts)
	if err != nil {
		return err
	}
	if err := checkWritable(s.opts.Path); err != nil {
		return err
	}
	if s.opts.LockAs != "" {
		if s.lock, err = sqlite.LockExclusive(ctx, s.opts.Path, s.opts.LockAs); err != nil {
			return err
		}
		if state, err = stateOf(ctx, s.opts); err != nil { // it may have changed meanwhile
			return err
		}
	}
	if len(state.pending) == 0 {
		return nil
	}
	s.warnOfLostLog(state)
	if err := s.waitForUpgrade(ctx, state); err != nil {
		return err
	}
	return makePrivate(s.opts.Path)
}

// warnOfLostLog warns of a file that SQLite has written to and that holds no schema, with no
// log beside it. A file that another process is making looks the same, so only the process
// that holds the lock alone can tell.
func (s *Store) warnOfLostLog(state fileState) {
	if s.lock != nil && state.applied == 0 && size(s.opts.Path) > 0 && !hasWAL(s.opts.Path) {
		s.opts.Log.Warn("the file is empty although it was in use: where it is a copy, its log was not copied with it (copy with crmkit backup); where a first start was cut short, nothing is lost", "path", s.opts.Path)
	}
}

// checkPlace refuses folders in which SQLite cannot keep a file safe.
func (s *Store) checkPlace() error {
	folder := filepath.Dir(s.opts.Path)
	network, unsure, err := sqlite.DiskOf(folder)
	if err != nil {
		return fmt.Errorf("the folder of %s: %w", s.opts.Path, err)
	}
	if network != "" {
		return fmt.Errorf("%s is on a network file system (%s), where SQLite's locks do not hold and the file would be damaged; keep it on a disk of this machine", s.opts.Path, network)
	}
	if unsure {
		s.opts.Log.Warn("the database is on FUSE; where that leads to another machine, as sshfs does, the file will be damaged", "path", s.opts.Path)
	}
	return nil
}

// checkWritable refuses a file that can only be read. SQLite keeps its log beside
// the file, so the folder must take files too.
func checkWritable(path string) error {
	if err := sqlite.Writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w; the database needs a folder that takes its log and lock", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil // it is made
	}
	return sqlite.Writable(path)
}

// makePrivate makes the file, if there is none, so that only its owner may read
// it; SQLite gives its log the same mode and owner. What root makes belongs to the owner of
// the folder, so that the server's user can open it.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(sqlite.SameOwner(filepath.Dir(path), file), file.Close())
}

// waitForUpgrade waits until nobody is in the way of the steps that wait for the
// file: a schema does not change under a process that works with the old one.
func (s *Store) waitForUpgrade(ctx context.Context, state fileState) error {
	for until := time.Now().Add(sqlite.LockTimeout); ; {
		obstacle, err := s.upgradeBlocker(state)
		if obstacle == "" || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s has schema %d and this crmkit would bring it to %d, but %s; stop that first, or use its version of crmkit",
				s.opts.Path, state.applied, state.newest(), obstacle)
		}
		if err := sqlite.Sleep(ctx); err != nil {
			return err
		}
		if state, err = stateOf(ctx, s.opts); err != nil || len(state.pending) == 0 {
			return err // another brought it up to date
		}
	}
}

// upgradeBlocker says who is in the way of an upgrade, or nothing, and then the lock is
// held. Who is there may be a server that is bringing the file up to date itself.
func (s *Store) upgradeBlocker(state fileState) (who string, err error) {
	if s.lock == nil {
		s.sharing, err = sqlite.LockShared(s.opts.Path)
		if errors.Is(err, sqlite.ErrHeld) {
			return sqlite.LockOwner(s.opts.Path) + " uses it", nil
		}
		if err != nil {
			return "", err
		}
	}
	if state.applied == 0 {
		return "", nil
	}
	user, err := sqlite.UsedBy(s.opts.Path)
	if user == "" || err != nil {
		return "", err
	}
	err = s.sharing.Release()
	s.sharing = nil
	return user + " has it open", err
}
