package auth

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store"
)

// purposeSignIn keeps sign-in codes apart from codes for other purposes.
const purposeSignIn = "sign-in"

// The limits on asking for codes and on trying them. They hold in every mode
// and are counted in the database, so a restart does not reset them.
const (
	limitWindow    = 10 * time.Minute
	asksPerAddress = 5
	asksPerClient  = 60
	triesPerClient = 100
	codeDigits     = 6
)

// Request issues a sign-in code for an address and returns it for delivery.
// The answer does not depend on whether the address is known.
func (a *Auth) Request(ctx context.Context, client, email string) (address, code string, err error) {
	address, err = parseAddress(email)
	if err != nil {
		return "", "", err
	}
	if code, err = randomText(a.store.Random(), codeDigits, "0123456789"); err != nil {
		return "", "", err
	}
	var wait time.Duration
	err = a.store.Write(ctx, crm.Actor{}, func(tx *store.Tx) (err error) {
		wait, err = firstWait(
			func() (time.Duration, error) { return tx.Allow("ask "+address, asksPerAddress, limitWindow) },
			func() (time.Duration, error) { return tx.Allow("ask "+network(client), asksPerClient, limitWindow) },
			func() (time.Duration, error) {
				return tx.IssueCode(purposeSignIn, address, codeHash(purposeSignIn, address, code))
			})
		return err
	})
	if err == nil && wait > 0 {
		err = limited("sign-in codes were asked for or tried too often", wait)
	}
	return address, code, err
}

// firstWait runs the checks in turn until one says to wait.
func firstWait(checks ...func() (time.Duration, error)) (wait time.Duration, err error) {
	for _, check := range checks {
		if wait, err = check(); wait > 0 || err != nil {
			return wait, err
		}
	}
	return 0, nil
}

// SignedIn is what a right code gives.
type SignedIn struct {
	Token      string // the secret, shown once
	TokenID    string
	TokenName  string
	Scope      string
	Workspace  store.Workspace // where the token acts
	Workspaces []store.Workspace
}

// Verify exchanges a code for a token in the user's oldest workspace. A first
// sign-in makes the user and a workspace.
func (a *Auth) Verify(ctx context.Context, client, email, code, tokenName string) (in SignedIn, err error) {
	address, err := parseAddress(email)
	if err != nil {
		return in, err
	}
	if tokenName, err = tokenLabel(tokenName); err != nil {
		return in, err
	}
	var right bool
	var wait time.Duration
	err = a.store.Write(ctx, crm.Actor{Email: address, Addr: client}, func(tx *store.Tx) (err error) {
		right = false
		wait, err = firstWait(
			func() (time.Duration, error) { return tx.Allow("try "+network(client), triesPerClient, limitWindow) },
			func() (wait time.Duration, err error) {
				right, wait, err = tx.TryCode(purposeSignIn, address, codeHash(purposeSignIn, address, code))
				return wait, err
			})
		if err != nil || !right {
			return err
		}
		in, err = a.mint(tx, address, tokenName, "code")
		return err
	})
	switch {
	case err != nil:
		return in, err
	case wait > 0:
		return in, limited("too many wrong codes were tried", wait)
	case !right:
		return in, crm.Errorf(crm.InvalidCode, `the code is wrong, was used, or is older than %d minutes. Check it with the user, or ask for a new one: POST /auth/request {"email":%s}.`,
			int(store.CodeLife.Minutes()), crm.AppendQuoted(nil, address)).On("code")
	}
	return in, nil
}

// Mint makes a token without a code, for whoever owns the database file.
func (a *Auth) Mint(ctx context.Context, email, tokenName string) (in SignedIn, err error) {
	address, err := parseAddress(email)
	if err != nil {
		return in, err
	}
	if tokenName, err = tokenLabel(tokenName); err != nil {
		return in, err
	}
	err = a.store.Write(ctx, crm.Actor{Email: address}, func(tx *store.Tx) (err error) {
		in, err = a.mint(tx, address, tokenName, "owner")
		return err
	})
	return in, err
}

func (a *Auth) mint(tx *store.Tx, address, tokenName, origin string) (in SignedIn, err error) {
	user, workspaces, err := tx.SignIn(address)
	if err != nil {
		return in, err
	}
	secret, err := newToken(a.store.Random())
	if err != nil {
		return in, err
	}
	in = SignedIn{Token: secret, TokenName: tokenName, Scope: crm.ScopeFull, Workspace: workspaces[0], Workspaces: workspaces}
	in.TokenID, err = tx.CreateToken(user, in.Workspace, store.Token{Hash: Hash(secret), Name: tokenName, Scope: in.Scope, Origin: origin})
	return in, err
}

// codeHash binds a code to what it was issued for, so that it serves nothing else.
func codeHash(purpose, address, code string) string {
	return Hash(purpose + "\n" + address + "\n" + code)
}

func parseAddress(email string) (string, error) {
	address, ok := query.Address(email)
	if !ok {
		return "", crm.Errorf(crm.InvalidEmail, `%s is not one bare e-mail address; send {"email":"you@example.com"}.`, crm.Show(email)).On("email")
	}
	return address, nil
}

// maxTokenName is the most characters of a token's name.
const maxTokenName = 100

func tokenLabel(name string) (string, error) {
	clean, ok := query.Clean(name)
	if clean == "" && ok {
		return "default", nil
	}
	if !ok || len([]rune(clean)) > maxTokenName {
		return "", crm.Errorf(crm.InvalidValue, "token_name has 1 to %d characters; send the name of your client, like Cursor.", maxTokenName).On("token_name")
	}
	return clean, nil
}

func limited(what string, wait time.Duration) error {
	err := crm.Errorf(crm.RateLimited, "%s. Try again in %s.", what, (wait + time.Second - 1).Truncate(time.Second))
	err.RetryAfter = wait
	return err
}

// network returns what client addresses are counted by: an IPv4 address, or an
// IPv6 /64, since one host has all of that.
func network(client string) string {
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return "client " + client
	}
	if addr = addr.Unmap(); addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64)
		return fmt.Sprint("client ", prefix)
	}
	return fmt.Sprint("client ", addr)
}
