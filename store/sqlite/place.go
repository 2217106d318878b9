package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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

// checkWritable refuses a file that cannot be written. SQLite creates its log beside the file, so
// the folder must be writable too.
func checkWritable(path string) error {
	if err := writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w; the database needs a folder that takes its log and lock", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil // the file will be created
	}
	return writable(path)
}

// makePrivate creates the file if it does not exist, so that only its owner may read it. SQLite
// gives its log the same mode and owner. A file that root creates belongs to the owner of the
// folder, so that the user of the server can open it.
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

// giveTo gives a file that root has just created to the owner of a database, so that the server can
// open it. In a process of another user it does nothing.
func giveTo(path, db string) error {
	file, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(sameOwner(db, file), file.Close())
}

// secondName gives a file a second name, as a hard link. If the file system has no hard links it
// renames the file. The error for a missing file is fs.ErrNotExist.
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

// syncFile waits until a file, or the names in a folder, are on disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// CheckOwners returns an error if the owner of the database could not open one of the files beside
// it: its log, the index of the log, or its lock. A missing database is not an error.
func CheckOwners(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil // the file will be created
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

// checkNames refuses a database file with several names (hard links). Its log and its lock are
// beside one name, so a process that uses another name would not see the writes in them
// (sqlite.org/howtocorrupt.html, section 2.6). A name that a restore gave the file before it was
// cut short is removed. The caller holds the lock.
func checkNames(path string) error {
	info, err := os.Stat(path)
	if err != nil || names(info) <= 1 {
		return nil // SQLite says what is wrong with a file that cannot be read
	}
	if err := removeNamesOfRestore(path, info); err != nil {
		return err
	}
	if info, err = os.Stat(path); err != nil || names(info) <= 1 {
		return err
	}
	return fmt.Errorf("%s has %d names (hard links), and the log of a database belongs to one of them: remove the others, or copy the file with crmkit backup", path, names(info))
}

// removeNamesOfRestore removes the names that setAside gave a file which still has its own name.
func removeNamesOfRestore(path string, file os.FileInfo) error {
	path = Resolve(path)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filepath.Base(path)+replacedSuffix) {
			continue
		}
		name := filepath.Join(filepath.Dir(path), e.Name())
		other, err := e.Info()
		if err == nil && os.SameFile(file, other) && !hasLog(name) { // with a log of its own it is another state of the file
			err = os.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckOwner refuses a file beside the database, such as a socket, that another user may have made:
// it must belong to the user of this process, to root, or to the owner of the database. A folder
// such as /tmp lets anybody make files in it.
func CheckOwner(path, name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	db, err := ownerOf(path)
	if err != nil {
		return err
	}
	if user := userOf(info); user != 0 && user != os.Geteuid() && user != db.user {
		return fmt.Errorf("%s belongs to user %d, and not to the owner of the database: look who made it, and remove it", name, user)
	}
	return nil
}

// GiveName gives a file that root created, such as a socket, to the owner of the database. It must
// be in a folder that no other user may enter.
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
