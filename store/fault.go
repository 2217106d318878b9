package store

import (
	"errors"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/table"
)

// wrapReadError is the error for what could not be read, where the machine is at fault or a row of
// the file is damaged.
func (s *Store) wrapReadError(err error) error {
	var bad *table.DamagedRow
	if errors.As(err, &bad) {
		s.opts.Log.Error("a row of the file is damaged", "record", bad.Handle, "error", bad.Cause)
		return crm.Errorf(crm.Internal, "%s is damaged in the file of the server, so this cannot be answered; filters that leave it out can. Do not retry. Who runs the server finds more with crmkit verify and in its log, and may restore a backup.", bad.Handle)
	}
	if !sqlite.IsIOError(err) {
		return err
	}
	s.opts.Log.Error("read failed", "error", err)
	return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the database cannot be read now; try again in a moment."}
}
