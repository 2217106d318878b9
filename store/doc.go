// Package store keeps records and the log of their changes, in a SQLite file or a database of
// PostgreSQL. Only the packages in store/ execute SQL. Every statement on records has the workspace of the actor,
// which the store adds, so no caller can forget it.
//
// # Layers
//
// Each may call those before it, and no other:
//
//   - cache, textindex and lastused keep data in memory and know no SQL; spelling has the rule for
//     misspelled words; fair shares queues among users; spool makes temporary files.
//   - engine says what the store asks of a database. sqlite is a file: opening, locks, migrations,
//     backups, prepared statements. postgres is a server that several processes use: connections,
//     round trips, the outcome of commits.
//   - table has the SQL of one entity's rows; snapshot is a read of what is committed; dryrun
//     remembers what the steps of a dry run did; words has the words of a shared database.
//   - changelog reads the log; list plans a list and reads its page.
//   - txn runs writes in groups and reads in turns, and updates the caches after a commit.
//   - view answers the questions of one request, all of the same moment.
//   - trial begins and ends the transactions of a dry run; sweep empties a deleted workspace.
//   - ahead says what a write will ask of a shared database, so that a batch asks it at once.
//   - identify finds the records that an import means; integrity checks the values in a file.
//   - maintenance deletes what has expired.
//   - store changes records: this package.
//   - account has users, workspaces, tokens, sign-in codes and quotas.
//
// # A change of a record
//
// Store.Write gives a function a Tx. Tx.Save and Tx.Update apply the input to the record
// (crm.Apply), check its version, references and unique values, write the row and its tags and
// custom values, then what follows from it in other records: counts and times (store/secondary),
// inherited references (inherited.go), and labels (store/secondary). The change is logged in
// the same transaction, and the caches get the record as it is now, for when the transaction
// is committed.
//
// # A delete
//
// A record may have a million dependents, and all other writes wait for the writer. So a
// record with few dependents is deleted with them in one transaction. One with many is hidden,
// and its dependents change in steps (cascade.go). Until the last of these, readers leave out
// rows that will be deleted and references to what is gone (store/table/pending_view.go), and a
// write that meets one of these rows brings it into its final state first (pending_read.go). So
// every reader sees the delete happen at one moment. Counts that other records keep, and storage, follow
// with the steps.
//
// # A merge
//
// A record that is merged into another one gives it its values (crm/merging) and is hidden like a
// deleted one. The table merged says for ever to which record its key leads. Its references move at
// once, or in steps; until the last of these, readers see them as if they had moved. A request that
// names a merged record is about the other one (follow.go).
//
// # Invariants
//
// A count, time or label that a record stores about other records equals what a query over the
// tables would return.
// Every change is in the log, from which each earlier state can be read. The storage of a
// workspace is the sum of the bytes of its rows, to the byte.
package store
