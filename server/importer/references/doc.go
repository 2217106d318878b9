// Package references finds the records to which a row of an import refers: by an id of the product
// that the file is of, by an e-mail address or a domain, or by a name. It creates those of which the row
// has enough, in the savepoint of the row. It reads no file and no cell; package cells did that.
//
// # Names
//
// A name is no key. A record is found by it only if no other has it, or if one of those that have
// it is the one to which what else the row says leads: an address at the domain of the company, the
// company of the person. Otherwise the row is refused, with the ids of those that have it. The obvious
// design, to create a record for a name that leads to none, made a third person of two.
//
// # Completion
//
// A record that was created because a row named it is completed by the first row about a record of
// that name, in any spelling. So files may come in any order.
//
// # Bounds
//
// Each lookup reads a bounded number of records, however many have a name: the transaction it runs in
// keeps others from writing.
package references
