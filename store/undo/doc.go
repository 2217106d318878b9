// Package undo takes back what the log says was done: the changes of a group, of a run, or one change of a
// record. Its own writes are changes like others, so what undoes an undo does it again.
//
// # The order
//
// Entries are undone from the last to the first, each by one write: an update by the update that gives its
// fields their values before, a delete or merge by making the record again, a create by a delete. So
// every state on the way was a valid one before, and unique values that records exchanged are never
// taken twice. There is one exception: if what followed from a delete or merge is logged after it, the
// record must be there before anything can refer to it again. These entries wait (Place.Later) until that
// record was made again, and are undone then. If one that waits makes a record again, all earlier entries about that
// record wait with it, and those that refer to it wait for it.
//
// # What others did since
//
// A value goes back only if the record still has the one that the change gave it. Otherwise it is kept, with
// all earlier values that the scope gave the field. A record that was made goes only if it has the values with
// which it was made, and nothing refers to it. A record that comes back leaves out values and references that
// others have by now, or that are not there any more. Values that a merge which is done again cannot give to the
// winner go into an activity of it (saveLost). Every one of these is a Kept of the answer.
//
// # Undoing twice
//
// The log says what each undo undoes (logged.go). What an undo took back that was not undone itself is not undone again: others may
// have done the same since, and that is theirs. A record that others deleted after it was there again stays deleted.
//
// # Steps
//
// A step undoes some entries in a transaction, and its Place says from where the next one goes on. So an undo
// that was broken off goes on where it was, and does nothing twice.
package undo
