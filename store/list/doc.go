// Package list reads the records that answer a question: it chooses the access path, finds the
// keys of a page, loads the records that are not in the cache, and counts the total.
//
// The obvious design is one SELECT with a LIMIT, and the planner of the database chooses the
// index. It knows nothing of the workspace: that a tag has five records here and a million
// elsewhere. So each condition offers an index path (package query), the Reader counts how many
// keys the promising ones have, and it reads either those keys or the index of the order,
// whichever costs less for the rows that are wanted (planner.go).
//
// Whatever the path, the answer is the same: it affects only the work. A Reader sees what its
// snapshot.Tx sees. It takes from the cache what is of the same commit, and it takes no turn
// and no connection: package store does that, and decides who may read.
package list
