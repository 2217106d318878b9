// Package importer saves the rows of a file as records: CSV with the columns of any
// product, JSON lines, a JSON array, or the export of a whole workspace. It knows
// no HTTP. Package server takes the file in, and sends on what the import says.
//
// A file is read twice. Examine reads it to its end and saves nothing: it finds the
// columns, decides whose ids the rows have, and returns the errors after which no
// row can be read. Start then saves the rows in batches, each batch one transaction
// and each row a savepoint in it, so that a row that fails leaves no trace and stops
// no other.
//
// An import may be run again at any time and changes nothing then. The store maps
// the id that a row has in its source to the record made for it, and a row that has
// neither an id nor a unique value is known by a hash of its cells.
package importer
