package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"

	"crmkit/crm"
)

// transientCodes are the results of SQLite that speak of the machine, not of the
// statement: BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN. They may be over in a
// moment (sqlite.org/rescode.html).
var transientCodes = map[int]bool{5: true, 7: true, 8: true, 10: true, 13: true, 14: true}

// isIOError reports whether an error is a fault of the machine below the database.
func isIOError(err error) bool {
	var fault *sqlite.Error
	return errors.As(err, &fault) && transientCodes[fault.Code()&0xff]
}

// damagedRow is the error of a row whose values are none that this program writes.
type damagedRow struct {
	handle string
	cause  error
}

func (d *damagedRow) Error() string { return d.handle + " cannot be read: " + d.cause.Error() }

// damaged returns the error of the row scanned last.
func (r *row) damaged(cause error) error {
	e, id := r.table.entity, ""
	if key, ok := r.cells[0].(int64); ok {
		id = crm.RecordID(e.Prefix, key)
	}
	if e.RandomID {
		id, _ = r.cells[1].(string)
	}
	return &damagedRow{e.Name + "/" + id, cause}
}

// decoding runs what reads values of a row and turns a panic in it into an error.
func decoding(step func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	step()
	return nil
}

// wrapReadError is the error for what could not be read, where the machine is at fault or a row of
// the file is damaged.
func (s *Store) wrapReadError(err error) error {
	var bad *damagedRow
	if errors.As(err, &bad) {
		s.opts.Log.Error("a row of the file is damaged", "record", bad.handle, "error", bad.cause)
		return crm.Errorf(crm.Internal, "%s is damaged in the file of the server, so this cannot be answered; filters that leave it out can. Do not retry. Who runs the server finds more with crmkit verify and in its log, and may restore a backup.", bad.handle)
	}
	if !isIOError(err) {
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
