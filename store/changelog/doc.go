// Package changelog has the form in which changes of records are logged, and reads the past
// from it.
//
// An entry holds the values that its fields had before the change, so the entries of a record,
// applied backwards, lead to every state that it was in. It leaves out values that are stored
// elsewhere: a create holds no values, and an update has a digest instead of a long value after
// the change. The next entry of the record that changed the field holds the value before it. If
// no entry did, the record still has the value. Past finds these values.
//
// Values are JSON, times are in milliseconds. The package writes nothing: package store makes
// the entries with Values and Changes, and appends them in the transaction of the change.
// Entries of earlier versions stay readable for ever, so a form that was written once can
// always be read.
package changelog
