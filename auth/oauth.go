package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store"
)

// OAuthError is an error of the OAuth endpoints: a word of RFC 6749 section 5.2,
// RFC 7591 section 3.2.2 or RFC 8707 section 2, and a sentence for people.
type OAuthError struct {
	Code        string
	Description string
}

func (e *OAuthError) Error() string { return e.Code + ": " + e.Description }

// Words of OAuthError.Code.
const (
	InvalidRequest       = "invalid_request"
	InvalidClient        = "invalid_client"
	InvalidGrant         = "invalid_grant"
	InvalidTarget        = "invalid_target"
	InvalidRedirect      = "invalid_redirect_uri"
	InvalidMetadata      = "invalid_client_metadata"
	UnsupportedGrantType = "unsupported_grant_type"
)

func oauthErrorf(code, format string, args ...any) *OAuthError {
	return &OAuthError{code, fmt.Sprintf(format, args...)}
}

const (
	refreshPrefix = "ckr_"
	grantPrefix   = "cka_"

	// refreshGrace is for how long after its first use a refresh token may be used
	// again, and the access token before it goes on: clients refresh in parallel,
	// and an answer may be lost on the way.
	refreshGrace    = 2 * time.Minute
	refreshesAtOnce = 50 // in that time

	registersPerClient = 30 // an hour, of a network
	signInsPerClient   = 120
	maxRedirects       = 10
	maxRedirectLength  = 2000
)

// Register makes an OAuth client of what it says about itself. The name is as
// unverified as everything else.
func (a *Auth) Register(ctx context.Context, addr, name string, redirects []string) (c store.Client, err error) {
	if len(redirects) == 0 || len(redirects) > maxRedirects {
		return c, oauthErrorf(InvalidRedirect, "redirect_uris takes 1 to %d URIs, not %d.", maxRedirects, len(redirects))
	}
	for _, uri := range redirects {
		if err := checkRedirect(uri); err != nil {
			return c, err
		}
	}
	list, err := json.Marshal(redirects)
	if err != nil {
		return c, err
	}
	err = a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		busy := "too many clients were registered from your network; try again"
		if err := within(tx, limit{"register " + Network(addr), registersPerClient, time.Hour, busy}); err != nil {
			return err
		}
		var room bool
		if c, room, err = tx.CreateClient(clientLabel(name), string(list)); err == nil && !room {
			err = limited("too many clients were registered that nobody used; try again", store.SignInLife)
		}
		return err
	})
	return c, err
}

// clientLabel returns a name that can be shown: one line, no characters that
// change how others are read, at most as long as a token's name.
func clientLabel(name string) string {
	name = strings.Map(func(r rune) rune {
		if crm.Invisible(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, " "))
	clean, _ := query.Clean(strings.Join(strings.Fields(name), " "))
	runes := []rune(clean)
	if len(runes) > maxTokenName {
		runes = append(runes[:maxTokenName-1], '…')
	}
	if len(runes) == 0 {
		return "mcp"
	}
	return string(runes)
}

// appSchemes are URI schemes of well-known clients. A scheme with a dot, like
// com.example.app, belongs to who holds the domain (RFC 8252 section 7.1).
var appSchemes = []string{"cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed", "claude", "chatgpt", "goose", "raycast", "warp", "kiro", "trae", "jetbrains", "lmstudio"}

// checkRedirect refuses a redirect URI that could lead to anything but a web
// server under TLS, a program on this machine or an application.
func checkRedirect(uri string) error {
	bad := func(why string) error {
		return oauthErrorf(InvalidRedirect, "%s %s; take https://…, http on 127.0.0.1, [::1] or localhost, or the scheme of a known application.", crm.Show(uri), why)
	}
	if uri == "" || len(uri) > maxRedirectLength || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\#\"<>^`{|}", r) }) {
		return bad(fmt.Sprintf("is empty, over %d characters, or holds a blank, a # or another character that no URI has", maxRedirectLength))
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return bad("is no absolute URI")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return bad("holds a user name")
	case u.Scheme == "https" && u.Hostname() != "" && u.Opaque == "":
		return nil
	case u.Scheme == "http" && Loopback(u):
		return nil
	case slices.Contains(appSchemes, u.Scheme) || u.Scheme != "http" && strings.Contains(u.Scheme, "."):
		return nil
	}
	return bad("is not of a kind that is taken")
}

