// Package sqlite is the database file and the engine that runs on it: who holds
// the file, where it may be, how it is opened, checked, copied and upgraded.
//
// It knows nothing of records, workspaces or accounts: what a database has to
// hold is told to it by its caller.
package sqlite
