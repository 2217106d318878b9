package account

import (
	"testing"

	"crmkit/crm"
	"crmkit/store"
)

func TestTokensBelongToTheirUser(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.newToken(ann, "first")
		f.newToken(ann, "second")
		token := f.list(ann, "token", "").Records[0]
		err := f.Write(t.Context(), bob, func(tx *store.Tx) error { return RevokeToken(tx, token.ID) })
		wantCode(t, "revoking another user's token", err, crm.NotFound)
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
			return SaveConfirmation(tx, Confirmation{Hash: "hash", Request: "contact/c_1", Decided: "3"}, ConfirmDelete)
		})
		for what, try := range map[string]func(tx *store.Tx) (bool, error){
			"another hash": func(tx *store.Tx) (bool, error) {
				return TakeConfirmation(tx, Confirmation{Hash: "hush", Request: "contact/c_1", Decided: "3"})
			},
			"another record": func(tx *store.Tx) (bool, error) {
				return TakeConfirmation(tx, Confirmation{Hash: "hash", Request: "contact/c_2", Decided: "3"})
			},
			"another version": func(tx *store.Tx) (bool, error) {
				return TakeConfirmation(tx, Confirmation{Hash: "hash", Request: "contact/c_1", Decided: "4"})
			},
		} {
			if f.took(ann, try) {
				t.Errorf("a confirmation was taken for %s", what)
			}
		}
		right := func(tx *store.Tx) (bool, error) {
			return TakeConfirmation(tx, Confirmation{Hash: "hash", Request: "contact/c_1", Decided: "3"})
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
