// Package sqlite is the database file and the engine that runs on it: who holds the file,
// where it may be, how it is opened, checked, copied, restored and upgraded, and the
// connections to it. It is the only package that imports SQLite and database/sql, and it
// knows nothing of records, workspaces or accounts. What its caller's databases have to
// hold comes in as a Schema.
//
// # One connection writes
//
// A DB has one connection that writes and any number that read. SQLite lets one
// transaction write at a time in any case; with a single connection nobody waits in
// SQLite's busy loop, which is neither fair nor quick, and the store can commit many
// writes at once. The obvious design, a pool of database/sql from which each request
// takes a connection, loses writes to SQLITE_BUSY under load, and sets pragmas on some of
// its connections only. Here every setting is part of the data source, and Open checks
// that it took hold.
//
// # What is guaranteed
//
//   - A file that is refused stays as it was: everything is looked at through a read-only
//     connection before the first lock is taken and the first byte written.
//   - A schema changes in one transaction, after a copy of the file, and under no process
//     that works with the old schema.
//   - A copy appears under its name only when it is on disk and was checked; a backup or
//     a restore that is cut short leaves the files of before.
//   - A commit that returned without an error is on the disk (journal_mode WAL,
//     synchronous FULL).
//   - Files are made for their owner alone (0600), and what root makes belongs to the
//     owner of the database, so that the server can open it.
//   - While a file is open nothing but SQLite opens it: closing a handle would drop
//     SQLite's own locks (POSIX, fcntl). So the lock is on a file of its own.
//
// # Failure
//
// Errors of SQLite keep their type; IsIOError tells faults of the machine (disk full,
// permissions, a busy file) from faults of the statement. After a fault of the machine
// SQLite may have ended the transaction by itself, so its user must roll back and not
// go on. After a COMMIT that failed it is not known whether the transaction was kept.
package sqlite
