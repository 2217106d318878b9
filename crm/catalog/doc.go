// Package catalog is the data of the product: the kinds of records with their fields,
// the names that other products have for those, and the plans that cap them. A new kind
// of record is a row of Entities and a migration in package store.
//
// It is tables and the look-ups in them. It does no I/O, and nobody changes the tables.
package catalog