// Loopback reports whether a redirect URI leads to a program on the machine of
// the person (RFC 8252 section 7.3).
func Loopback(u *url.URL) bool {
	return u.Scheme == "http" && u.Opaque == "" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}

// Where names the place a redirect URI leads to, for people: a host, or the
// scheme of an application.
func Where(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "unknown"
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Host
	}
	return u.Scheme + ":"
}

// redirectAllowed reports whether a redirect URI is one of those registered. They
// must be equal, but for the port of a loopback URI (RFC 8252 section 7.3).
func redirectAllowed(c store.Client, uri string) bool {
	var list []string
	if json.Unmarshal([]byte(c.Redirects), &list) != nil || checkRedirect(uri) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(known string) bool {
		return known == uri || portless(known) != "" && portless(known) == portless(uri)
	})
}

// portless returns a loopback URI without its port; "" for every other.
func portless(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !Loopback(u) {
		return ""
	}
	after := strings.TrimPrefix(uri, "http://"+u.Host)
	if after == "" {
		after = "/"
	}
	return u.Hostname() + after
}

// Authorization is what a client asks for at the authorization endpoint.
type Authorization struct {
	Client    store.Client
	Redirect  string
	State     string
	Challenge string // PKCE, S256 (RFC 7636)
}

// ClientFor returns the client and the redirect URI of an authorization request.
// As long as these are in doubt, nothing may be sent to the URI.
func (a *Auth) ClientFor(ctx context.Context, id, redirect string) (c store.Client, uri string, err error) {
	c, found, err := a.store.Client(ctx, id)
	if err != nil {
		return c, "", err
	}
	if !found {
		return c, "", oauthErrorf(InvalidClient, "The application is not registered here (any more).")
	}
	if redirect == "" {
		var list []string
		if json.Unmarshal([]byte(c.Redirects), &list) == nil && len(list) == 1 {
			redirect = list[0]
		}
	}
	if !redirectAllowed(c, redirect) {
		return c, "", oauthErrorf(InvalidRequest, "The application wants the answer at %s, an address it has not registered.", crm.Show(redirect))
	}
	return c, redirect, nil
}

// ValidChallenge reports whether a PKCE challenge has the form of S256: 43
// characters of base64url.
func ValidChallenge(challenge string) bool {
	sum, err := base64.RawURLEncoding.DecodeString(challenge)
	return err == nil && len(sum) == sha256.Size
}

// Begin starts a sign-in on the page. The secret goes into the page, the
// browser's into a cookie; browser is what an earlier cookie held, or empty.
func (a *Auth) Begin(ctx context.Context, addr string, asked Authorization, browser string) (secret, cookie string, err error) {
	if cookie = browser; len(cookie) != tokenRandom || strings.Trim(cookie, base62) != "" {
		if cookie, err = randomText(a.store.Random(), tokenRandom, base62); err != nil {
			return "", "", err
		}
	}
	if secret, err = randomText(a.store.Random(), tokenRandom, base62); err != nil {
		return "", "", err
	}
	in := store.SignIn{Hash: Hash(secret), Browser: Hash(cookie), Client: asked.Client.ID, Redirect: asked.Redirect, State: asked.State, Challenge: asked.Challenge}
	err = a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		busy := "too many sign-ins were begun from your network; try again"
		if err := within(tx, limit{"page " + Network(addr), signInsPerClient, limitWindow, busy}); err != nil {
			return err
		}
		return tx.SaveSignIn(in)
	})
	return secret, cookie, err
}

