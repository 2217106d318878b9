// Package aggregate reads the numbers that a list is asked for (query/aggregate): one statement that goes once
// over the records that match, whose conditions, index and pending deletes are those of the list
// (store/list), and before it, for units of time, one that finds the first and the last time.
//
// Memory is bounded whatever the number of groups is, because the statement returns one after the other and
// the table of the answer keeps the first ones. A sum is computed in two parts, each of 32 bits of the values,
// so that it is exact in both engines.
//
// The past is read by the same statement. Only the names of the tables differ: Tables has them.
package aggregate
