package importer

import (
	"fmt"
	"io"

	"crmkit/crm"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// runAtomic saves all rows in one transaction. If one fails, none is saved, and the error is
// that of the first row: the answer has no lines then, since no row has an outcome. The rows
// are saved before the answer begins, so that its status can be an error.
func (im *Importer) runAtomic() (Answer, error) {
	batch, err := im.all()
	if err != nil {
		return nil, err
	}
	var results []result
	err = im.write(func(tx *store.Tx) (err error) {
		if results, err = im.saveAll(tx, batch); err == nil {
			err = atomicError(results)
		}
		return err
	})
	if store.TooLong(err) {
		return nil, crm.Errorf(crm.InvalidValue, "atomic=1: %d rows with %d values take longer to save than one write may. %s", len(batch), valuesOf(batch), withoutAtomic).On("atomic")
	}
	if err != nil {
		return nil, err
	}
	return im.answer(func() error {
		if err := im.send(results); err != nil {
			return err
		}
		return im.finish(io.EOF)
	}), nil
}

// valuesOf counts the values of rows, which determine the time to save them.
func valuesOf(batch []entry) (n int) {
	for _, e := range batch {
		n += e.values
	}
	return n
}

// atomicError is the error of the first row that failed, with the number of all that
// did; nil if none did.
func atomicError(results []result) error {
	var first *result
	failed := 0
	for i := range results {
		if results[i].fault != nil {
			if failed++; first == nil {
				first = &results[i]
			}
		}
	}
	if first == nil {
		return nil
	}
	fault := *first.fault.ByRow()
	fault.Hint = fmt.Sprintf("row %s: %s (%d of %d rows fail, and nothing was saved. dry_run=1 lists all of them.)", rows.Place{N: first.n, Line: first.fileLine}, fault.Hint, failed, len(results))
	return &fault
}
