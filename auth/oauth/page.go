package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// Authorization is a checked request of a client to the authorization endpoint.
type Authorization struct {
	Client    account.Client
	Redirect  string
	State     string
	Challenge string // PKCE, S256 (RFC 7636)
}

// ValidChallenge reports whether a PKCE challenge is one of S256: a SHA-256 in base64url.
func ValidChallenge(challenge string) bool {
	sum, err := base64.RawURLEncoding.DecodeString(challenge)
	return err == nil && len(sum) == sha256.Size
}

// Begin starts a sign-in on the page. secret goes into the page and cookie into a cookie; a
// step needs both, so an attacker cannot begin a sign-in and let somebody else finish it.
// browser is the value of an earlier cookie or empty; it is used again, so that pages in
// several tabs work.
func (s *Server) Begin(ctx context.Context, addr string, request Authorization, browser string) (secret, cookie string, err error) {
	if cookie = browser; !auth.IsSecret(cookie) {
		if cookie, err = s.auth.NewSecret(); err != nil {
			return "", "", err
		}
	}
	if secret, err = s.auth.NewSecret(); err != nil {
		return "", "", err
	}
	in := account.AuthRequest{Hash: auth.Hash(secret), Browser: auth.Hash(cookie), Client: request.Client.ID, Redirect: request.Redirect, State: request.State, Challenge: request.Challenge}
	err = s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		return account.CreateAuthRequest(tx, in, auth.Network(addr))
	})
	return secret, cookie, err
}

// Page is an unfinished sign-in as its page shows it.
type Page struct {
	account.AuthRequest
	ClientName string
	LocalCode  string              // the code, if the server sends no mail
	Workspaces []account.Workspace // of the person; set after the right code
	secret     string
}

// Page returns the sign-in with the secret if this browser began it, else ErrSignInEnded.
func (s *Server) Page(ctx context.Context, secret, browser string) (p Page, err error) {
	in, found, err := account.FindAuthRequest(ctx, s.store, auth.Hash(secret), auth.Hash(browser))
	if err != nil {
		return p, err
	}
	c, known, err := account.FindClient(ctx, s.store, in.Client)
	if err != nil {
		return p, err
	}
	if !found || !known {
		return p, ErrSignInEnded
	}
	p = Page{AuthRequest: in, ClientName: c.Name, LocalCode: openCode(secret, in.Shown), secret: secret}
	if in.Verified {
		p.Workspaces, err = account.WorkspacesOfRequest(ctx, s.store, in)
	}
	return p, err
}

// ErrSignInEnded is the error for a sign-in that does not exist, or that another browser
// began.
var ErrSignInEnded = errorf(InvalidRequest, "This sign-in has ended, or was started in another browser.")

// CodeForm says what the code of the sign-in looks like, for people.
func (p Page) CodeForm() string {
	if p.Long {
		return auth.LongCodeForm()
	}
	return auth.ShortCodeForm()
}

// withSignIn runs a step of the sign-in in a transaction.
func (s *Server) withSignIn(ctx context.Context, addr string, p Page, fn func(*store.Tx, account.AuthRequest) error) error {
	return s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		in, found, err := account.AuthRequestInTx(tx, p.Hash, p.Browser)
		if err == nil && !found {
			err = ErrSignInEnded
		}
		if err != nil {
			return err
		}
		return fn(tx, in)
	})
}

// codeFor returns the code that the sign-in requests, with the texts of its mail.
func (p Page) codeFor(in account.AuthRequest, address string) auth.PageCode {
	return auth.PageCode{SignIn: in.Hash, Address: address, ClientName: p.ClientName, Destination: RedirectLabel(p.Redirect)}
}

// SendCode mails a code for the sign-in to the address.
func (s *Server) SendCode(ctx context.Context, addr string, p Page, email string) error {
	address, err := auth.ParseAddress(email)
	if err != nil {
		return err
	}
	place, err := s.auth.Reserve(addr)
	if err != nil {
		return err
	}
	defer place.Release()
	return s.withSignIn(ctx, addr, p, func(tx *store.Tx, in account.AuthRequest) error {
		code, err := s.auth.MailPageCode(tx, place, p.codeFor(in, address))
		if err != nil {
			return err
		}
		in.Email, in.Long, in.Verified, in.Shown = address, code.Long, false, sealCode(p.secret, code.Local)
		return account.UpdateAuthRequest(tx, in)
	})
}

// OtherAddress moves the sign-in back to the step that asks for an address.
func (s *Server) OtherAddress(ctx context.Context, addr string, p Page) error {
	return s.withSignIn(ctx, addr, p, func(tx *store.Tx, in account.AuthRequest) error {
		in.Email, in.Verified, in.Shown = "", false, ""
		return account.UpdateAuthRequest(tx, in)
	})
}

