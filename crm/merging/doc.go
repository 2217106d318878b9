// Package merging says what becomes of the values of records that are merged into one.
//
// The record that stays, the winner, keeps what it has. Its empty fields get the values of the
// others, lists are joined, and addresses that name a record become further ones. A client may take
// a field from one of the others instead. Whatever does not fit into the winner is left over: text
// for the activity that records the merge, so that no value is lost.
//
// The package computes, and stores nothing. Package store applies its inputs as if a client had sent
// them, so that lists have their limits and a stage sets the status.
package merging
