// Package importer saves the rows of a file as records: CSV with the columns of any
// product, JSON, vCards, or the export of a whole workspace. It knows
// no HTTP. Package server/transfer receives the file and sends the answer.
//
// # Two passes
//
// A file is read twice. Examine reads it to its end and saves nothing: it finds the
// columns, decides whose ids the rows have, and returns the errors after which no
// row can be read. Start then saves the rows. The obvious design, one pass that saves
// while it reads, would leave half a file in the workspace when the upload is cut, and
// could take the ids of the first rows for those of another product than the rest.
//
// # Rows
//
// A row goes through these steps: package rows returns its cells;
// columns maps each cell to a field; read makes an entry, which is a draft of the record
// and what the row knows of the records it refers to; save finds or creates the record.
// Drafts are decoded by package draft, like bodies of requests.
//
// # Identity
//
// An import may be run again at any time, and changes nothing the second time. The id that
// a row has in a product is an external id of its record; ids of other sources are mapped to
// their records apart from them. A row without an id is identified by its unique value. One that
// has neither is about the contact of the same name and phone number, else it is identified by a
// hash of its cells.
//
// A row may name the version of its record. It is refused if it would change the record at another
// one, so a file that was made from records does not undo what happened to them since.
//
// # Failure
//
// Rows are read in batches, and saved in transactions of some rows, each row in a savepoint.
// A row that fails leaves no trace and stops no other; the answer says why it
// failed. An error that is not about a row ends the import, and the rows before it
// stay saved. An atomic import is one transaction: if a row fails, nothing is saved.
// A dry run rolls every transaction back and remembers what it did, so that later rows see
// the records that earlier rows would have created.
//
// # Memory
//
// An import holds two batches, one that is saved and the next one, the
// names of the columns, a part of the hash of each row that nothing else identifies, and hashes of
// at most 100,000 names, to find rows that look like one person. A dry run also holds the records that it changed.
// Rows, columns and files are bounded by Limits and by the limits of package crm.
package importer
