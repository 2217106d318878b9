package auth

import (
	"io"
	"strconv"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

const confirmLength = 16 // characters of base 62, 95 bits

// Confirm reports whether the secret confirms a delete by this actor, of this record in
// this version. If not it returns a new secret, which the user's yes is sent with.
func (a *Auth) Confirm(tx *store.Tx, rec crm.Record, secret string) (confirmed bool, fresh string, err error) {
	c := account.Confirmation{Request: "DELETE " + rec.Handle(), Decided: strconv.FormatInt(rec.Version(), 10)}
	if secret != "" {
		c.Hash = Hash(secret)
		confirmed, err = account.TakeConfirmation(tx, c)
		if confirmed || err != nil {
			return confirmed, "", err
		}
	}
	if fresh, err = confirmToken(tx.Random()); err != nil {
		return false, "", err
	}
	c.Hash = Hash(fresh)
	return false, fresh, account.SaveConfirmation(tx, c, account.ConfirmDelete)
}

// ConfirmToken returns a new secret that confirms an action.
func (a *Auth) ConfirmToken() (string, error) {
	return confirmToken(a.store.Random())
}

func confirmToken(random io.Reader) (string, error) {
	return randomText(random, confirmLength, base62)
}
