package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	openTimeout   = 5 * time.Second // how long Open waits for another program, or while SQLite says that the file is busy
	retryInterval = 20 * time.Millisecond
)

// errHeld says that another process holds the lock.
var errHeld = errors.New("held by another process")

// Lock is the lock on a database: an advisory lock of the kernel on a file of its own beside the
// database. The kernel releases it when the process ends, so the lock file is never removed. The
// lock cannot be on the database itself: closing another handle on that would drop SQLite's own
// locks (POSIX, fcntl).
//
// A process holds the lock as long as it has the database open for writing, or restores it.
type Lock struct{ file *os.File }

// Release releases the lock. A nil lock is not held.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// LockName returns the path of the lock file of a database. It is beside the file itself, so it is
// the same for processes that open the database through a symbolic link.
func LockName(path string) string { return Resolve(path) + ".lock" }

// maxLinks is how many symbolic links to a missing file are followed, as Linux does
// (path_resolution(7)).
const maxLinks = 40

// Resolve returns the path of the file itself, without symbolic links. For a file that does
// not exist yet it is the path at which it will be made, also through a link: the first process
// that opens the file must lock the same name as the next.
func Resolve(path string) string {
	for range maxLinks {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			path = filepath.Join(folder, filepath.Base(path))
		}
		target, err := os.Readlink(path)
		if err != nil {
			return path
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return path
}

// TakeLock takes the lock of a database for a command, for example "crmkit serve". It does not
// wait: if another process holds the lock, the error is an InUseError.
func TakeLock(path, as string) (*Lock, error) {
	file, err := openLock(path)
	if err != nil {
		return nil, err
	}
	err = flock(file)
	if err == nil {
		err = writeOwner(file, as)
	}
	if errors.Is(err, errHeld) {
		err = &InUseError{path, LockOwner(path)}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{file}, nil
}

// InUseError is the error for a file whose lock another process holds.
type InUseError struct {
	Path  string
	Owner string // the text of the lock file, for example "crmkit serve, process 12"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use by %s; stop that, or name another file with --db. All commands but serve, restore, upgrade and move work beside a server", e.Path, e.Owner)
}

// writeOwner writes the command and process into the lock file, for the messages of others.
func writeOwner(file *os.File, as string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(file, "%s, process %d\n", as, os.Getpid())
	return err
}

// LockOwner returns the text that the holder of the lock wrote into the lock file.
func LockOwner(path string) string {
	file, err := openPlain(LockName(path), os.O_RDONLY)
	if err != nil {
		return "another crmkit"
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 200))
	if words := strings.TrimSpace(string(text)); err == nil && words != "" {
		return words
	}
	return "another crmkit"
}

// openLock opens the lock file, or creates it. A file that root creates gets the owner of the
// database, so that the user of the server can open it later. The folder may belong to a user
// whom root should not trust, so openLock follows no link, and changes the owner only of a file
// that it has created.
func openLock(path string) (*os.File, error) {
	name := LockName(path)
	file, err := openNew(name)
	if err == nil {
		if err := sameOwner(path, file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	}
	if errors.Is(err, fs.ErrExist) {
		if file, err = openPlain(name, os.O_RDWR); err == nil {
			if err = CheckOwner(path, name); err != nil {
				err = errors.Join(err, file.Close())
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the lock of the database: %w", err)
	}
	return file, nil
}

// openNew creates a file that only its owner may read. If the name exists, even as a link, the
// error is fs.ErrExist.
func openNew(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// openPlain opens a regular file that has only one name. It follows no symbolic link and does not
// wait for a pipe.
func openPlain(name string, how int) (*os.File, error) {
	file, err := os.OpenFile(name, how|noFollow, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || names(info) > 1) {
		err = fmt.Errorf("%s is not a file of its own, but a link or device; look who made it, and remove it", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// retryLocked repeats fn while SQLite says that it is busy. While the write-ahead log is created
// or removed, by the first or the last process that has the file open, SQLite says so at once and
// ignores the busy_timeout.
func retryLocked(ctx context.Context, fn func() error) error {
	for until := time.Now().Add(openTimeout); ; {
		err := fn()
		if !isBusy(err) || time.Now().After(until) {
			return err
		}
		if err := sleep(ctx); err != nil {
			return err
		}
	}
}

// sleep waits for retryInterval, or until the context ends.
func sleep(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(retryInterval):
		return nil
	}
}
