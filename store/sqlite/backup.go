package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crmkit/store/engine"
)

// Backup is a copy of a database that is to be written.
type Backup struct {
	Schema Schema // of the database
	From   string // the database; a server may run on it
	To     string // the file to write, or a folder, in which it has the name of the database
	Keep   int    // how many backups remain, with the new one; 0: no file is replaced
}

// stamp is the time in the name of an older backup, in UTC.
const stamp = "20060102T150405.000Z"

// Write copies one committed state of the database to a file, while others read and write. The
// copy gets its name only when it was checked and is on disk. With Keep the last backup is
// renamed, with its time in the name, and the oldest are removed. A failure leaves the older
// backups as they are.
func (b Backup) Write(ctx context.Context) (Summary, error) {
	b = b.named()
	if err := b.Check(ctx); err != nil {
		return Summary{}, err
	}
	folder, err := os.Open(filepath.Dir(b.To))
	if err != nil {
		return Summary{}, fmt.Errorf("the folder of the backup: %w", err)
	}
	defer folder.Close()
	// Two backups at once would write into the same partial file.
	if err := lockFolder(folder); errors.Is(err, errHeld) {
		return Summary{}, fmt.Errorf("another backup into %s is under way; try again when it is done", filepath.Dir(b.To))
	}
	sum, err := vacuumInto(ctx, liveDSN(b.From), b.To+".partial", b.Schema)
	if err == nil {
		err = giveTo(b.To+".partial", b.From) // the server must be able to replace a backup that root made
	}
	if err == nil {
		err = b.rotate()
	}
	if err == nil {
		err = os.Rename(b.To+".partial", b.To)
	}
	if err != nil {
		return sum, errors.Join(err, removeIfExists(b.To+".partial"))
	}
	sum.Path = b.To
	return sum, errors.Join(folder.Sync(), b.prune())
}

// named returns the backup with the path of its file in To. To may be a folder.
func (b Backup) named() Backup {
	if info, err := os.Stat(b.To); err == nil && info.IsDir() {
		b.To = filepath.Join(b.To, filepath.Base(b.From))
	}
	return b
}

// Check returns the error with which Write would refuse: From is not a database, or the copy
// cannot be written, or could not replace the last one.
func (b Backup) Check(ctx context.Context) error {
	b = b.named()
	source, err := os.Stat(b.From)
	if err != nil {
		return fmt.Errorf("%w; name the database with --db", err)
	}
	if err := checkIsCRMKit(ctx, b.From); err != nil {
		return err
	}
	if err := writable(filepath.Dir(b.To)); err != nil {
		return fmt.Errorf("the folder of the backup: %w", err)
	}
	target, err := os.Lstat(b.To)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Write creates it
	}
	if err != nil {
		return err
	}
	switch {
	case os.SameFile(source, target):
		return fmt.Errorf("%s is the database itself; name another file or folder for the backup", b.To)
	case b.Keep == 0:
		return fmt.Errorf("%s is there already; name another file, or keep it and the new one with --keep 2", b.To)
	}
	if err := b.checkSame(ctx); err != nil {
		return err
	}
	if err := b.checkOwner(target); err != nil {
		return err
	}
	if _, err := os.Stat(b.To + "-wal"); err == nil {
		return fmt.Errorf("%s looks like a database in use, for its log is beside it; name another file for the backup", b.To)
	}
	return nil
}

// checkSame refuses to replace a file that is not a backup of this database. Two databases of
// the same name would remove each other's backups.
func (b Backup) checkSame(ctx context.Context) error {
	if err := checkIsCRMKit(ctx, b.To); err != nil {
		return fmt.Errorf("the backup would replace a file that is no backup: %w", err)
	}
	db, err := b.identityOf(b.From)
	if err != nil {
		return err
	}
	old, err := b.identityOf(b.To)
	if err == nil && old != db {
		err = fmt.Errorf("%s is a backup of another database; name another folder or file, or move it away", b.To)
	}
	return err
}

