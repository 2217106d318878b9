// Package owner lets several processes of one machine work on one database file, of which
// only one has it open: the owner. The owner holds the lock of the file and answers HTTP on
// a Unix socket beside it; the other processes send it their requests.
//
// The obvious design, several processes that open the file at the same time, is what SQLite
// is made for. But a server that keeps records, counts and a text index in memory would have
// to follow the commits of the others before each read, and every rule of that memory would
// have a second half for changes which it did not make. One owner needs none of that.
//
// What holds:
//
//   - The lock decides and the socket follows it. Only the holder of the lock removes a socket
//     that a killed process left, makes the new one, and removes its own.
//   - Every user who may open the file may connect to the socket: both have the mode 0600 and the same
//     owner. There is no other credential, and no listener but this one has its endpoints.
//   - A request that was sent to an owner which then ended is sent again to the next owner
//     where that cannot do harm: it reads, or it carries an Idempotency-Key, under which the
//     answer is kept in the transaction of the write. Any other request fails in words.
//   - When an owner ends in whatever way, the kernel lets go of the lock and closes the
//     connections of those that watch it, so that one of them takes over at once.
//
// Where no socket can be made, as on a file system or a system without them, the owner works
// all the same, and the other processes are refused with the name of the owner.
package owner
