// Package account stores users, workspaces, their members and invites, tokens and sessions, mailed
// codes and the quotas on them, OAuth clients and grants.
//
// Its functions run in the transaction of a caller (store.Tx), so that a sign-in, its token and
// its entry in the log are saved together or not at all. It makes no decisions: package auth
// decides what a code or a token permits. It never stores a secret, only the hash of one.
package account
