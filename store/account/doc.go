// Package account stores who may work with the records of a workspace: users, workspaces,
// their members and invites, tokens and sessions, mailed codes and the quotas on them, OAuth
// clients and grants.
//
// Its functions run in the transaction of a caller (store.Tx), so that a sign-in, the token
// that it makes and the entry in the log are saved together or not at all. It decides nothing:
// package auth says what a code or a token is good for. It never stores a secret, only the
// hash of one.
package account
