package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/postgres"
	"crmkit/store/sqlite"
)

// The commands backup, restore, verify and upgrade, and the backups that a server makes
// itself. Package store/sqlite does the work, and is safe to interrupt. PostgreSQL has programs
// of its own, which the errors of these commands name.

// backupCommand reads the committed state of the file, so it works while a server runs.
type backupCommand struct {
	File string `arg:"" help:"File to write, or a folder; in a folder the copy has the name of the database." placeholder:"FILE"`
	DB   string `name:"db" help:"The database file (default ${default}). For PostgreSQL the error says what to run." default:"crmkit.db" placeholder:"FILE"`
	Keep int    `help:"Number of backups to keep: older ones are renamed with their time, and the oldest deleted. Without it an existing file is an error." placeholder:"N"`
}

// Run writes the backup, checks it, and prints what is in it.
func (c backupCommand) Run(ctx context.Context, con console) error {
	if c.DB == store.Memory {
		return errors.New("--db :memory: is in no file; name the file of a server")
	}
	if postgres.IsAddress(c.DB) {
		return fmt.Errorf("no backup was made: %s is on PostgreSQL, and this command copies only files; PostgreSQL's own program makes one: %s", postgres.Name(c.DB), dumpCommand(c.DB))
	}
	if c.Keep < 0 {
		return fmt.Errorf("--keep %d: write how many backups to keep, the new one included", c.Keep)
	}
	sum, err := sqlite.Backup{Schema: store.FileSchema(), From: c.DB, To: c.File, Keep: c.Keep}.Write(ctx)
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	return printSummary(con, "backup", sum)
}

