package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// The limits on mailed codes. They hold in every mode and are counted in the
// database, so a restart does not reset them.
//
// A code of six digits can be guessed, so guesses are few. Limits alone would let
// a stranger who guesses on purpose keep the owner of an address out. So when the
// guesses of an address, or of the whole server, are used up for the day, codes
// become long: those cannot be guessed, and need no limit that a stranger could
// use up. Asking slows down rather than stop, for the same reason.
const (
	limitWindow = 10 * time.Minute
	day         = 24 * time.Hour

	asksPerAddress = 5  // in a window
	asksPerDay     = 10 // of an address; from then on one in slowWindow
	slowWindow     = 30 * time.Minute
	asksPerClient  = 60 // in a window, those that a right code followed not counted
	slowAsk        = 10 * time.Second
	triesPerClient = 100 // in a window

	longTriesPerClient = 1000 // in a window: more than a person types, so that work is bounded

	guessesPerAddress = 10   // wrong six digits a day, over all codes of an address
	guessesPerValue   = 10   // tries of the same six digits a day, over all addresses
	guessesPerServer  = 1000 // wrong six digits a day, over all addresses

	shortCode = 6  // decimal digits
	longCode  = 12 // characters of base 32: 60 bits

	decimal = "0123456789"
	base32  = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's, without letters that read like digits
)

// limitKey is the name under which tries of the same digits are counted. It does not
// show them: somebody else's code may be among them.
func (a *Auth) limitKey(code string) string { return "value " + a.keyed("value", code) }

const serverGuesses = "guess"

// codeRequest is one question for a code.
type codeRequest struct {
	purpose, kind string // kind counts the asks
	address       string
	known         bool   // the address signed in from that network before
	network       string // whose code it is, where an address has one for each; else empty
}

// code returns the code of an asking, as it is stored.
func (a *Auth) code(tx *store.Tx, q codeRequest, code string) store.Code {
	return store.Code{Purpose: q.purpose, Email: q.address, Network: q.network, Mailbox: mailbox(q.address),
		Hash: a.codeHash(q.purpose, q.address, code), Long: !isShortCode(code), Workspace: tx.Actor.Workspace}
}

// newCode draws a code: a long one where the day's guesses are used up, else six
// digits that are not refused as guesses themselves.
func (a *Auth) newCode(tx *store.Tx, address string) (string, error) {
	ofAddress, err := tx.QuotaWait(guessLimits(address), guessesPerAddress)
	if err != nil {
		return "", err
	}
	ofServer, err := tx.QuotaWait(serverGuesses, guessesPerServer)
	if err != nil {
		return "", err
	}
	if ofAddress > 0 || ofServer > 0 {
		return a.newLongCode(tx, address)
	}
	for {
		code, err := randomText(a.store.Random(), shortCode, decimal)
		if err != nil {
			return "", err
		}
		if spent, err := tx.QuotaWait(a.limitKey(code), guessesPerValue); err != nil || spent == 0 {
			return code, err
		}
	}
}

// newLongCode draws a code that can be neither guessed nor killed by who tries to.
func (a *Auth) newLongCode(*store.Tx, string) (string, error) {
	return randomText(a.store.Random(), longCode, base32)
}

// isShortCode reports whether a code has the short form.
func isShortCode(code string) bool {
	return len(code) == shortCode && strings.Trim(code, decimal) == ""
}

// codeAttempt is one try of a code.
type codeAttempt struct {
	codeRequest
	input     string       // as the client sent it
	retryHint string       // how to get a new code, for the hint
	note      func() error // logs a wrong code
}

// try uses up the code when it is right. Else the error is invalid_code or
// rate_limited, and the try stays counted.
func (a *Auth) try(tx *store.Tx, t codeAttempt) error {
	err := a.use(tx, t)
	var known *crm.Error
	if errors.As(err, &known) {
		kind := purposeSignIn // also on pages, whose kinds name networks and have no end
		if t.kind == stepUpKind {
			kind = stepUpKind
		}
		tx.After(func() { a.failures.count(Failure{kind, known.Code}) })
	}
	return err
}

func (a *Auth) use(tx *store.Tx, t codeAttempt) error {
	code := normalizeCode(t.input)
	short := isShortCode(code)
	if err := CheckLimits(tx, t.tries(tx, short)); err != nil {
		return err
	}
	look := a.lookLong
	if short {
		look = a.lookShort
	}
	verdict, wait, err := look(tx, t, code)
	if err != nil {
		return err
	}
	switch verdict {
	case store.CodeOK:
		return a.proved(tx, t.codeRequest)
	case store.CodeExhausted:
		return a.spent(tx, t, wait)
	}
	return wrong(tx, t, short && verdict == store.CodeWrong)
}

// wrong counts and logs a wrong code and returns the error for it. guessed is
// whether it was tried against a code that can be guessed.
func wrong(tx *store.Tx, t codeAttempt, guessed bool) error {
	if guessed {
		if _, err := tx.TakeQuota(serverGuesses, 1<<40, day); err != nil {
			return err
		}
	}
	// The log keeps the first of a day; who tries on fills no disk.
	wait, err := tx.TakeQuota("fail "+mailbox(t.address), maxFailures, day)
	if err == nil && wait == 0 {
		err = t.note()
	}
	if err != nil {
		return err
	}
	fault := crm.Errorf(crm.InvalidCode, "the code is wrong, was used, or is older than %d minutes. Check it with the user, or %s.",
		int(store.CodeLife.Minutes()), t.retryHint).On("code")
	if t.kind == stepUpKind { // the token is good, and a client drops it on 401
		fault = fault.With(crm.WrongStepUp)
	}
	return tx.CommitWithError(fault)
}

// maxFailures is how many wrong codes of an address the log keeps in a day.
const maxFailures = 100

// spent is the hint when the tries of a window are used up.
const spent = "too many wrong codes were tried; try again"

// normalizeCode drops what people put into codes when they pass them on.
func normalizeCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "", "\n", "").Replace(code))
}

// keyed returns what is stored of a text that could be found by trying all there
// are: its HMAC-SHA256 under the key of the file, bound to what it is for.
func (a *Auth) keyed(what ...string) string {
	mac := hmac.New(sha256.New, a.store.Secret())
	mac.Write([]byte("auth\x00" + strings.Join(what, "\n"))) // no cursor begins so
	return hex.EncodeToString(mac.Sum(nil))
}

// codeHash binds a code to what it was issued for, so that it serves nothing else.
func (a *Auth) codeHash(purpose, address, code string) string {
	return a.keyed("code", purpose, address, code)
}

// LongCodeForm and ShortCodeForm say what a code looks like, for people.
func LongCodeForm() string { return fmt.Sprintf("%d letters and digits", longCode) }

// ShortCodeForm: see LongCodeForm.
func ShortCodeForm() string { return fmt.Sprintf("%d digits", shortCode) }
