package auth

import "fmt"

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
