// Package postgres is the second engine of the store: a PostgreSQL database that several servers
// use at the same time. It is the only package that imports a driver of PostgreSQL, and like
// package sqlite it knows nothing of records, workspaces or accounts.
//
// # Round trips
//
// A statement on PostgreSQL costs a journey to the server and back, which takes longer than
// the statement itself. So a Conn sends together what it can: the statements that begin a
// transaction with its first statement, statements whose result nobody reads (Conn.Send) with
// the next one that returns something, and the last of them with COMMIT. The server runs them
// in their order, and after one that fails it runs none of the rest.
//
// # Poolers
//
// Everything works behind a pooler that gives a server connection to a client for one transaction
// alone (PgBouncer in transaction mode), which dial recognizes. Then nothing is kept in a session:
// no prepared statements with names, no LISTEN, no advisory locks, and settings are set for one
// transaction. On a connection to the server itself statements are prepared with names.
//
// # Order of commits
//
// A transaction that writes locks the heads of its workspaces first, in ascending order, so no two
// can wait for each other. READ COMMITTED is enough: after the lock each statement sees all that
// earlier holders of the head have committed.
//
// # The outcome of a commit
//
// Each transaction that writes inserts a random id into the table batches. If the connection is
// lost during COMMIT, the id is looked up over a new connection, to the primary, by a statement
// that inserts it as lost if it is not there. A transaction that still runs on the server makes this
// statement wait; a transaction whose id was inserted as lost can never commit. The numbers that
// PostgreSQL itself gives to transactions prove nothing: they are given again after a
// fail-over.
//
// # Parts of texts
//
// LIKE '%part%' reads an index of the extension pg_trgm (texts.go). Its entries are the groups of three
// letters of one text for each record, so a part needs three letters in a row. In a database whose
// locale is C only letters of ASCII are in it; other words are found too, but slowly. New entries are
// put into a list first, and into the index some hundred at once (fastupdate, the default).
//
// # Failure
//
// A connection that was lost is opened again by the next statement outside of a transaction, with
// all hosts of the address and its target_session_attrs, so a fail-over needs no restart. The host
// that took the last connection is asked first. Once a connection has moved to another host, or a
// statement got no answer, every other connection is opened again before its next use: else each
// would find out by itself, after 30 s, or read from a host that is the primary no more. DB.Fault says
// which errors are worth another try.
package postgres