// CheckCode tries the code of the sign-in. A right code signs the person in, as POST
// /auth/verify does, and the page goes on to the choice of access.
func (s *Server) CheckCode(ctx context.Context, addr string, p Page, input string) error {
	return s.withSignIn(ctx, addr, p, func(tx *store.Tx, in account.AuthRequest) error {
		if in.Email == "" || in.Verified {
			return nil // another tab was faster; the page shows the present step
		}
		if err := s.auth.TryPageCode(tx, p.codeFor(in, in.Email), input); err != nil {
			return err
		}
		if _, err := account.SignIn(tx, in.Email); err != nil {
			return err
		}
		in.Verified, in.Shown = true, ""
		return account.UpdateAuthRequest(tx, in)
	})
}

// Access is the choice of a person on the page: the rights of a client.
type Access struct {
	WorkspaceID string // empty: a new workspace with the name NewName
	NewName     string
	Scope       string
	Reach       string // a value of crm.Reaches; empty: one workspace
}

// Allow ends the sign-in and returns an authorization code for the client
// (RFC 6749 section 4.1.2).
func (s *Server) Allow(ctx context.Context, addr string, p Page, access Access) (code string, err error) {
	if access.Scope == "" { // in the API that means full; here the person must choose
		return "", crm.Errorf(crm.MissingField, "choose what the application may do.").On("scope")
	}
	granted, err := auth.ParseScope(access.Scope)
	if err != nil {
		return "", err
	}
	if err := access.checkReach(granted); err != nil {
		return "", err
	}
	if code, err = s.auth.NewSecret(); err != nil {
		return "", err
	}
	code = grantPrefix + code
	err = s.withSignIn(ctx, addr, p, func(tx *store.Tx, in account.AuthRequest) error {
		if !in.Verified {
			return ErrSignInEnded
		}
		w, err := s.selectedWorkspace(tx, in, access)
		if err != nil {
			return err
		}
		if err := account.EndAuthRequest(tx, in); err != nil {
			return err
		}
		g := account.Grant{Hash: auth.Hash(code), Client: in.Client, Redirect: in.Redirect, Challenge: in.Challenge, Scope: granted, Reach: access.Reach}
		return account.CreateGrant(tx, g, w)
	})
	return code, err
}

// checkReach refuses an unknown reach, and one that exceeds the scope: a client reaches another
// workspace by making a token for it, which needs the full scope.
func (access Access) checkReach(scope string) error {
	switch {
	case access.Reach != "" && !slices.Contains(crm.Reaches(), access.Reach):
		return crm.Errorf(crm.InvalidValue, "choose which workspaces the application may use.").On("reach")
	case access.Reach == crm.ReachAll && scope != crm.ScopeFull:
		return crm.Errorf(crm.InvalidValue, "Access to all your workspaces needs “Everything you can do”. Choose that too, or only one workspace.").On("reach")
	}
	return nil
}

// selectedWorkspace returns the workspace that the person chose, or makes the new one. It
// checks that the person is a member, since a form can be changed in the browser.
func (s *Server) selectedWorkspace(tx *store.Tx, in account.AuthRequest, access Access) (w account.Workspace, err error) {
	list, known, err := account.ActForRequest(tx, in)
	if err == nil && !known {
		err = ErrSignInEnded
	}
	if err != nil {
		return w, err
	}
	if access.WorkspaceID == "" {
		if err := s.createWorkspace(tx, access.NewName); err != nil {
			return w, err
		}
		w, _, err = account.ActInWorkspace(tx, tx.Actor.User, tx.Actor.Workspace)
		return w, err
	}
	if i := slices.IndexFunc(list, func(w account.Workspace) bool { return w.ID == access.WorkspaceID }); i >= 0 {
		return list[i], nil
	}
	return w, account.NotAMember(access.WorkspaceID)
}

// createWorkspace makes a workspace of the actor with the name.
func (s *Server) createWorkspace(tx *store.Tx, name string) error {
	e := s.store.Schema.ByName("workspace")
	clean, ok := norm.Clean(name)
	if field := e.Field("name"); !ok || clean == "" || len([]rune(clean)) > field.Limit() {
		return crm.Errorf(crm.InvalidValue, "a workspace has a name of 1 to %d characters.", field.Limit()).On("name")
	}
	_, err := account.CreateWorkspace(tx, store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field("name"), Value: crm.Str(clean)}}})
	return err
}

// Deny ends the sign-in without granting access.
func (s *Server) Deny(ctx context.Context, addr string, p Page) error {
	return s.withSignIn(ctx, addr, p, func(tx *store.Tx, in account.AuthRequest) error {
		return account.EndAuthRequest(tx, in)
	})
}
