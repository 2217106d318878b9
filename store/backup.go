package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Backup is what to copy, and where.
type Backup struct {
	From string // the database; a server may run on it
	To   string // the file to write, or a folder, in which it is called as the database is
	Keep int    // how many to keep, the new one included; 0: refuse where one is there
}

// stamp is the time in the name of an older backup, in UTC.
const stamp = "20060102T150405.000Z"

// Write copies the database to a file of its own while others read and write. The
// copy is that of one moment. It appears under its name only when it was looked
// through and is on disk; with Keep the one before stays beside it with its time
// in the name, and the oldest go. A failure leaves the older ones as they are.
func (b Backup) Write(ctx context.Context) (Summary, error) {
	if info, err := os.Stat(b.To); err == nil && info.IsDir() {
		b.To = filepath.Join(b.To, filepath.Base(b.From))
	}
	if err := b.check(ctx); err != nil {
		return Summary{}, err
	}
	folder, err := os.Open(filepath.Dir(b.To))
	if err != nil {
		return Summary{}, fmt.Errorf("the folder of the backup: %w", err)
	}
	defer folder.Close()
	// Two that write one file would take each other's half for their own. Where a
	// file system has no such locks there is one writer anyway.
	if err := flock(folder, true); errors.Is(err, errHeld) {
		return Summary{}, fmt.Errorf("another backup into %s is under way; try again when it is done", filepath.Dir(b.To))
	}
	sum, err := vacuumInto(ctx, live(b.From), b.To+".partial")
	if err == nil {
		err = b.setAside()
	}
	if err == nil {
		err = os.Rename(b.To+".partial", b.To)
	}
	if err != nil {
		return sum, errors.Join(err, removeIfThere(b.To+".partial"))
	}
	sum.Path = b.To
	return sum, errors.Join(folder.Sync(), b.prune())
}

// check refuses what is no database to copy and no place for the copy.
func (b Backup) check(ctx context.Context) error {
	source, err := os.Stat(b.From)
	if err != nil {
		return fmt.Errorf("%w; name the database with --db", err)
	}
	if err := ours(ctx, b.From); err != nil {
		return err
	}
	target, err := os.Stat(b.To)
	if err != nil {
		return nil // it is made, or its folder is missing
	}
	switch {
	case os.SameFile(source, target):
		return fmt.Errorf("%s is the database itself; name another file or folder for the backup", b.To)
	case b.Keep == 0:
		return fmt.Errorf("%s is there already; name another file, or keep it and the new one with --keep 2", b.To)
	}
	if _, err := os.Stat(b.To + "-wal"); err == nil {
		return fmt.Errorf("%s looks like a database in use, for its log lies beside it; name another file for the backup", b.To)
	}
	if err := ours(ctx, b.To); err != nil {
		return fmt.Errorf("the backup would take the place of a file that is none: %w", err)
	}
	return nil
}

// ours returns an error unless the file is a database of crmkit, of whichever
// schema.
func ours(ctx context.Context, path string) error {
	return look(path, func(db *sql.DB) error {
		sums, err := appliedMigrations(ctx, db, path)
		if err == nil && len(sums) == 0 {
			err = fmt.Errorf("%s is empty", path)
		}
		return err
	})
}

// setAside gives the backup that is there a second name, with its time. It keeps
// the first until the new one takes that, so that there is always one under it.
func (b Backup) setAside() error {
	info, err := os.Stat(b.To)
	if errors.Is(err, fs.ErrNotExist) || b.Keep == 1 {
		return nil
	}
	if err != nil {
		return err
	}
	older := b.To + "." + info.ModTime().UTC().Format(stamp)
	if other, err := os.Stat(older); err == nil && os.SameFile(info, other) {
		return nil // a backup was cut short here
	}
	return secondName(b.To, older)
}

// prune removes the older backups of which there are too many.
func (b Backup) prune() error {
	if b.Keep == 0 {
		return nil
	}
	older, err := olderThan(b.To)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range older[min(len(older), b.Keep-1):] {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// olderThan returns the older backups beside one, newest first.
func olderThan(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		moment, found := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if _, err := time.Parse(stamp, moment); found && err == nil {
			list = append(list, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list, nil
}

// LastBackup returns when the newest good backup of a database in a folder was
// made, the zero time when there is none. A backup has its name only when it was
// looked through, so that the name says that it is good.
func LastBackup(folder, db string) (time.Time, error) {
	path := filepath.Join(folder, filepath.Base(db))
	names, err := olderThan(path)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	for _, name := range append([]string{path}, names...) {
		if info, err := os.Stat(name); err == nil {
			return info.ModTime(), nil
		}
	}
	return time.Time{}, nil
}

// Verify looks through a whole file and returns what is in it, or what is wrong
// with it. A file of a schema that this binary does not know is an error. The file
// stays as it is.
func Verify(ctx context.Context, path string) (Summary, error) {
	if _, err := os.Stat(path); err != nil {
		return Summary{}, err
	}
	if _, err := stateOf(ctx, Options{Path: path}); err != nil {
		return Summary{}, err
	}
	return summarize(ctx, path)
}
