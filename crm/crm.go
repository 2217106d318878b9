// Package crm is the vocabulary of the product: entities and their fields,
// records, values, ids, actors, error codes and plans. It imports package norm and
// the standard library only and does no I/O; every other package speaks its words.
package crm
