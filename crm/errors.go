package crm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmkit/crm/norm"
)

// Code is the machine-readable name of an error.
type Code string

// The codes, in the order of their HTTP status.
const (
	BadJSON              Code = "bad_json"
	UnknownField         Code = "unknown_field"
	ReadOnlyField        Code = "read_only_field"
	MissingField         Code = "missing_field"
	InvalidValue         Code = "invalid_value"
	InvalidFilter        Code = "invalid_filter"
	AmbiguousFilter      Code = "ambiguous_filter"
	InvalidOp            Code = "invalid_op"
	InvalidSort          Code = "invalid_sort"
	InvalidCursor        Code = "invalid_cursor"
	SumTooLarge          Code = "sum_too_large"
	InvalidEmail         Code = "invalid_email"
	AuthRequired         Code = "auth_required"
	InvalidToken         Code = "invalid_token"
	TokenExpired         Code = "token_expired"
	InvalidCode          Code = "invalid_code"
	PlanLimitReached     Code = "plan_limit_reached"
	NotAMember           Code = "not_a_member"
	AdminRequired        Code = "admin_required"
	EscalationRequired   Code = "escalation_required"
	ScopeRequired        Code = "scope_required"
	SignupClosed         Code = "signup_closed"
	LocalOnly            Code = "local_only"
	CrossOrigin          Code = "foreign_origin"
	HTTPSRequired        Code = "https_required"
	NotFound             Code = "not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	ConfirmationRequired Code = "confirmation_required"
	AlreadyExists        Code = "already_exists"
	LastAdmin            Code = "last_admin"
	InUse                Code = "in_use"
	ReferenceNotFound    Code = "reference_not_found"
	IdempotencyConflict  Code = "idempotency_conflict"
	PlanStale            Code = "plan_stale"
	PossibleDuplicate    Code = "possible_duplicate"
	PartOfChange         Code = "part_of_change"
	CursorExpired        Code = "cursor_expired"
	Purged               Code = "purged"
	VersionConflict      Code = "version_conflict"
	BodyTooLarge         Code = "body_too_large"
	UnsupportedMedia     Code = "unsupported_media"
	RateLimited          Code = "rate_limited"
	Internal             Code = "internal"
	NotReady             Code = "not_ready"
)

// WrongStepUp is the status of InvalidCode for a code that confirms an action. It is not 401,
// because the token is valid and clients drop their token on a 401.
const WrongStepUp = 403

// CodeRow is the HTTP status of a code, and its line in the manual.
type CodeRow struct {
	Code   Code
	Status int // HTTP status, RFC 9110 section 15
	Doc    string
}

// Codes is the table of error codes.
var Codes = []CodeRow{
	{BadJSON, 400, "the body is broken or incomplete, or its JSON repeats a key"},
	{UnknownField, 400, "no such field or parameter; the nearest name is given"},
	{ReadOnlyField, 400, "the server sets this field; leave it out or send it unchanged"},
	{MissingField, 400, "a required field is missing or was cleared"},
	{InvalidValue, 400, "a value of the wrong type, length or choice"},
	{InvalidFilter, 400, "a filter on an unknown field, or a query string that cannot be parsed"},
	{AmbiguousFilter, 400, "where= mixes and with or without brackets; the hint has both meanings"},
	{InvalidOp, 400, "an operator that does not exist or does not fit the field"},
	{InvalidSort, 400, "a field that cannot be sorted by"},
	{InvalidCursor, 400, "a cursor that was changed or belongs to another list"},
	{SumTooLarge, 400, "a sum beyond 64 bits; ask for smaller groups, or an average"},
	{InvalidEmail, 400, "not one bare e-mail address"},
	{AuthRequired, 401, "no token was sent; sign in"},
	{InvalidToken, 401, "the token is unknown or revoked; sign in again"},
	{TokenExpired, 401, "the token was idle too long; sign in again"},
	{InvalidCode, 401, "a mailed sign-in code is wrong, used or too old; ask for a new one"},
	{InvalidCode, WrongStepUp, "a step-up code is wrong, used or too old; the token is still good"},
	{PlanLimitReached, 403, "the plan allows no more; do not retry, tell the user"},
	{NotAMember, 403, "you are not a member of that workspace; GET /workspaces lists yours"},
	{AdminRequired, 403, "only an admin of the workspace may do that"},
	{EscalationRequired, 403, "a code was mailed to the user; repeat the request with ?code="},
	{ScopeRequired, 403, "this token may not do that; the hint says which token may"},
	{SignupClosed, 403, "only invited people can sign up on this server"},
	{LocalOnly, 403, "a local server answers direct requests from this machine only"},
	{CrossOrigin, 403, "a web page of that origin may not call this"},
	{HTTPSRequired, 403, "the request came over plain HTTP; send it to the https address"},
	{NotFound, 404, "no such path or record; the hint says which is likely"},
	{MethodNotAllowed, 405, "the path does not take this method; see Allow"},
	{ConfirmationRequired, 409, "the write waits for the user's yes; repeat with ?confirm="},
	{AlreadyExists, 409, "another record has this unique value"},
	{LastAdmin, 409, "a workspace must have at least one admin"},
	{InUse, 409, "another record needs this one; the hint says which, and what to change first"},
	{ReferenceNotFound, 409, "a reference points to no record of the right kind"},
	{IdempotencyConflict, 409, "another request used this Idempotency-Key; use a new one"},
	{PlanStale, 409, "what a dry run showed would not happen now; the hint says what would"},
	{PossibleDuplicate, 409, "with on_duplicate=fail: records that look like this one exist"},
	{PartOfChange, 409, "the last change came with others; undo its group"},
	{CursorExpired, 410, "the log begins after the cursor; the hint says how to catch up"},
	{Purged, 410, "the record was erased for good; nothing brings it back"},
	{VersionConflict, 412, "the record has changed since you read it; read it again, then decide"},
	{BodyTooLarge, 413, "the body is over 1 MiB, before sign-in over 16 KiB"},
	{UnsupportedMedia, 415, "the body is compressed or not text"},
	{RateLimited, 429, "too many requests, tries, codes or invites; wait as Retry-After says"},
	{Internal, 500, "a fault of the server; quote the request id"},
	{NotReady, 503, "the server is not ready; a write may have been saved, read before you retry"},
}

