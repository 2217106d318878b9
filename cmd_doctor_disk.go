package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"crmkit/store"
	"crmkit/store/postgres"
	"crmkit/store/sqlite"
)

// The checks of doctor on files and the clock.

// configFile checks that other users cannot read the config file, which may contain the
// password of the mail server.
func (c *cli) configFile(context.Context) checkResult {
	path := c.Config
	if path == "" {
		return checkResult{}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return checkResult{fail, "config", err.Error(), "name the file in --config or CRMKIT_CONFIG"}
	case info.Mode().Perm()&0o007 != 0:
		return checkResult{warn, "config", fmt.Sprintf("%s may hold a password, and its mode %04o lets everybody in", path, info.Mode().Perm()), "chmod 640 " + path}
	}
	return checkResult{ok, "config", path, ""}
}

// database checks that the file is a database of crmkit, undamaged, writable, and of a schema
// that this binary knows. A missing file is a warning: serve creates it.
func (c doctorRun) database(context.Context) checkResult {
	info, err := os.Stat(c.DB)
	switch {
	case c.DB == store.Memory:
		return checkResult{warn, "database", "it is in memory and ends with the server", "name a file with --db"}
	case errors.Is(err, fs.ErrNotExist):
		return checkResult{warn, "database", c.DB + " does not exist", "crmkit serve makes it; if there was one, name it with --db"}
	case err != nil:
		return checkResult{fail, "database", err.Error(), "let the user of the server reach it"}
	}
	h := c.health
	found := fmt.Sprintf("%s, %s, schema %d, users %d", c.DB, formatBytes(info.Size()), h.Schema, h.Users)
	switch {
	case c.fault != nil:
		return checkResult{fail, "database", c.fault.Error(), "stop what holds it, or put a backup in its place"}
	case h.Schema > h.Known:
		return checkResult{fail, "database", found, fmt.Sprintf("this crmkit knows schema %d: upgrade the binary", h.Known)}
	case h.Schema < h.Known:
		return checkResult{warn, "database", found, fmt.Sprintf("the next start upgrades it to %d, after a copy beside it", h.Known)}
	}
	return checkResult{ok, "database", found, ""}
}

// permissions checks that other users cannot read the file, and that the folder is writable:
// SQLite makes its log beside the database. It tries to create a file there, since access
// lists and read-only mounts do not show in the mode of a folder.
func (c doctorRun) permissions(context.Context) checkResult {
	if c.DB == store.Memory {
		return checkResult{}
	}
	dir := filepath.Dir(c.DB)
	probe, err := os.CreateTemp(dir, ".crmkit-doctor-")
	if err != nil {
		return checkResult{fail, "permissions", err.Error(), "the database keeps its log beside it: let the user of the server write in " + dir}
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return checkResult{fail, "permissions", err.Error(), "look at the disk"}
	}
	if err := sqlite.CheckOwners(c.DB); err != nil {
		return checkResult{fail, "permissions", err.Error(), "the server cannot open the database so"}
	}
	info, err := os.Stat(c.DB)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return checkResult{warn, "permissions", fmt.Sprintf("%s has mode %04o: who can read it can read everything", c.DB, info.Mode().Perm()), "chmod 600 " + c.DB + ", and start the server with umask 077"}
	}
	return checkResult{ok, "permissions", dir + " can be written, and nobody else reads the file", ""}
}

// The free space below which space warns and fails.
const (
	lowDiskBytes      = 1 << 30
	criticalDiskBytes = 100 << 20
)

// space checks that there is room for two copies of the database: a backup and an upgrade
// need one each.
func (c doctorRun) space(context.Context) checkResult {
	if c.DB == store.Memory {
		return checkResult{}
	}
	free, err := freeBytes(filepath.Dir(c.DB))
	if err != nil {
		return checkResult{warn, "disk", err.Error(), "look at the free space yourself"}
	}
	var size int64
	if info, err := os.Stat(c.DB); err == nil {
		size = info.Size()
	}
	found := formatBytes(free) + " free"
	switch {
	case free < criticalDiskBytes:
		return checkResult{fail, "disk", found, "writes fail when it is full: make room"}
	case free < lowDiskBytes || free < 2*size:
		return checkResult{warn, "disk", found, "a backup and an upgrade each take a copy of " + formatBytes(size) + ": make room"}
	}
	return checkResult{ok, "disk", found, ""}
}

// clock checks that the clock is synchronised, and not behind the latest change in the file:
// codes and tokens would then expire too late. A difference of a minute is ignored.
func (c doctorRun) clock(context.Context) checkResult {
	now := time.Now()
	if c.health.LastChange.After(now.Add(time.Minute)) {
		return checkResult{fail, "clock", fmt.Sprintf("it says %s, but the latest change is of %s", stamp(now), stamp(c.health.LastChange)), "set the clock: codes and tokens expire by it"}
	}
	if !clockSynchronised() {
		return checkResult{warn, "clock", stamp(now) + ", and nothing keeps it right", "codes and certificates expire by it: timedatectl set-ntp true"}
	}
	return checkResult{ok, "clock", stamp(now), ""}
}

// stamp returns a time as the results show it, to the minute.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// The ages of the newest backup from which backup warns and fails. They suit daily backups,
// the rarest that make sense: with the first one is late by two hours, with the second two
// are missing.
const (
	staleBackup = 26 * time.Hour
	lostBackup  = 50 * time.Hour
)

// backup checks the age of the newest backup, and that the next one would succeed.
func (c doctorRun) backup(ctx context.Context) checkResult {
	if postgres.IsAddress(c.DB) {
		return c.serverBackup()
	}
	if c.DB == store.Memory {
		return checkResult{}
	}
	if c.BackupDir == "" {
		return checkResult{warn, "backup", "no directory of backups is set", "set --backup-dir, and keep copies on another machine"}
	}
	if _, err := os.Stat(c.BackupDir); err != nil {
		return checkResult{fail, "backup", err.Error(), "make the directory, or name another with --backup-dir"}
	}
	// A file without a schema is not a database yet, so there is nothing to copy.
	if c.health.Schema > 0 {
		if err := (sqlite.Backup{Schema: store.FileSchema(), From: c.DB, To: c.BackupDir, Keep: max(1, c.BackupKeep)}).Check(ctx); err != nil {
			return checkResult{fail, "backup", "the next one would fail: " + err.Error(), "until then none is made"}
		}
	}
	at, err := sqlite.LastBackup(c.BackupDir, c.DB)
	age := time.Since(at).Round(time.Minute)
	found := fmt.Sprintf("the newest in %s is %s old", c.BackupDir, age)
	now := fmt.Sprintf("make one now: crmkit backup %s --db %s --keep %d", c.BackupDir, c.DB, max(2, c.BackupKeep))
	switch {
	case err != nil:
		return checkResult{fail, "backup", err.Error(), "let the user of the server reach it"}
	case at.IsZero() && c.health.Schema == 0:
		return checkResult{warn, "backup", "no backup in " + c.BackupDir, "the server makes the first at its start"}
	case at.IsZero():
		return checkResult{fail, "backup", "no backup in " + c.BackupDir, now}
	case age > lostBackup:
		return checkResult{fail, "backup", found, now + ", and see in the log why none was made since"}
	case age > staleBackup:
		return checkResult{warn, "backup", found, "see in the log why none was made since"}
	}
	return checkResult{ok, "backup", found, ""}
}

// formatBytes returns a size in the unit that keeps the number short. Units are powers of
// 1024, and sizes below one are rounded up to 1 KB.
func formatBytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KB", (n+1023)/1024)
}
