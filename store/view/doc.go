// Package view answers questions about committed records: pages of lists, searches, single
// records, and which values are in use. It never writes a row, and it never answers with a
// record that is being deleted, or of another workspace than the actor's.
//
// # One moment
//
// All that the methods of a View return is of the same moment: the records of a page, its total,
// the words that a search may have meant, and the values that are in use. The obvious design
// gives each method a transaction of its own. Then the parts of one answer disagree while others
// write: a list is empty, and its explanation says that there are three deals in this stage,
// which were made in between.
//
// A view begins with the first method that reads. It takes three things together: a
// transaction, the version of the cache, and a snapshot of the text index, and checks that no
// commit came between them. If one did, it tries again with growing pauses, the last of some
// 10 ms. After that it does without the index, and the search is done in SQL: slower, but never
// of another moment. It never waits for a write to reach the disk.
//
// # Memory
//
// Records and counts are taken from store/cache if they are of that moment, and searches are
// answered by store/textindex, which this package fills from the tables. Both can be off; then
// the answers are the same, but misspelled words are not found. On a shared database both are off, and
// a table of words (store/words) takes the place of the index for these.
package view