// Page is a sign-in under way, as its page shows it.
type Page struct {
	store.SignIn
	ClientName string
	LocalCode  string            // the code, where no mail is sent
	Workspaces []store.Workspace // of the person, once the code was right
}

// ErrOver is the error for a sign-in that is none, or not of this browser.
var ErrOver = oauthErrorf(InvalidRequest, "This sign-in is over, or was begun in another browser.")

// Page returns the sign-in with the secret if the browser began it, else ErrOver.
func (a *Auth) Page(ctx context.Context, secret, browser string) (p Page, err error) {
	in, found, err := a.store.SignInOf(ctx, Hash(secret), Hash(browser))
	if err != nil {
		return p, err
	}
	c, known, err := a.store.Client(ctx, in.Client)
	if err != nil {
		return p, err
	}
	if !found || !known {
		return p, ErrOver
	}
	p = Page{SignIn: in, ClientName: c.Name, LocalCode: a.echo.get(in.Hash)}
	if in.Verified {
		p.Workspaces, err = a.store.WorkspacesOf(ctx, in.Email)
	}
	return p, err
}

// step runs a step of the sign-in.
func (a *Auth) step(ctx context.Context, addr string, p Page, fn func(*store.Tx, store.SignIn) error) error {
	return a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		in, found, err := tx.SignInOf(p.Hash, p.Browser)
		if err == nil && !found {
			err = ErrOver
		}
		if err != nil {
			return err
		}
		return fn(tx, in)
	})
}

// pagePurpose binds a code to one sign-in on the page: it is no good for any
// other, nor for POST /auth/verify.
func pagePurpose(in store.SignIn) string { return "page " + in.Hash }

// SendCode mails a code for the sign-in to the address.
func (a *Auth) SendCode(ctx context.Context, addr string, p Page, email string) error {
	address, err := ParseAddress(email)
	if err != nil {
		return err
	}
	return a.step(ctx, addr, p, func(tx *store.Tx, in store.SignIn) error {
		code, err := a.issue(tx, pagePurpose(in), purposeSignIn, address)
		if err != nil {
			return err
		}
		in.Email, in.Long, in.Verified = address, !guessable(code), false
		code = a.deliver(tx, code, a.pageLetter(address, addr, p))
		tx.After(func() { a.echo.put(in.Hash, code) })
		return tx.UpdateSignIn(in)
	})
}

// OtherAddress takes the sign-in back to where it asks for an address.
func (a *Auth) OtherAddress(ctx context.Context, addr string, p Page) error {
	return a.step(ctx, addr, p, func(tx *store.Tx, in store.SignIn) error {
		in.Email, in.Verified = "", false
		return tx.UpdateSignIn(in)
	})
}

// CheckCode tries the code of the sign-in. A right one makes the person known, as
// at POST /auth/verify.
func (a *Auth) CheckCode(ctx context.Context, addr string, p Page, typed string) error {
	return a.step(ctx, addr, p, func(tx *store.Tx, in store.SignIn) error {
		if in.Email == "" || in.Verified {
			return nil // another tab was faster: the page shows where it stands
		}
		err := a.try(tx, attempt{purpose: pagePurpose(in), kind: purposeSignIn, address: in.Email, typed: typed,
			again: "send a new one", note: func() error { return tx.LogFailure(in.Email) }})
		if err != nil {
			return err
		}
		if err := a.checkSignup(tx, in.Email); err != nil {
			return err
		}
		if _, err := tx.SignIn(in.Email); err != nil {
			return err
		}
		in.Verified = true
		return tx.UpdateSignIn(in)
	})
}

// Access is what a person lets a client have.
type Access struct {
	WorkspaceID string // empty: a new one of that name
	NewName     string
	Scope       string
}

