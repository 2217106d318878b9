package account

import (
	"testing"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

func TestTokensBelongToTheirUser(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.newToken(ann, "first")
		f.newToken(ann, "second")
		token := f.list(ann, "token", "").Records[0]
		err := f.Write(t.Context(), bob, func(tx *store.Tx) error { return RevokeToken(tx, token.ID) })
		kit.WantCode(t, "revoking another user's token", err, crm.NotFound)
		if n := len(f.list(ann, "token", "").Records); n != 2 {
			t.Errorf("%d of 2 tokens remain", n)
		}
		f.write(ann, func(tx *store.Tx) error { return RevokeToken(tx, token.ID) })
		if n := len(f.list(ann, "token", "").Records); n != 1 {
			t.Errorf("%d tokens remain after one of 2 was revoked", n)
		}
	})
}

func TestConfirmationsAreBound(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		colleague := ann
		colleague.User = bob.User
		elsewhere := bob
		elsewhere.User = ann.User
		f.write(ann, func(tx *store.Tx) error {
			return SaveConfirmation(tx, Confirmation{Hash: "hash", Request: "contact/c_1", Decided: "3"})
		})
		of := func(hash string) func(*store.Tx) (bool, error) {
			return func(tx *store.Tx) (bool, error) {
				c, found, err := ConfirmationOf(tx, hash)
				if err != nil || !found || c.Answer != "" {
					return false, err
				}
				if c.Request != "contact/c_1" || c.Decided != "" { // it may be large, and is not read
					t.Errorf("found %+v", c)
				}
				return true, FinishConfirmation(tx, hash, "done")
			}
		}
		right := of("hash")
		if f.took(ann, of("hush")) {
			t.Error("a confirmation was taken by another hash")
		}
		if f.took(colleague, right) || f.took(elsewhere, right) {
			t.Error("a confirmation was taken by another user or in another workspace")
		}
		if !f.took(ann, right) || f.took(ann, right) {
			t.Error("a confirmation must be taken once")
		}
	})
}

func (f *fixture) took(actor crm.Actor, try func(*store.Tx) (bool, error)) (taken bool) {
	f.t.Helper()
	f.write(actor, func(tx *store.Tx) (err error) {
		taken, err = try(tx)
		return err
	})
	return taken
}
