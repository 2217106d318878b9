// Package dryrun remembers the changes of the steps of a dry run.
//
// A dry run must report for each row what a real run would do, and that depends on earlier rows:
// they made the record that the row updates, took its e-mail, or used up the plan. The obvious
// design is one transaction for all rows that is rolled back, but a dry run of many rows would
// keep the writer from other users. So it runs in steps. Each step has a transaction of its own
// that is rolled back, and the Run remembers its changes. Before a statement of a later step
// looks for a record that an earlier step changed, the Run writes this record into the
// transaction, and no others. The statements are the same as in a real run.
//
// Package store begins and ends the steps, reports each change to the Run, and asks it to
// restore records before it looks for them. Nothing of a Run is ever committed.
package dryrun

import (
	"errors"

	"crmkit/crm"
	"crmkit/store/table"
)

// Run is a series of writes to one workspace that are all rolled back, each run as if the ones
// before had been committed. It is not safe for concurrent use. The methods that store calls
// in every write may be called on a nil Run, and then do nothing.
type Run struct {
	made    map[*crm.Entity]int64 // how many records of each kind earlier steps made
	byKey   map[recordKey]*record
	claimed map[string][]*record // the records that had or have a value, by its claim (see claimTo)
	imports map[Import]int64     // the records that imported ids became
	bytes   int64                // of storage that earlier steps took
	memory  int64                // bytes of memory that the records take, roughly
	limit   int64                // of memory; a run that takes as much is full
	logged  bool                 // a step has logged something

	at       Step
	number   int // of the step
	changes  []change
	noted    []Import // in this step, with their keys in keys
	keys     []int64
	restored []*record // in this step
}

// Step is the transaction in which a step runs, and the state of the workspace at its begin.
type Step struct {
	Tx        Execer
	Tables    map[*crm.Entity]*table.Table
	Workspace int64
	Last      map[*crm.Entity]int64 // the last number of each kind given to a real record
	Entries   int64                 // the number of the last entry in the log
	Bytes     int64                 // of storage
}

// Execer runs a statement in the transaction of a step.
type Execer interface {
	Exec(text string, args ...any) error
}

// New returns a dry run without steps, which is full when it remembers limit bytes.
func New(limit int64) *Run {
	return &Run{limit: limit, made: map[*crm.Entity]int64{}, byKey: map[recordKey]*record{}, claimed: map[string][]*record{}, imports: map[Import]int64{}}
}

// ErrFull is the error of a step that is not begun because the dry run is full.
var ErrFull = errors.New("the steps so far changed as much as a dry run remembers")

// Full reports whether no further step may begin.
func (r *Run) Full() bool { return r.memory >= r.limit }

// Memory returns how many bytes the dry run remembers, roughly.
func (r *Run) Memory() int64 { return r.memory }

// NewRecords returns how many records of each kind the earlier steps made.
func (r *Run) NewRecords() map[*crm.Entity]int64 { return r.made }

// Grown returns how many bytes of storage the earlier steps took.
func (r *Run) Grown() int64 { return r.bytes }

// Logged reports whether an earlier step logged something, so that its actor is known.
func (r *Run) Logged() bool { return r.logged }

// Begin begins a step. Changes that are reported from now on belong to it.
func (r *Run) Begin(step Step) {
	r.at = step
	r.number++
	r.changes, r.noted, r.keys, r.restored = nil, nil, nil, nil
}

// End remembers the changes of the step, given the number of the last entry in the log and the
// bytes of storage at its end. A step that failed has no End: it leaves the dry run as it was.
func (r *Run) End(entries, bytes int64) {
	r.bytes, r.logged = bytes-r.at.Bytes, r.logged || entries > r.at.Entries
	for _, c := range r.changes {
		r.remember(c)
	}
	for i, n := range r.noted {
		r.imports[n] = r.stableKey(n.Entity, r.keys[i])
	}
	r.changes = nil
}

// Made reports whether a record of the last step was made by the dry run, so that its id is
// not a real one.
func (r *Run) Made(rec crm.Record) bool { return crm.RecordNumber(rec.Key) > r.at.Last[rec.Entity] }

// Nth returns which of its kind a record is among those that the dry run made, 1 for the first. It is
// the same in all steps, unlike the key. It returns 0 for a real record.
func (r *Run) Nth(e *crm.Entity, key int64) int64 {
	return max(0, crm.RecordNumber(key)-r.at.Last[e])
}

// firstNumber is where the numbers of records begin that a dry run made. They are above those
// of all real records.
const firstNumber = 1 << 39

// stableKey returns the key under which a dry run remembers a record that it made: the number
// that the record has in the transaction may be given to a real record before the next step.
// Keys of real records stay as they are.
func (r *Run) stableKey(e *crm.Entity, key int64) int64 {
	return renumber(key, r.at.Last[e], firstNumber)
}

// currentKey is the inverse of stableKey in the current step.
func (r *Run) currentKey(e *crm.Entity, key int64) int64 {
	return renumber(key, firstNumber, r.at.Last[e])
}

func renumber(key, from, to int64) int64 {
	if n := crm.RecordNumber(key); n > from {
		return crm.RecordKey(crm.RecordWorkspace(key), n-from+to)
	}
	return key
}
