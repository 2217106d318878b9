// Package catalog is the data of the product: the kinds of records with their fields,
// the names that other products have for those, and the plans that cap them. A new kind
// of record is a row of Entities and a migration in package store.
//
// It has only tables and functions that search them. It does no I/O, and nothing changes
// the tables after the start. Routes, SQL, answers and the manual are made from the tables
// by other packages, so no table says how a field is handled, only what it is.
package catalog
