// Package transfer answers /import and /export: it takes files in, lets only a few of
// them be read and saved at the same time, keeps the file of a dry run until it is
// confirmed, and sends records in pieces. What the rows of a file mean is the business
// of package importer.
//
// A file that is too large, or that ends too soon, changes nothing, because it is
// written to disk before it is read. It counts as storage of its workspace while it is
// there. No answer is held in memory as a whole, and nothing in the store is held while
// a slow client reads one.
package transfer
