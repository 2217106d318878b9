// Package cache has the records that were read last, and the numbers that were counted last, so
// that most reads of a workspace that does not change run no statement.
//
// # Purpose
//
// Agents read the same few records again and again, and each page of a list shows a total.
// A cached record is shown without reading its row and the rows of the records that it refers to.
// A total is counted once, not once for each page.
//
// # Why not the obvious designs
//
// Entries with a time to live would show a client the old record after its own write.
// Entries that a write removes by their key are not enough either: a read that began before
// the commit may put the old record after the entry was removed, and it would stay. And a page
// depends on more rows than its own: a deal shows the name of its company, a total depends on
// every record of the kind.
//
// # How it works
//
// Each workspace has a Version. It is odd during a commit that changes the workspace, and even
// between commits. A read takes a Snapshot of the version before it reads anything. It uses
// entries, and puts records, only if the version is even and has not changed since.
//
// A count is stored with its version, and is not found at any other. Records outlive commits:
// the writer calls Invalidate for those that it changed, while the version is odd. An entry has
// the labels of the records that it refers to, and is not found if one of them has changed.
//
// Each record is encoded in one string. Entries are in two generations: a record that is read
// moves to the young one. When the young one has half of the memory, the old one is dropped and
// the young one becomes the old one. That is similar to an LRU list, without pointers to update
// on each read.
//
// # Guarantees
//
//   - A Snapshot returns the records and counts that the tables had at its version: never older
//     ones, never those of two versions.
//   - Memory stays below Limits; each part can be switched off with 0.
//   - Two different questions have different Keys: a key is a digest of an encoding in which
//     each part has a fixed length or begins with its length.
//   - The package runs no SQL.
//
// # Failure
//
// A missing entry is never wrong, so any entry may be dropped at any time. If the writer does not
// know whether its commit took effect, it calls Clear.
package cache
