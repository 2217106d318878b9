package store

import (
	"errors"
	"fmt"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

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
	if !sqlite.IsIOError(err) {
		return err
	}
	s.opts.Log.Error("read failed", "error", err)
	return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the database cannot be read now; try again in a moment."}
}
