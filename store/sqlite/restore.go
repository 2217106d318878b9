package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Restore is a backup that is to become a database.
type Restore struct {
	Schema  Schema // of the database
	From    string // the backup
	To      string // the database
	Replace bool   // an existing database is renamed and replaced; false: it is an error
}

// Run replaces the database by a copy of the backup. It returns a summary of the copy, and the new
// name of the old file, if there was one. It refuses while another process has the database open.
// If it is killed at any time, the path has the old database or the new one.
func (r Restore) Run(ctx context.Context) (sum Summary, old string, err error) {
	if err := r.check(ctx); err != nil {
		return sum, "", err
	}
	l, err := TakeLock(r.To, "crmkit restore")
	if err != nil {
		return sum, "", err
	}
	defer func() { err = errors.Join(err, l.Release()) }()
	user, err := usedBy(r.To)
	if user != "" {
		err = fmt.Errorf("%s has %s open; end it first", user, r.To)
	}
	if err != nil {
		return sum, "", err
	}
	partial := r.To + ".restoring"
	if sum, err = vacuumInto(ctx, immutableDSN(r.From), partial, r.Schema); err == nil {
		err = giveTo(partial, r.To)
	}
	if err != nil {
		return sum, "", errors.Join(err, removeIfExists(partial))
	}
	if old, err = r.setAside(); err == nil {
		err = os.Rename(partial, r.To)
	}
	if err != nil {
		return sum, old, errors.Join(err, removeIfExists(partial))
	}
	sum.Path = r.To
	return sum, old, syncFile(filepath.Dir(r.To))
}

// check refuses a backup that is damaged, and a target that must not be replaced.
func (r Restore) check(ctx context.Context) error {
	if _, err := Verify(ctx, r.From, r.Schema); err != nil {
		return fmt.Errorf("the backup is not used: %w", err)
	}
	source, err := os.Stat(r.From)
	if err != nil {
		return err
	}
	if err := checkWritable(r.To); err != nil {
		return err
	}
	target, err := os.Stat(r.To)
	switch {
	case err == nil && os.SameFile(source, target):
		return fmt.Errorf("%s is the database itself; name a backup of it", r.From)
	case err == nil && target.IsDir():
		return fmt.Errorf("%s is a folder; name the file to restore to with --db", r.To)
	case r.Replace:
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if _, err := os.Stat(r.To + suffix); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; with --force the backup takes its place, and it is kept under another name", r.To+suffix)
		}
	}
	return nil
}

// replacedSuffix begins what a restore adds to the name of the old database; the time follows.
const replacedSuffix = ".replaced-"

// setAside gives the old database another name, with its log. If the database is not damaged, the
// log is written into it first: then the file is complete without it, and one rename replaces the
// old database by the new one.
func (r Restore) setAside() (aside string, err error) {
	if _, err := os.Stat(r.To); err == nil {
		_ = withConn(r.To, fileURL(r.To)+"?mode=rw&_pragma=busy_timeout(10000)", func(c *Conn) error {
			return c.run("PRAGMA wal_checkpoint(TRUNCATE)")
		})
	}
	name := r.To + replacedSuffix + time.Now().UTC().Format(stamp)
	// Each part gets its second name before any loses its first, the log before the file.
	parts := []string{"-wal", "-shm", "-journal", ""}
	for _, suffix := range parts {
		err := secondName(r.To+suffix, name+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("the old database is not replaced: %w", err)
		}
		aside = name
	}
	if err := syncFile(filepath.Dir(r.To)); err != nil {
		return aside, err
	}
	for _, suffix := range parts[:len(parts)-1] {
		if err := removeIfExists(r.To + suffix); err != nil {
			return aside, err
		}
	}
	return aside, syncFile(filepath.Dir(r.To))
}
