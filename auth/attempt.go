package auth

import (
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// maxLoggedFailures is how many wrong codes of an address the log records in a day.
// Without this limit a stranger who keeps guessing could fill the disk.
const maxLoggedFailures = 100

// codeAttempt is one try of a code.
type codeAttempt struct {
	codeRequest
	input     string       // as the client sent it
	retryHint string       // how to get a new code, for the hint
	note      func() error // logs a wrong code
}

// try uses up the code if it is right. Otherwise the error is invalid_code or
// rate_limited, and the transaction commits with it, so the try stays counted.
func (a *Auth) try(tx *store.Tx, t codeAttempt) error {
	err := a.use(tx, t)
	var known *crm.Error
	if errors.As(err, &known) {
		kind := purposeSignIn // also for pages: their kinds name networks, too many for a metric
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
	limits, check := t.longTries, a.checkLong
	if short {
		limits, check = t.tries, a.checkShort
	}
	if err := CheckLimits(tx, limits(tx)); err != nil {
		return err
	}
	result, wait, err := check(tx, t, code)
	if err != nil {
		return err
	}
	switch result {
	case account.CodeOK:
		return a.recordSuccess(tx, t.codeRequest)
	case account.CodeExhausted:
		return a.exhausted(tx, t, wait)
	case account.CodeWrong:
		if short {
			return wrongGuess(tx, t)
		}
	}
	return wrongCode(tx, t)
}

// wrongGuess counts six digits that were wrong on the whole server. See wrongCode.
func wrongGuess(tx *store.Tx, t codeAttempt) error {
	if err := count(tx, serverGuesses); err != nil {
		return err
	}
	return wrongCode(tx, t)
}

// wrongCode logs a wrong code and returns the error for it.
func wrongCode(tx *store.Tx, t codeAttempt) error {
	wait, err := account.TakeQuota(tx, "fail "+mailbox(t.address), maxLoggedFailures, day)
	if err == nil && wait == 0 {
		err = t.note()
	}
	if err != nil {
		return err
	}
	fault := crm.Errorf(crm.InvalidCode, "the code is wrong, was used, or is older than %d minutes. Check it with the user, or %s.",
		int(account.CodeLife.Minutes()), t.retryHint).On("code")
	if t.kind == stepUpKind { // not 401: the token is good, and clients drop a token on 401
		fault = fault.With(crm.WrongStepUp)
	}
	return tx.CommitWithError(fault)
}

// exhaustedHint is the hint when the tries of a window are used up.
const exhaustedHint = "too many wrong codes were tried; try again"

// newCodeIsLong ends the hints that say how to get a new code.
const newCodeIsLong = "The new code is longer and works now; with a code of six digits try again"

// exhausted returns the error when the tries of a code, or the guesses of the day, are
// used up. Its hint says to request a new code, which is long and works at once. Step-up
// codes are not made long, since only the user's own tokens can use up their tries.
func (a *Auth) exhausted(tx *store.Tx, t codeAttempt, wait time.Duration) error {
	g := t.guesses()
	today, err := account.QuotaWait(tx, g.Name, g.Most)
	switch {
	case err != nil:
		return err
	case today > 0:
		return tx.CommitWithError(rateLimitError(g.Hint, today))
	case t.kind == stepUpKind:
		return tx.CommitWithError(rateLimitError(exhaustedHint, wait))
	}
	return tx.CommitWithError(rateLimitError(t.tooMany(""), wait))
}

// tries is the limit on tries of six digits.
func (t codeAttempt) tries(tx *store.Tx) Limit {
	switch {
	case t.kind == stepUpKind:
		return Limit{attemptLimits(tx.Actor.UserID), triesPerClient, limitWindow, "too many codes were tried for your user; try again"}
	case t.known:
		return Limit{attemptLimits(addressOnNetwork(tx, t.address)), triesPerClient, limitWindow, "too many codes were tried for this address; try again"}
	}
	return Limit{attemptLimits(Network(tx.Actor.Addr)), triesPerClient, limitWindow,
		"too many codes were tried from your network. Do not wait, " + t.retryHint + ". " + newCodeIsLong}
}

// longTries is the limit on tries of a long code. Long codes cannot be guessed, so a
// network that guessed too much may still use them.
func (t codeAttempt) longTries(tx *store.Tx) Limit {
	l := t.tries(tx)
	if t.kind != stepUpKind && !t.known {
		l = Limit{attemptLimits("long " + l.Name), longTriesPerClient, limitWindow, "too many codes were tried from your network; try again"}
	}
	return l
}

// guesses is the limit on wrong six digits of an address.
func (t codeAttempt) guesses() Limit {
	return Limit{guessLimits(t.address), guessesPerAddress, day, t.tooMany(" today")}
}

// elsewhere is the limit on six digits tried from networks that did not request the code.
func (t codeAttempt) elsewhere() Limit {
	return Limit{elsewhereLimits(t.address), account.MaxTries, limitWindow, t.tooMany("")}
}

func (t codeAttempt) tooMany(when string) string {
	return "too many wrong codes were tried for this address" + when + ". Do not wait, " + t.retryHint + ". " + newCodeIsLong
}