// Allow ends the sign-in and returns an authorization code for the client
// (RFC 6749 section 4.1.2).
func (a *Auth) Allow(ctx context.Context, addr string, p Page, access Access) (code string, err error) {
	wanted, err := scope(access.Scope)
	if err != nil {
		return "", err
	}
	if code, err = randomText(a.store.Random(), tokenRandom, base62); err != nil {
		return "", err
	}
	code = grantPrefix + code
	err = a.step(ctx, addr, p, func(tx *store.Tx, in store.SignIn) error {
		if !in.Verified {
			return ErrOver
		}
		w, err := a.chosen(tx, in, access)
		if err != nil {
			return err
		}
		if ended, err := tx.EndSignIn(in); err != nil || !ended {
			return err
		}
		g := store.Grant{Hash: Hash(code), Client: in.Client, Redirect: in.Redirect, Challenge: in.Challenge, Scope: wanted}
		return tx.CreateGrant(g, w)
	})
	return code, err
}

// chosen returns the workspace of the person that was picked, or makes it.
func (a *Auth) chosen(tx *store.Tx, in store.SignIn, access Access) (w store.Workspace, err error) {
	list, err := tx.SignIn(in.Email)
	if err != nil {
		return w, err
	}
	if access.WorkspaceID == "" {
		if err := a.nameWorkspace(tx, access.NewName); err != nil {
			return w, err
		}
		access.WorkspaceID = tx.Actor.WorkspaceID
		if list, err = tx.SignIn(in.Email); err != nil {
			return w, err
		}
	}
	for _, w := range list {
		if w.ID == access.WorkspaceID {
			return w, nil
		}
	}
	return w, store.NotAMember(access.WorkspaceID)
}

// nameWorkspace makes a workspace of the actor with the name.
func (a *Auth) nameWorkspace(tx *store.Tx, name string) error {
	e := a.store.Schema.Named("workspace")
	clean, ok := query.Clean(name)
	if field := e.Field("name"); !ok || clean == "" || len([]rune(clean)) > field.Limit() {
		return crm.Errorf(crm.InvalidValue, "a workspace has a name of 1 to %d characters.", field.Limit()).On("name")
	}
	_, err := tx.CreateWorkspace(store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field("name"), Value: crm.Str(clean)}}})
	return err
}

// Deny ends the sign-in without access.
func (a *Auth) Deny(ctx context.Context, addr string, p Page) error {
	return a.step(ctx, addr, p, func(tx *store.Tx, in store.SignIn) error {
		_, err := tx.EndSignIn(in)
		return err
	})
}

// Pair is what the token endpoint gives: an access token and the refresh token
// for the next.
type Pair struct {
	Access  string
	Refresh string
}

func (a *Auth) newPair() (p Pair, err error) {
	if p.Access, err = newToken(a.store.Random()); err == nil {
		p.Refresh, err = randomText(a.store.Random(), tokenRandom, base62)
		p.Refresh = refreshPrefix + p.Refresh
	}
	return p, err
}

// Redeem exchanges an authorization code for tokens, once. A code that comes a
// second time ends what the first got (RFC 6749 section 4.1.2).
func (a *Auth) Redeem(ctx context.Context, addr, client, code, verifier, redirect string) (pair Pair, err error) {
	c, err := a.tokenClient(ctx, client)
	if err != nil {
		return pair, err
	}
	if pair, err = a.newPair(); err != nil {
		return pair, err
	}
	err = a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		g, found, err := tx.Grant(Hash(code))
		if err != nil {
			return err
		}
		if !found || g.Client != c.ID {
			return oauthErrorf(InvalidGrant, "The code is unknown, too old, or was given to another client; sign in again.")
		}
		if g.Token != "" {
			if err := a.endFamily(tx, g.User, g.Token); err != nil {
				return err
			}
			return tx.Keep(oauthErrorf(InvalidGrant, "The code was used before. What it gave is revoked, since somebody may have stolen it; sign in again."))
		}
		sum := sha256.Sum256([]byte(verifier))
		challenge := base64.RawURLEncoding.EncodeToString(sum[:])
		switch {
		case !g.Live:
			return oauthErrorf(InvalidGrant, "The code is too old; it lives %d seconds. Sign in again.", int(store.GrantLife.Seconds()))
		case redirect != "" && redirect != g.Redirect:
			return oauthErrorf(InvalidGrant, "redirect_uri is not the one the code was sent to.")
		case len(verifier) < 43 || len(verifier) > 128 || subtle.ConstantTimeCompare([]byte(challenge), []byte(g.Challenge)) != 1:
			return oauthErrorf(InvalidGrant, "code_verifier does not belong to the code_challenge of the sign-in.")
		}
		w, member, err := tx.ActAs(g.User, g.Workspace)
		if err != nil {
			return err
		}
		if !member {
			return oauthErrorf(InvalidGrant, "The person left the workspace meanwhile; sign in again.")
		}
		id, err := tx.CreateToken(w, store.Token{Hash: Hash(pair.Access), Refresh: Hash(pair.Refresh), Name: c.Name, Scope: g.Scope, Origin: crm.OriginOAuth, Client: c.ID})
		if err != nil {
			return err
		}
		return tx.UseGrant(g, id)
	})
	return pair, err
}