// restoreCommand needs --force for an existing database. The flag cannot be set in the
// environment, so that no script replaces a database by accident.
type restoreCommand struct {
	File  string `arg:"" help:"The backup." placeholder:"FILE"`
	DB    string `name:"db" help:"Database file to restore to (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Force bool   `help:"Replace an existing database. The old file is kept under another name." env:"-"`
}

// Run replaces the database with a copy of the backup and prints what is in it. The old
// database is renamed, never deleted.
func (c restoreCommand) Run(ctx context.Context, con console) error {
	if c.DB == store.Memory {
		return errors.New("--db :memory: is in no file; name the file to restore to")
	}
	if postgres.IsAddress(c.DB) {
		make, address := postgres.Another(c.DB, "_restored")
		return fmt.Errorf("not restored: %s is on PostgreSQL; make another database, on the machine of PostgreSQL: %s; restore a backup of pg_dump into that, look at it, then name it as --db: pg_restore --no-owner --exit-on-error --dbname=%s crm.dump",
			postgres.Name(c.DB), make, shellWord(address))
	}
	if err := checkPath(c.DB); err != nil {
		return err
	}
	sum, kept, err := sqlite.Restore{Schema: store.FileSchema(), From: c.File, To: c.DB, Replace: c.Force}.Run(ctx)
	if err != nil {
		return fmt.Errorf("not restored: %w", err)
	}
	if err := printSummary(con, "restored", sum); err != nil || kept == "" {
		return err
	}
	_, err = fmt.Fprintf(con.out, "# the old database is kept as %s\n", norm.OneLine(kept))
	return err
}

// verifyCommand reads the whole file and changes nothing.
type verifyCommand struct {
	File string `arg:"" help:"A database or a backup." placeholder:"FILE"`
}

// Run prints a summary of the file, or fails with the damage it found.
func (c verifyCommand) Run(ctx context.Context, con console) error {
	if postgres.IsAddress(c.File) {
		return fmt.Errorf("not verified: %s is on PostgreSQL; its own program checks it, on the machine of PostgreSQL: %s; crmkit doctor checks the server",
			postgres.Name(c.File), postgres.ForAdministrator(c.File, "pg_amcheck --install-missing --heapallindexed"))
	}
	sum, err := store.Verify(ctx, c.File)
	if err != nil {
		return err
	}
	return printSummary(con, "verified", sum)
}

// upgradeCommand does before the start of a new version what serve does at its start. With
// --dry-run an operator learns whether it works, and for how long, while the old version
// still runs.
type upgradeCommand struct {
	DB     string `name:"db" help:"The database: a file, or postgres://user@host/name (default ${default})." default:"crmkit.db" placeholder:"DATABASE"`
	DryRun bool   `help:"Upgrade a copy in the folder for temporary files, and say what would be done. On PostgreSQL there is no copy: say what would be done." env:"-"`
}

// Run upgrades the file to the schema of this binary, or a copy of it, and prints the steps.
func (c upgradeCommand) Run(ctx context.Context, con console) error {
	if err := checkExists(ctx, c.DB); err != nil {
		return err
	}
	if postgres.IsAddress(c.DB) {
		return c.onServer(ctx, con)
	}
	opts := sqlite.Options{Path: c.DB, Schema: store.FileSchema(), LockAs: "crmkit upgrade", Log: slog.New(slog.NewTextHandler(con.err, nil))}
	run, done := sqlite.Upgrade, "upgraded"
	if c.DryRun {
		run, done = sqlite.TryUpgrade, "tried on a copy"
	}
	steps, sum, err := run(ctx, opts)
	if err != nil {
		return fmt.Errorf("not %s: %w", done, err)
	}
	for _, step := range steps {
		if _, err := fmt.Fprintf(con.out, "# %s: %s\n", done, step); err != nil {
			return err
		}
	}
	if len(steps) == 0 {
		done = "up to date"
	}
	// The summary is printed in every case, so that a script can read the schema from it.
	return printSummary(con, done, sum)
}

// onServer upgrades a PostgreSQL database, in one transaction. It cannot try that on a copy, so a
// dry run says only what would be done. It says whether servers of the old version can go on.
func (c upgradeCommand) onServer(ctx context.Context, con console) error {
	before, err := store.CheckServer(ctx, c.DB)
	if err != nil {
		return err
	}
	done := "upgraded"
	switch {
	case before.Schema > before.Known:
		return fmt.Errorf("%s has schema %d, and this crmkit knows %d: upgrade the binary", before.Name, before.Schema, before.Known)
	case len(before.Missing) == 0:
		done = "up to date"
	case c.DryRun:
		done = "would be upgraded"
	default:
		if err := store.Upgrade(ctx, store.Options{Path: c.DB, Log: slog.New(slog.NewTextHandler(con.err, nil))}); err != nil {
			return fmt.Errorf("not upgraded: %w", err)
		}
	}
	for _, name := range before.Missing {
		if _, err := fmt.Fprintf(con.out, "# %s: migration %s\n", done, name); err != nil {
			return err
		}
	}
	if len(before.Missing) > 0 && before.Schema > 0 {
		beside := "can go on beside it"
		if before.NeedsThen > before.Schema {
			beside = "write nothing any more then, until they are of this version"
		}
		if _, err := fmt.Fprintf(con.out, "# servers of schema %d %s\n", before.Schema, beside); err != nil {
			return err
		}
	}
	schema := before.Known
	if c.DryRun {
		schema = before.Schema
	}
	_, err = fmt.Fprintf(con.out, "%s: database=%s schema=%d users=%d\n", done, norm.AppendValue(nil, before.Name), schema, before.Users)
	if err == nil && c.DryRun && len(before.Missing) > 0 {
		_, err = fmt.Fprintln(con.out, "# nothing was tried; to try it, copy the database ("+dumpCommand(c.DB)+"), and upgrade the copy")
	}
	return err
}

// printSummary prints the summary of a file as one line of key=value pairs. Scripts compare
// the counts of a backup with those of its database.
func printSummary(con console, done string, sum sqlite.Summary) error {
	line := fmt.Sprintf("%s: file=%s bytes=%d schema=%d", done, norm.AppendValue(nil, sum.Path), sum.Bytes, sum.Schema)
	for _, c := range sum.Rows {
		line += fmt.Sprintf(" %s=%d", c.Kind, c.N)
	}
	_, err := fmt.Fprintln(con.out, line)
	return err
}

const (
	// backupEvery is the time between two backups if no other is set: with the default of
	// 28 they reach back a week.
	backupEvery = 6 * time.Hour

	// backupAgain is the time after which a failed backup is tried again, unless the next
	// one is due sooner. The reason, such as a full disk, is seldom gone at once.
	backupAgain = 10 * time.Minute
)

// checkBackups refuses settings with which no useful backup would be made. The folder of the
// database is refused, because what destroys the database destroys its folder.
func (c serveCommand) checkBackups() error {
	switch {
	case postgres.IsAddress(c.DB) && (c.BackupDir != "" || c.BackupEvery != 0):
		return fmt.Errorf("--backup-dir and --backup-every are for a database file; %s is on PostgreSQL: leave them out, and run from a timer: %s", postgres.Name(c.DB), dumpCommand(c.DB))
	case c.BackupDir == "" && c.BackupEvery != 0:
		return errors.New("--backup-every needs a folder for the backups; name it with --backup-dir")
	case c.BackupDir == "":
		return nil
	case c.DB == store.Memory:
		return errors.New("--db :memory: leaves nothing behind: leave out --backup-dir, or name a file")
	case c.BackupEvery < 0 || c.BackupEvery > 0 && c.BackupEvery < time.Second:
		return fmt.Errorf("--backup-every %s: write a time of at least a second, like 6h or 30m", c.BackupEvery)
	case c.BackupKeep < 1:
		return fmt.Errorf("--backup-keep %d: write how many backups to keep, at least 1", c.BackupKeep)
	}
	if info, err := os.Stat(c.BackupDir); err != nil || !info.IsDir() {
		return fmt.Errorf("--backup-dir %s is no folder; make it, or name another", c.BackupDir)
	}
	folder, err1 := filepath.Abs(c.BackupDir)
	file, err2 := filepath.Abs(c.DB)
	if err1 == nil && err2 == nil && folder == filepath.Dir(file) {
		return fmt.Errorf("--backup-dir %s is the folder of the database; name another, best on another disk", c.BackupDir)
	}
	return errors.Join(err1, err2)
}

// startBackups makes backups in the background until the context ends or stop is called. stop
// cancels a backup that is running and waits for it. It may be called more than once.
func (c serveCommand) startBackups(ctx context.Context, log *slog.Logger) (stop func()) {
	if c.BackupDir == "" {
		return func() {}
	}
	if c.BackupEvery == 0 {
		c.BackupEvery = backupEvery
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { c.backups(ctx, log) })
	return func() {
		cancel()
		done.Wait()
	}
}

// backups makes one backup after the other. The first is due by the age of the newest file in
// the folder and not by the start of the server, so a server that restarts often neither
// makes one at each start nor never.
func (c serveCommand) backups(ctx context.Context, log *slog.Logger) {
	last, err := sqlite.LastBackup(c.BackupDir, c.DB)
	if err != nil {
		log.Error("the folder of the backups cannot be read", "error", err)
	}
	wait := time.Until(last.Add(c.BackupEvery))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(wait, c.BackupEvery)):
		}
		wait = c.BackupEvery
		if err := c.backup(ctx, log); err != nil && ctx.Err() == nil {
			wait = min(wait, backupAgain)
			log.Error("backup failed", "error", err, "again_in_s", int(wait.Seconds()), "last_good", last)
		} else {
			last = time.Now()
		}
	}
}

// backup makes one backup and logs what it contains.
func (c serveCommand) backup(ctx context.Context, log *slog.Logger) error {
	began := time.Now()
	sum, err := sqlite.Backup{Schema: store.FileSchema(), From: c.DB, To: c.BackupDir, Keep: c.BackupKeep}.Write(ctx)
	if err == nil {
		log.Info("backup", "file", sum.Path, "bytes", sum.Bytes, "schema", sum.Schema, "took_ms", time.Since(began).Milliseconds())
	}
	return err
}
