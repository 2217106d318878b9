// Package importer saves the rows of a file as records: CSV with the columns of any
// product, JSON lines, a JSON array, or the export of a whole workspace. It knows
// no HTTP. Package server takes the file in, and sends on what the import says.
//
// # Two passes
//
// A file is read twice. Examine reads it to its end and saves nothing: it finds the
// columns, decides whose ids the rows have, and returns the errors after which no
// row can be read. Start then saves the rows. The obvious design, one pass that saves
// while it reads, would leave half a file behind when the upload is cut, and could
// take the ids of the first rows for those of another product than the rest.
//
// # Rows
//
// A row goes through these steps: rowReader (one for each format) returns its cells;
// columns says where each cell goes; read makes an entry, which is a draft of the
// record and what the row knows of the records it refers to; save finds or creates
// the record. Drafts are decoded as bodies of requests are, by package draft.
//
// # Identity
//
// An import may be run again at any time and changes nothing then. The store maps the
// id that a row has in its source to the record made for it. A row without an id is
// known by its unique value, and one that has neither by a hash of its cells.
//
// # Failure
//
// Rows are saved in batches, each batch one transaction and each row a savepoint in
// it. A row that fails leaves no trace and stops no other; the answer says why it
// failed. An error that is not about a row ends the import, and the batches before it
// stay saved. An atomic import is one transaction: if a row fails, nothing is saved.
// A dry run rolls every batch back and remembers what it did, so that later rows see
// the records that earlier rows would have created.
//
// # Memory
//
// An import holds one batch, the names of the columns, and a part of the hash of each
// row that has nothing else to be known by. A dry run also holds the records that it
// changed. Rows, columns and files are bounded by Limits and by the limits of package
// crm.
package importer
