package oauth

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
)

// endpointError is an error of OAuth, with its code of RFC 6749 section 5.2 or RFC 7591
// section 3.2.2. It wraps a crm.Error, by which the adapter takes it for an error of the client
// instead of a fault of the server.
type endpointError struct{ code, description string }

func (e endpointError) Error() string { return e.code + ": " + e.description }

func (e endpointError) Unwrap() error { return crm.Errorf(crm.InvalidValue, "%s", e.description) }

// asEndpoint returns the handler with its errors of OAuth as endpointErrors, from which
// failure and pageFailure take the code.
func asEndpoint(handle web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		doc, err := handle(rq)
		var known *oauth.Error
		if errors.As(err, &known) {
			err = endpointError{known.Code, known.Description}
		}
		return doc, err
	}
}

// failure writes an error as RFC 6749 section 5.2 defines it. OAuth has fewer codes than the
// API: any other error of a client is invalid_request, and for limits and faults of the server
// the codes of section 4.1.2.1 are used. WWW-Authenticate is removed, since it would lead a
// client of the token endpoint to sign in for the sign-in.
func (e *Endpoints) failure(rq *web.Request, f web.Failure) *render.Response {
	word, known, status := oauth.InvalidRequest, f.Error, f.Error.Status()
	var refused endpointError
	switch {
	case errors.As(f.Cause, &refused):
		word, status = refused.code, http.StatusBadRequest
		if word == oauth.InvalidClient {
			status = http.StatusUnauthorized
		}
	case status >= 500:
		word = "server_error"
	case status == http.StatusTooManyRequests:
		word = "temporarily_unavailable"
	}
	rq.Writer.Header().Del("WWW-Authenticate")
	doc := web.JSON(object{"error": word, "error_description": known.Hint})
	doc.Status = status
	return doc
}

// pageFailure shows an error as a page that says what to do next. It never redirects to the
// client, not even with an error (see pageRequest).
func (e *Endpoints) pageFailure(rq *web.Request, f web.Failure) *render.Response {
	known, status := f.Error, f.Error.Status()
	p := signPage{Step: "error", Title: "This sign-in cannot go on", Text: userMessage(known), Next: "Go back to your application and connect again."}
	rq.Writer.Header().Del("WWW-Authenticate")
	if known.Code == crm.RateLimited {
		p.Title, p.Next = "Not so fast", "Then reload this page."
	}
	var refused endpointError
	if errors.As(f.Cause, &refused) {
		status = http.StatusBadRequest
		p.Text = refused.description
		if refused.code == oauth.InvalidClient {
			p.Next = "Remove the connector in your application, then add it again."
		}
	}
	if status >= 500 {
		p.Title, p.Next = "The server failed", "Try again in a moment. If it happens again, contact the operator of this server."
	}
	doc := e.signInPage(rq, p, "")
	doc.Status = status
	return doc
}

// userMessage returns the text of an error for the person who fills in the form, since hints
// name requests that only an agent can send. Errors of the form itself have texts for people.
func userMessage(known *crm.Error) string {
	switch known.Code {
	case crm.InvalidEmail:
		return "That is not an e-mail address. Write it like you@example.com."
	case crm.InvalidCode:
		return "That code is wrong, was used, or is too old. Check it, or send a new one."
	case crm.SignupClosed:
		return "Only invited people can sign up on this server. Ask an admin of one of its workspaces to invite your address, then try again."
	case crm.NotAMember:
		return "You are no longer a member of that workspace. Choose another."
	case crm.PlanLimitReached:
		return "You have created as many workspaces as your plan allows. Choose an existing one."
	case crm.NotReady:
		return "Too many mails wait to be sent. Wait " + humanDuration(known.RetryAfter) + ", then try again."
	case crm.RateLimited:
		return "That was tried too often. Wait " + humanDuration(known.RetryAfter) + ", then try again."
	}
	return known.Hint
}

// humanDuration returns a time to wait in words, rounded up.
func humanDuration(d time.Duration) string {
	if minutes := int(math.Ceil(d.Minutes())); minutes > 1 {
		return strconv.Itoa(minutes) + " minutes"
	}
	return "a minute"
}
