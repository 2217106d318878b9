// Package trash has the endpoints about deleted records: lists of them, one of them, and their restore.
//
// A deleted record is in no table. Its values are in the entry of the log with which it was deleted, and
// so is what went with it. So the trash is a list of these entries (changelog.Deleted), and a restore undoes
// them (undo.Restore): the record comes back under its handle, with what was deleted with it and the references to
// it that were cleared. A restore of many records goes on in steps of the store, after a kill too.
package trash
