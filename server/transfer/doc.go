// Package transfer answers /import and /export: it receives files, lets only a few of them
// be read and saved at the same time, keeps the file of a dry run until it is confirmed,
// and sends records in pieces. Package importer knows the meaning of the rows.
//
// A file that is too large, or that ends too soon, changes nothing, because it is written
// to disk before it is read. It is part of the storage of its workspace as long as it
// exists. No answer is held in memory as a whole, and no transaction is open while a slow
// client reads one.
package transfer
