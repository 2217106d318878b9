package auth

import "io"

const confirmLength = 16 // characters of base 62, 95 bits

// ConfirmToken returns a new secret that confirms an action.
func (a *Auth) ConfirmToken() (string, error) { return ConfirmToken(a.store.Random()) }

// ConfirmToken returns a secret that confirms an action, from random bytes.
func ConfirmToken(random io.Reader) (string, error) {
	return randomText(random, confirmLength, base62)
}
