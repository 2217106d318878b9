// Package words has the table of words that a shared database keeps, from which misspelled words of
// searches are corrected. On SQLite the text index in memory has the same words.
//
// # The table
//
// A row says how often a word occurs in the records of one kind in a workspace: in all fields that
// give words (n), and in the names of the records (in_labels). Package spelling says which words
// these are. letters is the number by which similar words are found, see spelling.Letters. It follows
// from the word, and comes before it in the key, so that the key serves searches too.
//
// # Invariant
//
// The table is what a count over the rows of all records would give, at every commit. The
// transaction that changes a record changes the counts of its words (Changes), and sends them to the
// database once, with those of the other writes that it commits. Only the holder of the head of a
// workspace writes its rows. Rebuild counts anew, for a database whose records were not written by
// this program, such as one that was moved from SQLite.
package words
