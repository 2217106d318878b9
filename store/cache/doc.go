// Package cache keeps records that were read lately, and numbers that were counted lately,
// so that most reads of a workspace that does not change need no statement.
//
// # Purpose
//
// Agents read the same few records again and again, and each page of a list shows a total.
// A record in the cache is shown without a look into its row and those of the records that
// it refers to; a total is counted once, not once for each page.
//
// # Why not the obvious designs
//
// Entries with a time to live would show a client the old record after its own write.
// Entries that a write removes by their key are not enough either: a read that began before
// the commit may put what it read after the entry was removed, and it would stay there. And
// what a page shows depends on more rows than its own: a deal shows the name of its
// company, a total depends on every record of the kind.
//
// # How it works
//
// Each workspace has a Version, which is odd while a commit that changes it is under way
// and even between commits. A read takes a Snapshot of it before it reads anything. It uses
// entries, and puts what it has read, only while the version has not moved.
//
// A count is kept with its version, and is a miss in any other. Records survive commits:
// the writer calls Invalidate for those that it changed, while the version is odd. An entry
// stores the labels of the records it refers to; it is a miss if one of them has changed.
//
// Records lie encoded in one string each, in two generations: what is read moves to the
// young one, and when that has half of the memory the old one is dropped and the young one
// becomes old. That is close to an LRU list, with no pointers to maintain on each read.
//
// # Guarantees
//
//   - What a Snapshot returns is what the tables had at its version: never older, never of
//     two versions.
//   - Memory stays below Limits; each part can be switched off with 0.
//   - Two different questions never have the same Key: keys are digests of one encoding in
//     which each part has a fixed length or its length in front.
//   - The package runs no SQL, and knows records only by their entity.
//
// # Failure
//
// A missing entry is always right, so everything may be dropped at any time. When the
// writer does not know what was committed, it calls Clear.
package cache
