package store

import (
	"errors"

	"modernc.org/sqlite"

	"crmkit/crm"
)

// passing are the results of SQLite that speak of the machine, not of the
// statement: BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN. They may be over in a
// moment (sqlite.org/rescode.html).
var passing = map[int]bool{5: true, 7: true, 8: true, 10: true, 13: true, 14: true}

// machine reports whether an error is a fault of the machine below the database.
func machine(err error) bool {
	var fault *sqlite.Error
	return errors.As(err, &fault) && passing[fault.Code()&0xff]
}

// unread is the error for what could not be read, where the machine is at fault.
func (s *Store) unread(err error) error {
	if !machine(err) {
		return err
	}
	s.opts.Log.Error("read failed", "error", err)
	return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the database cannot be read now; try again in a moment."}
}

// isBusy reports whether an error is SQLite's "database is locked".
func isBusy(err error) bool {
	var fault *sqlite.Error
	return errors.As(err, &fault) && fault.Code()&0xff == 5 // SQLITE_BUSY
}
