package importer

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"crmkit/server/importer/rows"
)

// A file is read while the rows before are saved: reading a row takes about as long as the
// database needs for it, on another processor.

// readBatch is as many rows as one transaction saves, with the error that ended the reading
// after them.
type readBatch struct {
	entries []entry
	err     error
}

// errStopped ends the reading of a file whose rows nobody waits for any more.
var errStopped = errors.New("the import was stopped")

// readAhead reads batches in a goroutine, one ahead of the one that is being saved. The caller
// must call stop, after which nothing of the importer is read any more.
func (im *Importer) readAhead() (next func() readBatch, stop func()) {
	batches, done, ended := make(chan readBatch), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for more := true; more; {
			b := im.recoveredBatch(done)
			more = b.err == nil
			select {
			case batches <- b:
			case <-done:
				return
			}
		}
	}()
	next = func() readBatch { return <-batches }
	return next, func() {
		close(done)
		<-ended
	}
}

// recoveredBatch reads a batch. A panic becomes its error, since it would end the process in a
// goroutine of its own.
func (im *Importer) recoveredBatch(done <-chan struct{}) (b readBatch) {
	defer func() {
		if v := recover(); v != nil {
			b = readBatch{err: fmt.Errorf("reading a row: %v\n%s", v, debug.Stack())}
		}
	}()
	b.entries, b.err = im.batch(done)
	return b
}

// recoveredRead reads a row. A panic becomes the fault of that row, since the other rows of the
// file are none the worse for it.
func (im *Importer) recoveredRead(r rows.Row) (e entry) {
	defer func() {
		if v := recover(); v != nil {
			e = entry{n: r.N, fault: im.opts.Broken(r.N, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))}
		}
	}()
	return im.read(r)
}

// batch reads as many rows as one transaction saves. It returns them also with an error, which
// is about the row after them, or io.EOF. It ends when done is closed, since a file may have any
// number of empty rows, which fill no batch.
func (im *Importer) batch(done <-chan struct{}) (batch []entry, err error) {
	size := Size{}
	for size.below(im.opts.Limits.Batch) {
		select {
		case <-done:
			return batch, errStopped
		default:
		}
		r, err := im.rows.Next()
		if err != nil {
			return batch, err
		}
		if !r.Empty() {
			size.add(r)
			batch = append(batch, im.recoveredRead(r))
		}
	}
	return batch, nil
}

// all reads the rows to the end of the file. They fit into memory, since checkSize has bounded
// the file.
func (im *Importer) all() (all []entry, err error) {
	for err == nil {
		var batch []entry
		batch, err = im.batch(nil)
		all = append(all, batch...)
	}
	if err != io.EOF {
		return nil, err
	}
	im.summary.rows = len(all)
	return all, nil
}
