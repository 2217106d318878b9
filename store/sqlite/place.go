package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// checkPlace refuses folders in which SQLite cannot keep a file safe.
func checkPlace(path string, log *slog.Logger) error {
	network, unsure, err := diskOf(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("the folder of %s: %w", path, err)
	}
	if network != "" {
		return fmt.Errorf("%s is on a network file system (%s), where SQLite's locks do not hold and the file would be damaged; keep it on a disk of this machine", path, network)
	}
	if unsure {
		log.Warn("the database is on FUSE; where that leads to another machine, as sshfs does, the file will be damaged", "path", path)
	}
	return nil
}

// checkWritable refuses a file that can only be read. SQLite keeps its log beside the
// file, so the folder must take files too.
func checkWritable(path string) error {
	if err := writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w; the database needs a folder that takes its log and lock", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil // it is made
	}
	return writable(path)
}

// makePrivate makes the file, if there is none, so that only its owner may read it;
// SQLite gives its log the same mode and owner. A file that root makes belongs to the
// owner of the folder, so that the server's user can open it.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(sameOwner(filepath.Dir(path), file), file.Close())
}

// giveTo gives a file that was just made to the owner of the database beside which it is,
// so that the server can open what root made.
func giveTo(path, db string) error {
	file, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(sameOwner(db, file), file.Close())
}

// secondName gives a file another name beside its own; where the file system knows no
// second names, in its place. A missing file is fs.ErrNotExist.
func secondName(path, other string) error {
	err := os.Link(path, other)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(path, other)
}

func removeIfExists(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile brings a file, or the names in a folder, to the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// CheckOwners returns an error when the user to whom the database belongs could not open
// one of the files that lie with it: its log, the index of that, or its lock. A database
// that is not there is no error.
func CheckOwners(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil // it is made
	}
	db, err := ownerOf(path)
	if err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", LockName(path)} {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		is, err := ownerOf(name)
		if err != nil {
			return err
		}
		if is.user != db.user {
			return fmt.Errorf("%s belongs to user %d, and the database to user %d: chown %d:%d %s", name, is.user, db.user, db.user, db.group, name)
		}
		if err := writable(name); err != nil {
			return err
		}
	}
	return nil
}

// GiveName gives what has a name to the owner of the database, where root made it. It may be
// no regular file, and must be in a folder that nobody else may enter.
func GiveName(name, db string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := ownerOf(db)
	if err != nil || owner.user == 0 {
		return err
	}
	return os.Lchown(name, owner.user, owner.group)
}
