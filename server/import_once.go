package server

import (
	"errors"
	"fmt"
	"io"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// errDry ends a transaction whose results were all that was wanted.
var errDry = errors.New("a dry run keeps nothing")

// atOnce saves all rows in one transaction. A dry run keeps nothing of it; else one
// row that fails keeps all from being saved.
func (im *importer) atOnce(dry bool) (*render.Doc, error) {
	batch, size, end := im.batch(maxAtOnce+1, maxAtOnceBytes+1)
	if len(batch) > maxAtOnce || size > maxAtOnceBytes {
		return nil, crm.Errorf(crm.InvalidValue, "dry_run and atomic take at most %d rows and %d bytes at once, because all others wait for them; send fewer, or import without: rows that fail are told apart, and a second run changes nothing.", maxAtOnce, maxAtOnceBytes)
	}
	if end != io.EOF {
		return nil, end
	}
	var results []result
	err := im.s.change(im.rq, func(tx *store.Tx) (err error) {
		if results, err = im.saveAll(tx, batch); err != nil {
			return err
		}
		if dry {
			unname(results)
			return errDry
		}
		return refused(results)
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, err
	}
	return im.stream(func() error {
		if err := im.send(results); err != nil {
			return err
		}
		return im.finish(io.EOF, dry)
	}), nil
}

// unname takes the names from records that are made in vain.
func unname(results []result) {
	for i := range results {
		if results[i].word == store.Created {
			results[i].handle = ""
		}
	}
}

// refused is the error of the first row that failed, nil when none did.
func refused(results []result) error {
	var first *result
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
