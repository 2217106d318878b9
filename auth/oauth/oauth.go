// Package oauth is the authorization server of connectors: it registers clients, runs the
// steps of the sign-in page, and exchanges authorization codes and refresh tokens for
// access tokens. It never speaks HTTP and executes no SQL of its own.
//
// Clients are public: they have no secret, and nothing they say about themselves is
// verified. What protects a person is PKCE, a redirect URI that was registered before, the
// code that only the person gets by mail, and that a secret used twice revokes all tokens
// of its grant.
package oauth

import (
	"fmt"

	"crmkit/auth"
	"crmkit/store"
)

// Server is an authorization server (RFC 6749) on a store. It is safe for concurrent
// use.
type Server struct {
	auth  *auth.Auth
	store *store.Store
}

// New returns a Server that issues tokens of the Auth, which is on the same store.
func New(a *auth.Auth, s *store.Store) *Server {
	return &Server{auth: a, store: s}
}

// Error is an error of the OAuth endpoints: a code of RFC 6749 section 5.2, RFC 7591
// section 3.2.2 or RFC 8707 section 2, and a sentence for people.
type Error struct {
	Code        string
	Description string
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

// The values of Error.Code.
const (
	InvalidRequest       = "invalid_request"
	InvalidClient        = "invalid_client"
	InvalidGrant         = "invalid_grant"
	InvalidTarget        = "invalid_target"
	InvalidRedirect      = "invalid_redirect_uri"
	InvalidMetadata      = "invalid_client_metadata"
	UnsupportedGrantType = "unsupported_grant_type"
)

// errorf returns an error with the code and a sentence.
func errorf(code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}
