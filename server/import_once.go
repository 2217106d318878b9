package server

import (
	"fmt"
	"io"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// extent is how large a file is.
type extent struct{ rows, bytes, values int }

// The most of a dry run, which remembers what earlier rows did, and of an import that is
// one transaction, for which all others wait.
var (
	maxDryRun = extent{10_000, 16 << 20, 500_000}
	maxAtomic = extent{1_000, 8 << 20, 50_000}
)

func (x extent) within(most extent) bool {
	return x.rows <= most.rows && x.bytes <= most.bytes && x.values <= most.values
}

func (x extent) String() string {
	return fmt.Sprintf("%d rows, %d bytes and %d values", x.rows, x.bytes, x.values)
}

// fits refuses a file that is too large for what is asked. A file that a dry run kept was
// looked at then.
func (im *importer) fits(dry, atomic bool) *crm.Error {
	switch {
	case atomic && !im.size.within(maxAtomic):
		return crm.Errorf(crm.InvalidValue, "atomic=1 takes at most %s, because all others wait until it is done; this file has %s. %s", maxAtomic, im.size, withoutAtomic).On("atomic")
	case dry && !im.size.within(maxDryRun):
		return crm.Errorf(crm.InvalidValue, "dry_run=1 takes at most %s; this file has %s. %s", maxDryRun, im.size, firstPart).On("dry_run")
	}
	return nil
}

// maxRemembered is how many bytes of memory what a dry run remembers may take: rows of few
// bytes change records of many.
const maxRemembered = 32 << 20

// remembered ends a dry run that remembers as much as it may, behind the rows that it told.
func (im *importer) remembered() *crm.Error {
	im.summary.rows = 0
	for _, n := range im.summary.counts {
		im.summary.rows += int(n)
	}
	return crm.Errorf(crm.InvalidValue, "dry_run=1 remembers what the rows before would make and change, at most %d bytes, and this is more. %s", im.s.remembered, firstPart).On("dry_run")
}

const firstPart = "Send its first part, with the line of column names, to see how it is read; then import all of it: rows that fail are named, and the file may be sent again."

const withoutAtomic = "Nothing was saved. Leave atomic out: rows that fail are named, the others are saved, and the file may be sent again when it is mended, which makes nothing twice."

// runAtomic saves all rows in one transaction; one that fails keeps all from being saved.
func (im *importer) runAtomic() (*render.Response, error) {
	batch, err := im.all()
	if err != nil {
		return nil, err
	}
	var results []importResult
	err = im.s.change(im.rq, func(tx *store.Tx) (err error) {
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
	return im.stream(func() error {
		if err := im.send(results); err != nil {
			return err
		}
		return im.finish(io.EOF, false)
	}), nil
}

// all reads the rows to the end of the file.
func (im *importer) all() (all []entry, err error) {
	for err == nil {
		var batch []entry
		batch, err = im.batch()
		all = append(all, batch...)
	}
	if err != io.EOF {
		return nil, err
	}
	return all, nil
}

func valuesOf(batch []entry) (n int) {
	for _, e := range batch {
		n += e.values
	}
	return n
}

// atomicError is the error of the first row that failed, nil when none did.
func atomicError(results []importResult) error {
	var first *importResult
	n := 0
	for i := range results {
		if results[i].fault != nil {
			if n++; first == nil {
				first = &results[i]
			}
		}
	}
	if first == nil {
		return nil
	}
	fault := *first.fault
	fault.Hint = fmt.Sprintf("row %d: %s (%d of %d rows fail; nothing was saved. dry_run=1 tells of each.)", first.n, fault.Hint, n, len(results))
	return &fault
}
