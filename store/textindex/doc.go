// Package textindex keeps the searched text of records in memory and finds the records
// that contain given words.
//
// # Purpose
//
// search= and like: find words anywhere in the text of a record, also inside other words
// and in the names of the records that it refers to. In SQL that is a LIKE '%word%' over
// every row of the workspace. The index has the same text in memory, folded and packed, and
// scans that of 10,000 contacts more than a hundred times as fast (docs/performance.md). It also
// has the words that package spelling compares with a misspelled one (Snapshot.Suggest).
//
// # Why not a full-text index in the database
//
// SQLite's FTS5 finds whole words and their beginnings; with trigrams it finds parts of
// words, but none shorter than three characters, and neither handles the digits of a phone
// number that was written with spaces. It would also be written with every record, and
// would nearly double the file. A scan of folded bytes has none of these limits: it finds the
// same as LIKE on the folded column.
//
// # How it works
//
// A Set has one index for each kind of record in each workspace that is searched. An index
// is a list of segments of 64 records each, addressed by record number. A segment has the
// text of its records in one byte slice. Segments never change: a commit replaces the segments
// of the records that it changed. So a Snapshot of a workspace needs no copy, and searches on it
// hold no lock. Results are bit masks, one word for each segment.
//
// The first search of a kind fills its index through a Source, in pages. Changes that are
// committed meanwhile wait, and are applied at the end. A search fills a small index itself. Large
// ones are filled by Set.Run, one at a time, and the search waits for a limited time.
//
// # Guarantees
//
//   - A search finds the same records as the same condition in SQL, after the last commit
//     that was given to Apply before the Snapshot was taken. The store calls Apply before it
//     answers the writes of a commit, so clients find the records that they wrote.
//   - The memory stays below Options.Limit: the indexes that were used least recently are
//     dropped.
//   - Apply never panics: the goroutine that writes to the database must not fail because
//     of a cache.
//   - The package runs no SQL. Its rows come from a Source.
//
// # Failure
//
// An index may be missing at any time: indexes are switched off (Limit 0), the workspace is
// larger than the limit, or its rows cannot be read, or not in time. Snapshot.Search then returns
// nil, and the caller searches in SQL, which finds the same but suggests no other spellings. An
// index that could not be filled is tried again after a minute, one that was too large after an
// hour. A fault in Apply drops all indexes and is logged.
package textindex
