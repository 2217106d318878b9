// Package past answers questions about a workspace as it was at a place in its log.
//
// A place is the number of an entry: the state after it. The entries after the place say which records have
// changed since, and applied backwards they lead from these records as they are now to what they were. All other
// records are as they were. So a list of the past has two parts: the rows of the tables without the
// records that have changed, found by the same index as always, and the changed records as they were, which are given to
// the database as a table of the statement. Both are read by the same compiled query, and merged in its order
// by the database. The cost grows with the changes since, not with the workspace; Limits bounds it.
//
// # What follows from other records
//
// The log does not have it, so it is computed: references that are inherited from those through which they
// go (inherited.go); counts, latest times and labels from the records that contribute, of which those that
// have changed are taken out as they are and added as they were (rollup.go). References show the
// names that their records had then, and conditions on records that a path leads to are tested on these as they
// were (lens.go).
//
// # Deletes and merges in steps
//
// Readers see a delete or a merge as a whole from its first step on. At a place between its steps, entries
// after the place say what the later steps did, and in whose cause; these references are cleared, or lead on, as
// readers saw it then. Counts are as after the last step. While the steps of a delete or merge still run, the
// past is not read, since its records have no entries yet.
//
// The package writes nothing.
package past