// Refresh exchanges a refresh token for a new pair. It may be used again for a
// short while, since clients refresh in parallel; used after that, it counts as
// stolen and ends its token (RFC 9700 section 4.14.2).
func (a *Auth) Refresh(ctx context.Context, addr, client, token string) (pair Pair, err error) {
	c, err := a.tokenClient(ctx, client)
	if err != nil {
		return pair, err
	}
	if pair, err = a.newPair(); err != nil {
		return pair, err
	}
	err = a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		r, found, err := tx.Refresh(Hash(token))
		if err != nil {
			return err
		}
		if !found || r.Client != c.ID {
			return oauthErrorf(InvalidGrant, "The refresh token is unknown, revoked, expired, or was given to another client; sign in again.")
		}
		if !r.Used.IsZero() && a.store.Now().Sub(r.Used) > refreshGrace {
			if err := a.endFamily(tx, r.User, r.TokenID); err != nil {
				return err
			}
			return tx.Keep(oauthErrorf(InvalidGrant, "The refresh token was used before. Its token is revoked, since somebody may have stolen it; sign in again."))
		}
		if _, member, err := tx.ActAs(r.User, r.Workspace); err != nil || !member {
			return oauthErrorf(InvalidGrant, "The person is no member of the workspace any more.")
		}
		busy := "the refresh token is used too often; use the newest, or try again"
		if err := within(tx, limit{"refresh " + r.Hash, refreshesAtOnce, refreshGrace, busy}); err != nil {
			return err
		}
		return tx.Replace(r, Hash(pair.Access), Hash(pair.Refresh), refreshGrace)
	})
	return pair, err
}

// tokenClient returns the client of a request to the token endpoint.
func (a *Auth) tokenClient(ctx context.Context, id string) (store.Client, error) {
	c, found, err := a.store.Client(ctx, id)
	if err == nil && !found {
		err = oauthErrorf(InvalidClient, "The client is not registered here (any more); register again.")
	}
	return c, err
}

// endFamily revokes a token with all its secrets.
func (a *Auth) endFamily(tx *store.Tx, user int64, tokenID string) error {
	tx.Actor.User = user
	tx.After(a.forget)
	var known *crm.Error
	err := tx.Revoke(tokenID)
	if errors.As(err, &known) && known.Code == crm.NotFound {
		return nil // it was revoked before
	}
	return err
}

// RevokeSecret revokes the token that an access or refresh token opens
// (RFC 7009). An unknown one is no error. A client may revoke only its own.
func (a *Auth) RevokeSecret(ctx context.Context, addr, client, secret string) error {
	return a.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		id, holder, user, found, err := tx.Holder(Hash(secret))
		if err != nil || !found {
			return err
		}
		if holder != client {
			return oauthErrorf(InvalidGrant, "The token was given to another client; send the client_id of its own.")
		}
		return a.endFamily(tx, user, id)
	})
}
