// Package pgtest starts PostgreSQL for tests. Only tests import it.
//
// A test process has one cluster, which the first test that needs it starts (Shared), and each
// test has a database of its own there (Database). A test that stops servers, or needs other
// settings, gets a cluster of its own (New). In front of a cluster may be PgBouncer (Pooler) and a
// proxy that counts round trips and disturbs the network (NewProxy); Through makes the URL of a
// database there. Behind it may be a standby that takes over (Standby).
//
// # Guarantees
//
// Servers listen on 127.0.0.1 and on a Unix socket in their folder, nowhere else. Every role has
// a password (Password), so that a test can check that it never shows.
//
// Nothing outlives the test process, however it ends: a small shell process waits for the end of
// a pipe that only the test process holds open, then stops the servers and deletes their files
// (folder.go).
//
// The servers differ on purpose from those of most developers: text is sorted as in English,
// not by bytes, and the time zone has an odd offset. So a statement that relies on either gives
// a wrong answer in a test, not at a user's.
//
// # What it needs
//
// PostgreSQL 15 or newer, and PgBouncer for poolers. Need skips a test where they are missing,
// and fails it in CI.
package pgtest
