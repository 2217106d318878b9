// Package txn runs the reads and writes of one database: a queue of writes that are committed
// together, turns for the reads, the counters that each commit updates, and the caches. It
// hands changed records to the caches and does not look at their fields. Fields and references
// are known to package store, whose Tx embeds the one of this package.
//
// # Group commit
//
// The obvious design is a transaction for each write. It costs a sync of the disk each, a few
// milliseconds in which all others wait, so 64 clients together would write no more than one.
// So one goroutine, the writer, takes the writes that wait, runs them in one transaction, and
// answers them after its commit. There is no timer that collects writes: while one batch is
// synced to the disk, the next one gathers. A batch takes no further write after 50 ms, and no
// write may have the writer for longer than Options.MaxWrite.
//
// The next obvious design is one transaction with a savepoint for each write, so that one that
// fails is taken back alone. But with a savepoint SQLite copies every page that is written, and
// nearly all writes succeed. So failures are handled by one rule, that of Batch in
// etcd-io/bbolt (batch.go):
//
//   - A write that fails before it has written anything is removed from the batch. The others
//     go on.
//   - Where writes fail after they have written, the transaction is rolled back, and the
//     others run again without them. Those that failed run afterwards, each alone in a
//     transaction of its own, since what others wrote may be the reason for the failure.
//   - If a further write fails in the second run, which does not see the writes that were
//     rolled back, every write of the batch runs alone.
//
// So a write runs at most three times, whatever others do: a client that sends failing writes
// all day costs the others of a batch one further run. After a failure the first run goes on,
// so that it finds all writes that fail. Only where SQLite may have ended the transaction by
// itself, as after an error of the disk or an interrupted statement, the run stops there, and
// the writes behind wait for the next batch. A write that takes too long, or whose client has
// left, fails at its next statement, and is not run again. A dry run has a transaction of its
// own, which is rolled back.
//
// # Guarantees
//
// A write that was answered without an error is on the disk, and every later read of this
// process finds it, from the tables or from memory. A write that was answered with an error
// left nothing behind, with two exceptions: Tx.CommitWithError, and a COMMIT that failed. After
// a failed COMMIT it is not known whether the transaction was kept. The answer says so, and the
// caches drop what the batch touched, so that they are right in either case. A panic in a write is the
// error of that write; a panic in a cache empties the caches, and the writer goes on.
//
// # Shared databases
//
// To a database of PostgreSQL several servers write. The obvious design is a transaction of the
// level SERIALIZABLE for each write, which runs again when it fails. Writes to one workspace would
// then nearly always fail, because all number the same log, and a log whose numbers are taken before
// the commit has gaps that fill later, which a reader that polls never sees. So a batch first locks
// the heads of its workspaces (heads.go), and everything above holds for each workspace: one
// transaction at a time writes to it. Each server has a few writers, and a workspace always has the
// same one. A batch runs again if it needs a further head, or if others or a lost connection were in
// its way (again.go). A head that another server holds for long holds up only the jobs that need it: they
// leave the batch (held.go). Statements whose result nobody reads may run later than their job; if
// one of them fails, every job of the batch runs alone. A write may say before it runs what it will ask;
// a batch asks all of that in one round trip (ahead.go). Nothing of the database is kept in memory beyond
// a transaction (memo.go).
//
// # Turns
//
// A read of records waits for a turn. There is one turn more than processors, and a tenant (a
// user, in all of their workspaces) has at most all but one of them. Reads of accounts, such as
// the lookup of a token, take no turn and have connections of their own, so that they never
// wait behind lists.
package txn