// Status returns the HTTP status of a code; of one that has two, the first.
func (c Code) Status() int {
	for _, row := range Codes {
		if row.Code == c {
			return row.Status
		}
	}
	return 500
}

// Error is the only kind of error that a client sees. The hint is written for an agent that
// reads nothing else: it names the value at fault, what is allowed, and the next request to
// make, literally. An error is made where this is known, and passed on without wrapping,
// because a wrapped one would lose the hint.
type Error struct {
	Code       Code
	Hint       string
	Tools      string        // the hint for callers through tools of MCP if it differs; empty: Hint
	Row        string        // the hint for a row of a file if it differs; empty: Hint
	HTTP       int           // the status if it is not that of the code; 0: that of the code
	Field      string        // the field or parameter at fault
	Allowed    []string      // values or names that would be accepted
	DidYouMean string        // the nearest allowed name
	RetryAfter time.Duration // with RateLimited and NotReady
	Confirm    string        // with ConfirmationRequired: the token
	LocalCode  string        // with EscalationRequired in local mode: the code
	Record     *Record       // the present state of the record
	Counts     []Count       // with ConfirmationRequired: the other records that would change
	Allow      []string      // with MethodNotAllowed: the methods
}

// Count is the effect of a delete on the records of an entity.
type Count struct {
	Of       *Entity
	Deleted  int64 // deleted with the record
	Unlinked int64 // lose their reference to the record
}

// AddUnlinked adds records of a kind to those that lose a reference.
func AddUnlinked(counts []Count, of *Entity, n int64) []Count {
	at := slices.IndexFunc(counts, func(c Count) bool { return c.Of == of })
	if at < 0 {
		return append(counts, Count{Of: of, Unlinked: n})
	}
	counts[at].Unlinked += n
	return counts
}

// CountNoun returns a number of records in words: "1 activity", "3 activities".
func (e *Entity) CountNoun(n int64) string {
	if n == 1 {
		return "1 " + e.Name
	}
	return fmt.Sprintf("%d %s", n, e.Plural)
}

// Error returns code and hint.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Hint }

// Errorf returns an error whose hint is the formatted text.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Hint: fmt.Sprintf(format, args...)}
}

// Status returns the HTTP status of the error.
func (e *Error) Status() int {
	if e.HTTP != 0 {
		return e.HTTP
	}
	return e.Code.Status()
}

// With sets an HTTP status other than that of the code. It changes the error and returns it,
// as do ForTools, ForRow, On and Of.
func (e *Error) With(status int) *Error {
	e.HTTP = status
	return e
}

// ForTools sets another hint for callers through tools of MCP, which cannot do everything that
// the hint names, such as signing in or sending a header.
func (e *Error) ForTools(format string, args ...any) *Error {
	e.Tools = fmt.Sprintf(format, args...)
	return e
}

// ByTools returns the error with the hint for callers through tools.
func (e *Error) ByTools() *Error {
	if e.Tools == "" {
		return e
	}
	other := *e
	other.Hint, other.Tools = e.Tools, ""
	return &other
}

// ForRow sets another hint for a row of a file, which has columns and cells where a body has
// members.
func (e *Error) ForRow(format string, args ...any) *Error {
	e.Row = fmt.Sprintf(format, args...)
	return e
}

// ByRow returns the error with the hint for a row of a file.
func (e *Error) ByRow() *Error {
	if e.Row == "" {
		return e
	}
	other := *e
	other.Hint, other.Row = e.Row, ""
	return &other
}

// On names the field at fault.
func (e *Error) On(field string) *Error {
	e.Field = field
	return e
}

// Of sets the allowed values. If one of them is near to the value that was sent, it also
// suggests that one, in the hint too.
func (e *Error) Of(sent string, allowed []string) *Error {
	e.Allowed = allowed
	if e.DidYouMean = norm.Nearest(sent, allowed); e.DidYouMean != "" {
		e.Hint += " Did you mean " + e.DidYouMean + "?"
	}
	return e
}

// UnknownName returns the error for an unknown key. what is the thing that has keys, such as
// "a contact" or the name of a field.
func UnknownName(sent, what string, allowed []string) *Error {
	return Errorf(UnknownField, "%s has no field %s; it accepts %s.", what, norm.Quote(sent), strings.Join(allowed, " ")).On(sent).Of(sent, allowed)
}
