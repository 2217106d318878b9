// Package owner lets several processes of one machine work on one database file, of which
// only one has it open: the owner. The owner holds the lock of the file and answers HTTP on
// a Unix socket beside it; the other processes send it their requests.
//
// The obvious design, several processes that open the file at the same time, is what SQLite
// is made for. But a server that keeps records, counts and a text index in memory would have
// to follow the commits of the others before each read, and every rule of that memory would
// have a second half for changes which it did not make. One owner needs none of that.
//
// Guarantees:
//
//   - The lock decides and the socket follows it. Only the holder of the lock removes a socket
//     that a killed process left, makes the new one, and removes its own.
//   - Every user who may open the file may connect to the socket: both have the mode 0600 and
//     the same owner. There is no other credential, and no other listener has these endpoints.
//   - A request whose owner ended before it answered is sent again to the next owner if that
//     is safe: it reads, or it carries an Idempotency-Key, under which the answer is stored in
//     the transaction of the write. Any other request gets an error that says it may be done.
//   - When an owner ends, killed or not, the kernel releases the lock and closes the connections
//     of the processes that watch it, so that one of them takes over at once.
//
// A PostgreSQL database has no owner: each process opens it by itself, and the server of
// PostgreSQL orders their writes. A session is then always the owner, and makes no socket.
//
// If no socket can be made, since the system or the file system has none, the owner works all
// the same, and the other processes are refused with the name of the owner.
package owner
