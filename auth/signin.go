package auth

import (
	"context"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// purposeSignIn is the purpose of sign-in codes; a code works only for its purpose.
const purposeSignIn = "sign-in"

// Request makes a sign-in code for an address and mails it; without a mail server it
// returns the code. Its effects and its answer do not depend on whether the address is
// known. The error is not_ready if the queue of mails is full.
func (a *Auth) Request(ctx context.Context, client, email string) (address, code string, err error) {
	address, err = ParseAddress(email)
	if err != nil {
		return "", "", err
	}
	place, err := a.Reserve(client)
	if err != nil {
		return "", "", err
	}
	defer place.Release()
	err = a.store.Write(ctx, crm.Actor{Addr: client}, func(tx *store.Tx) error {
		q, err := a.signInRequest(tx, address)
		if err != nil {
			return err
		}
		fresh, err := a.issue(tx, q)
		if err != nil {
			return err
		}
		m := a.signInMail(address, client, fresh.life)
		m.Code = fresh.text
		code, err = a.mailCode(tx, place, q, m)
		return err
	})
	return address, code, err
}

// SignedIn is a new token and where it acts.
type SignedIn struct {
	Token      string // the secret, shown once
	TokenID    string
	TokenName  string
	Scope      string
	Workspace  account.Workspace // where the token acts
	Workspaces []account.Workspace
}

// Credentials are what a client sends to sign in. All but Email and Code may be
// empty.
type Credentials struct {
	Email       string
	Code        string
	TokenName   string
	Scope       string // full when empty
	WorkspaceID string // where the token acts; the user's oldest when empty
}

// Verify exchanges a code for a token. The first sign-in of an address makes the user and
// a workspace; every sign-in accepts the pending invites.
func (a *Auth) Verify(ctx context.Context, client string, c Credentials) (in SignedIn, err error) {
	if err := c.normalize(); err != nil {
		return in, err
	}
	err = a.store.Write(ctx, crm.Actor{Addr: client}, func(tx *store.Tx) (err error) {
		q, err := a.signInRequest(tx, c.Email)
		if err != nil {
			return err
		}
		err = a.try(tx, codeAttempt{codeRequest: q, input: c.Code,
			retryHint: `ask for a new one: POST /auth/request {"email":` + string(norm.AppendQuoted(nil, c.Email)) + `}`,
			note:      func() error { return account.LogFailure(tx, c.Email) }})
		if err != nil {
			return err
		}
		if err := a.checkSignup(tx, c.Email); err != nil {
			return err
		}
		in, err = a.newSession(tx, c, crm.OriginCode)
		return err
	})
	return in, err
}

// normalize puts the credentials into the forms that are compared and stored.
func (c *Credentials) normalize() (err error) {
	if c.Email, err = ParseAddress(c.Email); err != nil {
		return err
	}
	if c.TokenName, err = tokenLabel(c.TokenName); err != nil {
		return err
	}
	c.Scope, err = ParseScope(c.Scope)
	c.WorkspaceID = crm.CutHandle(c.WorkspaceID)
	return err
}

// checkSignup refuses strangers on a server that takes new people by invite only. It is
// called after the code was right, so it tells nothing about somebody else's address.
func (a *Auth) checkSignup(tx *store.Tx, address string) error {
	allowed, err := a.maySignIn(tx, address)
	if err == nil && !allowed {
		err = tx.CommitWithError(crm.Errorf(crm.SignupClosed, "only invited people can sign up on this server. Ask an admin of one of its workspaces to invite %s, then sign in again.", norm.Quote(address)))
	}
	return err
}

// MintToken makes a token without a code, for the owner of the database file.
func (a *Auth) MintToken(ctx context.Context, email, tokenName string) (in SignedIn, err error) {
	c := Credentials{Email: email, TokenName: tokenName}
	if err := c.normalize(); err != nil {
		return in, err
	}
	err = a.store.Write(ctx, crm.Actor{}, func(tx *store.Tx) (err error) {
		tx.NewUserPlan = a.opts.NewUserPlan
		in, err = a.newSession(tx, c, crm.OriginOwner)
		return err
	})
	return in, err
}

// newSession signs the address in and makes a token for the workspace that was chosen, or
// for the oldest. It creates a user for an unknown address.
func (a *Auth) newSession(tx *store.Tx, c Credentials, origin string) (in SignedIn, err error) {
	workspaces, err := account.SignIn(tx, c.Email)
	if err != nil {
		return in, err
	}
	in = SignedIn{TokenName: c.TokenName, Scope: c.Scope, Workspace: workspaces[0], Workspaces: workspaces}
	if c.WorkspaceID != "" {
		in.Workspace = account.Workspace{}
		for _, w := range workspaces {
			if w.ID == c.WorkspaceID {
				in.Workspace = w
			}
		}
		if in.Workspace.ID == "" {
			return in, crm.Errorf(crm.NotAMember, "you are not a member of workspace %s. Repeat the request without workspace_id: the code still works, and the answer lists your workspaces.", norm.Quote(c.WorkspaceID)).On("workspace_id")
		}
	}
	in.Token, in.TokenID, err = a.createToken(tx, in.Workspace, account.Token{Name: c.TokenName, Scope: c.Scope, Origin: origin, Reach: crm.ReachAll})
	return in, err
}

// CreateTokenFor makes a token of the actor for the workspace the request is in. An empty
// name is "default", an empty scope is full.
func (a *Auth) CreateTokenFor(tx *store.Tx, name, wanted string) (in SignedIn, err error) {
	if in.TokenName, err = tokenLabel(name); err != nil {
		return in, err
	}
	if in.Scope, err = ParseScope(wanted); err != nil {
		return in, err
	}
	in.Workspace = account.Workspace{Number: tx.Actor.Workspace, ID: tx.Actor.WorkspaceID, Name: tx.Actor.WorkspaceName}
	in.Token, in.TokenID, err = a.createToken(tx, in.Workspace, account.Token{Name: in.TokenName, Scope: in.Scope, Origin: crm.OriginMinted, Maker: tx.Actor.TokenID})
	return in, err
}

// createToken makes a token for the workspace and returns its secret and id.
func (a *Auth) createToken(tx *store.Tx, w account.Workspace, t account.Token) (secret, id string, err error) {
	if secret, err = newToken(tx.Random()); err != nil {
		return "", "", err
	}
	t.Hash = Hash(secret)
	tx.After(a.Forget) // it may replace the oldest token of the user
	id, err = account.CreateToken(tx, w, t)
	return secret, id, err
}

// ParseAddress returns the stored form of a bare e-mail address.
func ParseAddress(email string) (string, error) {
	address, ok := norm.Email(email)
	if !ok {
		return "", crm.Errorf(crm.InvalidEmail, `%s is not one bare e-mail address; send {"email":"you@example.com"}.`, norm.Quote(email)).On("email")
	}
	return address, nil
}

// MaxTokenName is the maximum length of a token's name, in characters.
const MaxTokenName = 100

// tokenLabel returns the stored form of a token's name.
func tokenLabel(name string) (string, error) {
	clean, ok := norm.Clean(name)
	if clean == "" && ok {
		return "default", nil
	}
	if !ok || len([]rune(clean)) > MaxTokenName {
		return "", crm.Errorf(crm.InvalidValue, "token_name has 1 to %d characters; send the name of your client, like Cursor.", MaxTokenName).On("token_name")
	}
	return clean, nil
}

// ParseScope returns the scope with the name; an empty name is full.
func ParseScope(wanted string) (string, error) {
	if wanted == "" {
		return crm.ScopeFull, nil
	}
	clean, _ := norm.Clean(wanted)
	if !crm.ScopeIncludes(crm.ScopeFull, clean) {
		return "", crm.Errorf(crm.InvalidValue, "scope cannot be %s; it is one of %s: read only reads, write also creates and changes records, full also deletes records and manages members and tokens.",
			norm.Quote(wanted), strings.Join(crm.Scopes(), ", ")).On("scope").Of(wanted, crm.Scopes())
	}
	return clean, nil
}
