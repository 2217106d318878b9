// Package duplicates keeps what finds records of one person or company in the database: the table
// duplicate_keys, with the keys of each record (alike.Card.Keys), and dismissed_pairs, with the pairs
// that somebody said are different. It reads them for a pass over all records, and for one record.
//
// Each row of duplicate_keys follows from a record, and is written in the transaction that changes
// the record. So the table says nothing that the records do not, and Rebuild computes it from them.
// The rules themselves are in package alike, which knows no SQL.
package duplicates