// identityOf returns the identity of a database (see Schema.Identity). It is empty if the first
// start on the file did not complete.
func (b Backup) identityOf(path string) (identity string, err error) {
	err = ReadFile(path, func(c *Conn) error { return c.Row(b.Schema.Identity, nil, &identity) })
	if errors.Is(err, engine.ErrNoRows) {
		err = nil
	}
	return identity, err
}

// checkOwner refuses to replace a backup of another user. The server, which makes these backups
// too, could not replace the new one.
func (b Backup) checkOwner(target fs.FileInfo) error {
	if !target.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file; name another for the backup", b.To)
	}
	db, err := ownerOf(b.From)
	if err != nil {
		return err
	}
	old, err := ownerOf(b.To)
	if err != nil {
		return err
	}
	if old.user != db.user {
		return fmt.Errorf("%s belongs to user %d, and the database to user %d, who must be able to read and replace it: chown %d %s, or name another folder", b.To, old.user, db.user, db.user, b.To)
	}
	if user := os.Geteuid(); user != db.user && user > 0 {
		return fmt.Errorf("%s is a backup of user %d, to whom the database belongs: run this as that user, or as root, or name another folder", b.To, db.user)
	}
	return nil
}

// checkIsCRMKit returns an error unless the file is a database of crmkit, of any schema.
func checkIsCRMKit(ctx context.Context, path string) error {
	return ReadFile(path, func(c *Conn) error {
		sums, err := appliedMigrations(ctx, c, path)
		if err == nil && len(sums) == 0 {
			err = fmt.Errorf("%s is empty", path)
		}
		return err
	})
}

// rotate gives the last backup a second name, with its time. The file keeps its first name until
// the new backup is renamed to it, so a backup has this name at any time.
func (b Backup) rotate() error {
	info, err := os.Stat(b.To)
	if errors.Is(err, fs.ErrNotExist) || b.Keep == 1 {
		return nil
	}
	if err != nil {
		return err
	}
	older := b.To + "." + info.ModTime().UTC().Format(stamp)
	if other, err := os.Stat(older); err == nil && os.SameFile(info, other) {
		return nil // an earlier backup was killed after this step
	}
	return secondName(b.To, older)
}

// prune removes the oldest backups beyond Keep.
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
		made, found := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if _, err := time.Parse(stamp, made); found && err == nil {
			list = append(list, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list, nil
}

// LastBackup returns the time of the newest good backup of a database in a folder, or the zero
// time. A backup gets its name after it was checked, so each file with the name is good.
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

// Copies returns the names, without folders, of the copies of a database that are known: those beside it, which
// upgrades and restores have left, and the backups in a folder, if it is not empty. The newest come first. A folder
// that cannot be read may have some, too.
func Copies(db, folder string) (names []string) {
	if db == Memory {
		return nil
	}
	found, err := beside(filepath.Dir(db), filepath.Base(db)+".before-", filepath.Base(db)+replacedSuffix)
	if folder != "" {
		backups, failed := beside(folder, filepath.Base(db))
		found, err = append(found, backups...), errors.Join(err, failed)
	}
	slices.SortFunc(found, func(a, b copyOf) int { return b.at.Compare(a.at) })
	for _, c := range found {
		names = append(names, c.name)
	}
	if err != nil {
		names = append(names, "what is in a folder that cannot be read")
	}
	return names
}

// copyOf is a copy of a database.
type copyOf struct {
	name string
	at   time.Time
}

// beside returns the files of a folder whose names begin with one of the prefixes, but for logs of databases.
func beside(folder string, prefixes ...string) (list []copyOf, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		is := func(prefix string) bool { return strings.HasPrefix(e.Name(), prefix) }
		info, failed := e.Info()
		if failed != nil || !info.Mode().IsRegular() || !slices.ContainsFunc(prefixes, is) || strings.HasSuffix(e.Name(), "-wal") || strings.HasSuffix(e.Name(), "-shm") {
			continue // it was removed meanwhile, or is no copy
		}
		list = append(list, copyOf{e.Name(), info.ModTime()})
	}
	return list, err
}
