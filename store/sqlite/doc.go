// Package sqlite is the database file and the engine that runs on it: the lock of the process
// that owns the file, the places where a file may be, connections, migrations, checks, backups
// and restores. It is the only package that imports SQLite and database/sql, and it knows nothing
// of records, workspaces or accounts. The caller describes its tables with a Schema.
//
// # One connection writes
//
// A DB has one connection that writes and any number that read. SQLite runs one writing
// transaction at a time in any case. With a single connection no write waits in SQLite's busy
// loop, which is neither fair nor fast, and the store can commit many writes in one transaction.
// The obvious design, a pool of database/sql from which each request takes a connection, loses
// writes to SQLITE_BUSY under load, and pragmas reach only some connections of the pool. Here
// every setting is part of the data source, and Open checks that each has its value.
//
// # Guarantees
//
//   - A refused file is not changed: Open reads everything through a read-only connection
//     before it takes a lock or writes a byte.
//   - A schema changes in one transaction, after a copy of the file, and never while another
//     process has the file open.
//   - A copy gets its name only when it was checked and is on disk. A backup or a restore that
//     is killed leaves the old files.
//   - A commit that returned without an error is on the disk (journal_mode WAL,
//     synchronous FULL).
//   - Only the owner may read the files (0600), and files that root makes belong to the owner
//     of the database, so that the server can open them.
//   - While a file is open only SQLite opens it: closing another handle would drop SQLite's
//     own locks (POSIX, fcntl). So the lock is on a file of its own.
//
// # Failure
//
// Errors of SQLite keep their type. IsIOError separates faults of the machine (disk full,
// permissions, a busy file) from faults of the statement. After a fault of the machine SQLite may
// have ended the transaction itself, so the caller must roll back and begin again. After a COMMIT
// that failed it is unknown whether the transaction is committed.
package sqlite
