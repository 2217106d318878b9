package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"

	modernc "modernc.org/sqlite"

	"crmkit/store/engine"
)

// transientCodes are the result codes of SQLite for faults of the machine, not of the statement:
// BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN. The same statement may work later
// (sqlite.org/rescode.html).
var transientCodes = map[int]bool{5: true, 7: true, 8: true, 10: true, 13: true, 14: true}

// Fault implements engine.DB. No other transaction writes at the same time, so there is no
// engine.Conflict.
func (db *DB) Fault(err error) engine.Fault {
	var fault *modernc.Error
	if errors.As(err, &fault) && transientCodes[fault.Code()&0xff] {
		return engine.Machine
	}
	return engine.NoFault
}

// isBusy reports whether an error is SQLite's "database is locked".
func isBusy(err error) bool {
	var fault *modernc.Error
	return errors.As(err, &fault) && fault.Code()&0xff == 5 // SQLITE_BUSY
}

// explanations are SQLite's errors in words for the owner of the file, by result code.
var explanations = map[int]string{
	5:  "another process is writing to it; try again in a moment",                                                    // SQLITE_BUSY
	8:  "it cannot be written",                                                                                       // SQLITE_READONLY
	10: "the disk did not do what it should",                                                                         // SQLITE_IOERR
	11: "the file is damaged; crmkit verify says more, crmkit restore puts a backup in its place",                    // SQLITE_CORRUPT
	13: "the disk is full",                                                                                           // SQLITE_FULL
	14: "it cannot be opened; the file and its folder must be readable and writable",                                 // SQLITE_CANTOPEN
	26: "this is no SQLite file, or its beginning is damaged; name another, or restore a backup with crmkit restore", // SQLITE_NOTADB
}

// describeOpenError adds the path of the file to an error, and replaces codes of SQLite by words.
func describeOpenError(path string, err error) error {
	var known *modernc.Error
	if errors.As(err, &known) {
		if known.Code()&0xff == 26 && isDump(path) {
			return fmt.Errorf("%s is a dump of pg_dump, not a database file; to check it, restore it into another database of PostgreSQL, and look at that: pg_restore --no-owner --exit-on-error --dbname=postgres://crm@db.example.com/crm_restored %s", path, path)
		}
		if words := explanations[known.Code()&0xff]; words != "" {
			return fmt.Errorf("%s: %s (%w)", path, words, err)
		}
	}
	return fmt.Errorf("%s: %w", path, err)
}

// dumpMagic is how the files of pg_dump --format=custom begin.
const dumpMagic = "PGDMP"

// isDump reports whether a file is a backup of a PostgreSQL database.
func isDump(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	begin := make([]byte, len(dumpMagic))
	_, err = io.ReadFull(file, begin)
	return err == nil && string(begin) == dumpMagic
}
