package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// CheckOwners returns an error when the user to whom the database belongs could not open
// one of the files that lie with it: its log, the index of that, or its lock. A database
// that is not there is no error.
func CheckOwners(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil // it is made
	}
	db, err := OwnerOf(path)
	if err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", LockName(path)} {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		is, err := OwnerOf(name)
		if err != nil {
			return err
		}
		if is.User != db.User {
			return fmt.Errorf("%s belongs to user %d, and the database to user %d: chown %d:%d %s", name, is.User, db.User, db.User, db.Group, name)
		}
		if err := Writable(name); err != nil {
			return err
		}
	}
	return nil
}
