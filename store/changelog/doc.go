// Package changelog has the form in which changes of records are logged, and reads the past
// from it.
//
// An entry holds the values before the change of the fields that it touched, so the entries of
// a record, applied backwards, lead to every state that it was in. It leaves out what later
// entries have: a create holds no values, and an update has a digest in place of a long value
// after the change. The next entry of the record that changed the field holds what it was
// before; if there is none, the record still has the value. Past finds them.
//
// Values are JSON, times are in milliseconds. The package writes nothing: package store makes
// the entries with Values and Changes, and appends them in the transaction of the change.
// Entries of earlier versions stay readable for ever, so a form that was written once can
// always be read.
package changelog
