// Package draft turns the members of a JSON object into a draft of a record: a
// value for each field of its entity, or the error that says what to send instead.
// It checks the form of values alone and never reads the store, so a reference it
// accepts may still name a record that does not exist.
//
// Bodies of requests, rows of imports and arguments of tools all pass through
// Decode, so that a field takes the same values wherever it is written.
package draft
