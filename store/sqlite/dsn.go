package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Memory is the path of a database in memory, which ends with its connections.
const Memory = ":memory:"

// oldestSQLite is the first version without the WAL reset fault that corrupts
// databases (3.7.0 to 3.51.2).
var oldestSQLite = [3]int{3, 51, 3}

// synchronous is the mode in which SQLite waits for the disk. It is FULL in every build but one:
// the soak test links a binary with OFF, which must lose writes in a power cut, to show that the
// test would find it.
var synchronous = "FULL"

// checkpointPages is the size of the write-ahead log at which SQLite writes it into the file: 16
// MB. Most pages change with each write, and are then written into the file a quarter as often as
// with SQLite's default of 1000.
const checkpointPages = "4000"

// writerCache is how much of the file the connection that writes keeps in memory, in KiB as SQLite
// wants it. New values belong all over the indexes of a large file: with SQLite's default of 2 MB
// an import of a million contacts wrote and read half as much again.
const writerCache = "-32768"

// openDSN returns the data source for a path. A database in memory gets a name of its own
// in SQLite's memdb file system, which all connections of the process share.
func openDSN(path string) string {
	if path == Memory {
		var name [12]byte
		_, _ = rand.Read(name[:])
		return "file:/crmkit-" + hex.EncodeToString(name[:]) + "?vfs=memdb&_pragma=busy_timeout(10000)"
	}
	return fileURL(path) + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(" + synchronous + ")"
}

// immutableDSN is the data source of a file that is only read. Without a log beside it the file is
// complete, and SQLite must not create a log to read it.
func immutableDSN(path string) string {
	if hasLog(path) {
		return fileURL(path) + "?mode=ro&_pragma=busy_timeout(10000)"
	}
	return fileURL(path) + "?mode=ro&immutable=1"
}

// liveDSN is the data source of a file that others may write while it is read.
func liveDSN(path string) string {
	if checkWritable(path) != nil {
		return immutableDSN(path) // SQLite cannot create its log in the folder, so no process writes
	}
	return fileURL(path) + "?mode=rw&_pragma=busy_timeout(10000)"
}

func fileURL(path string) string {
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath()
}

// openWriter opens the pool of the one connection that writes, and checks its settings. With secure_delete SQLite
// overwrites what is deleted with zeros. Copies that it leaves where it moves rows between pages stay (docs/erasure.md).
func openWriter(ctx context.Context, engine *Engine, dsn string) (*sql.DB, error) {
	db := engine.open(dsn + "&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(" + checkpointPages + ")&_pragma=cache_size(" + writerCache + ")&_pragma=secure_delete(1)")
	db.SetMaxOpenConns(1)
	want := map[string]string{"foreign_keys": "1", "cache_size": writerCache, "secure_delete": "1"}
	if !strings.Contains(dsn, "vfs=memdb") {
		want["journal_mode"], want["synchronous"] = "wal", map[string]string{"FULL": "2", "OFF": "0"}[synchronous]
		want["wal_autocheckpoint"] = checkpointPages
	}
	if err := errors.Join(checkVersion(ctx, db), checkPragmas(ctx, db, want)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openReaders opens the pool of the connections that read.
func openReaders(ctx context.Context, engine *Engine, dsn string) (*sql.DB, error) {
	db := engine.open(dsn + "&_pragma=query_only(1)")
	if err := checkPragmas(ctx, db, map[string]string{"query_only": "1"}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func checkPragmas(ctx context.Context, db *sql.DB, want map[string]string) error {
	for name, value := range want {
		var is string
		if err := db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&is); err != nil {
			return err
		}
		if is != value {
			return fmt.Errorf("PRAGMA %s is %s, must be %s", name, is, value)
		}
	}
	return nil
}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var text string
	var is [3]int
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&text); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &is[0], &is[1], &is[2]); err != nil {
		return err
	}
	for i := range is {
		switch {
		case is[i] > oldestSQLite[i]:
			return nil
		case is[i] < oldestSQLite[i]:
			return fmt.Errorf("SQLite %s can corrupt its log; build with 3.51.3 or newer", text)
		}
	}
	return nil
}
