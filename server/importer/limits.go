package importer

import (
	"context"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/server/importer/rows"
)

// Size is how large a file, or a part of one, is.
type Size struct{ Rows, Bytes, Values int }

// Limits bound what an import holds in memory and for how long it keeps others from
// writing.
type Limits struct {
	Batch        Size          // read at once; other writes take turns with the transactions that save it
	Step         int           // the cost of the rows that one transaction saves, see costOf
	DryRun       Size          // of a file: a dry run remembers what its rows did
	Samples      int           // rows without an error that a dry run lists
	Atomic       Size          // of a file that is saved in one transaction, for which all others wait
	FreeWait     time.Duration // a transaction that waited longer to begin was behind others
	DryRunMemory int64         // bytes for the records that a dry run changed: short rows may change long records
}

// DefaultLimits are those of a server. A step takes about 50 ms; half as long ones made an import of a
// million contacts a tenth slower.
var DefaultLimits = Limits{
	Batch:        Size{700, 1 << 20, 12_000},
	Step:         8_000,
	DryRun:       Size{10_000, 16 << 20, 500_000},
	Samples:      20,
	Atomic:       Size{1_000, 8 << 20, 50_000},
	FreeWait:     time.Millisecond,
	DryRunMemory: 32 << 20,
}

// maxWithoutID is how many rows may have neither an id nor a unique value; a part
// of their hashes is held in memory.
const maxWithoutID = 1_000_000

// within reports whether nothing of x is more than most.
func (x Size) within(most Size) bool {
	return x.Rows <= most.Rows && x.Bytes <= most.Bytes && x.Values <= most.Values
}

// below reports whether there is room for another row.
func (x Size) below(most Size) bool {
	return x.Rows < most.Rows && x.Bytes < most.Bytes && x.Values < most.Values
}

// add counts a row.
func (x *Size) add(r rows.Row) {
	x.Rows, x.Bytes, x.Values = x.Rows+1, x.Bytes+r.Size, x.Values+len(r.Cells)+len(r.Nulls)
}

func (x Size) String() string {
	return fmt.Sprintf("%d rows, %d bytes and %d values", x.Rows, x.Bytes, x.Values)
}

// checkSize refuses a file that is too large for a dry run or an atomic import. Other imports
// have no limit but the size of the upload.
func (im *Importer) checkSize() *crm.Error {
	switch most := im.opts.Limits; {
	case im.opts.Atomic && !im.size.within(most.Atomic):
		return crm.Errorf(crm.InvalidValue, "atomic=1 takes at most %s, because all others wait until it is done; this file has %s. %s", most.Atomic, im.size, withoutAtomic).On("atomic")
	case im.opts.DryRun && !im.size.within(most.DryRun):
		return crm.Errorf(crm.InvalidValue, "dry_run=1 takes at most %s; this file has %s. %s", most.DryRun, im.size, firstPart).On("dry_run")
	}
	return nil
}

// dryRunFull is the error that ends a dry run whose memory is full. It is about the row after
// those that were answered.
func (im *Importer) dryRunFull() *crm.Error {
	im.summary.rows = 0
	for _, n := range im.summary.counts {
		im.summary.rows += int(n)
	}
	return crm.Errorf(crm.InvalidValue, "a dry run holds the changes of all rows in memory, at most %d bytes, and this file has more. %s", im.opts.Limits.DryRunMemory, firstPart).On("dry_run")
}

const firstPart = "To check how the file is read, send its first part with the line of column names. Then import all of it: rows with errors are listed, and the file can be sent again."

const withoutAtomic = "Nothing was saved. Leave atomic out: rows with errors are listed, the others are saved, and you can correct the file and send it again; nothing is created twice."

// How an import gives way to writes of others.
const (
	sharedPart = 20                     // its transactions are this much smaller
	freeSteps  = 10                     // transactions in a row that waited for nobody, after which the import is alone
	mostPause  = 100 * time.Millisecond // after a transaction
)

// giveWay is called after a transaction that waited to begin and then took a time. If it was behind
// writes of others, the next ones are small, and after each of them the import pauses for half as
// long again as it took: so others, who send a write when the last one was answered, have three
// fifths of the time. The pause ends when the client is gone, which the next transaction finds.
func (im *Importer) giveWay(ctx context.Context, waited, took time.Duration) {
	if waited > im.opts.Limits.FreeWait {
		im.others = freeSteps
	}
	if im.others == 0 {
		return
	}
	im.others--
	pause := time.NewTimer(min(took+took/2, mostPause))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}
