// Package ahead says what a write of a record will ask of a shared database, so that the writer asks it
// once for all writes of a batch (package txn, Ahead), and keeps these answers right when the batch
// changes what they are about.
//
// A create asks whether other records have its unique values, how the records are called to which it
// refers, which keys its labels have, and which records look like it. Each of these is a round trip,
// of which a batch of a hundred creates had some hundreds. Asked ahead, they are two for all.
//
// The functions that a write calls (Holder, Label, and those of packages secondary and duplicates) take
// the answer that is noted, or ask. So a write whose questions were not foreseen does the same, and
// there is one way of writing.
//
// # Invariant
//
// A noted answer is what the statement would return at that moment of the transaction. Changed drops or
// corrects those that a change of a record affects. All other statements that change or delete rows drop
// every answer about records.
package ahead
