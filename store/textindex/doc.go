// Package textindex keeps the searched text of records in memory and finds the records
// that contain given words.
//
// # Purpose
//
// search= and like: find words anywhere in the text of a record, also inside other words
// and in the names of the records that it refers to. In SQL that is a LIKE '%word%' over
// every row of the workspace. The index keeps the same text in memory, folded and packed,
// and passes over that of 10,000 contacts more than a hundred times as fast
// (docs/performance.md). It also finds the words that a misspelled one may stand for
// (Snapshot.Suggest), for which the database has no help.
//
// # Why not a full-text index in the database
//
// SQLite's FTS5 finds whole words and their beginnings; with trigrams it finds parts of
// words, but none shorter than three characters, and neither handles the digits of a phone
// number that was written with spaces. It would also be written with every record, and
// would nearly double the file. A scan of folded bytes has no such cases: what it finds is
// by definition what LIKE finds on the folded column.
//
// # How it works
//
// A Set has one index for each kind of record in each workspace that is searched. An index
// is a list of segments of 64 records each, addressed by record number; a segment holds the
// text of its records in one byte slice. Segments never change: a commit replaces those of
// the records it changed. So a Snapshot of a workspace costs no copy, and searches on it hold
// no lock. Results are bit masks, one word for each segment.
//
// The first search of a kind fills its index through a Source, in pages. What is committed
// meanwhile waits and is applied at the end. Small indexes are filled by the search itself,
// large ones by Set.Run, one at a time; the search waits for it, but not for ever.
//
// # Guarantees
//
//   - A search finds exactly the records that the same condition finds in the tables as of
//     the last commit that Apply was given before the Snapshot was taken. The store calls Apply before it answers the
//     writes of a commit, so clients find what they wrote.
//   - The memory stays below Options.Limit. When it would not, the indexes that were used
//     least recently are dropped.
//   - Apply never panics: the goroutine that writes to the database must not fail because
//     of a cache.
//   - The package does not know where rows come from, and runs no SQL.
//
// # Failure
//
// The index may always be missing: it is switched off (Limit 0), a workspace is larger than
// the limit, its rows cannot be read, or they are not read in time. Snapshot.Search then
// returns nil, and the caller asks the database, which finds the same but suggests no
// spellings. An index that could not be filled is tried again after a minute, one that was
// too large after an hour. A fault in Apply drops all indexes and is logged.
package textindex
