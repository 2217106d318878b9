package auth

import (
	"time"

	"crmkit/store"
	"crmkit/store/account"
)

// issued is a code that was issued.
type issued struct {
	text string
	life time.Duration
}

// issue makes a code for the request and stores it, replacing the previous one of the same
// network. The error is rate_limited if too many codes were requested or tried.
func (a *Auth) issue(tx *store.Tx, q codeRequest) (code issued, err error) {
	form, err := a.admit(tx, q)
	if err == nil && !form.long && q.network != "" {
		form.long, err = a.contested(tx, q)
	}
	if err != nil {
		return code, err
	}
	code, wait, err := a.storeCode(tx, q, form)
	if err == nil && wait > 0 && q.kind != stepUpKind { // somebody else may have used up the tries
		form.long = true
		code, wait, err = a.storeCode(tx, q, form)
	}
	if err == nil && wait > 0 {
		err = tx.CommitWithError(rateLimitError(exhaustedHint, wait))
	}
	return code, err
}

// storeCode makes a code and stores it, replacing the previous one. wait is the time for which
// no code of six digits is accepted.
func (a *Auth) storeCode(tx *store.Tx, q codeRequest, f form) (code issued, wait time.Duration, err error) {
	newCode := a.newCode
	if f.long {
		newCode = a.newLongCode
	}
	code.life = f.life
	if code.text, err = newCode(tx, q.address); err != nil {
		return code, 0, err
	}
	stored := a.code(tx, q, code.text)
	stored.Life = f.life
	wait, err = account.IssueCode(tx, stored)
	return code, wait, err
}

// contested reports whether other networks request or try codes of the same mailbox, so that a
// code of six digits might not work for the person who requested it: another code of the mailbox
// is valid (only one of six digits may be, so that only one can be guessed), somebody guesses,
// or this is the last code of the window. A long code works from any network.
func (a *Auth) contested(tx *store.Tx, q codeRequest) (bool, error) {
	live, err := account.HasOtherCode(tx, a.code(tx, q, ""))
	if live || err != nil {
		return live, err
	}
	wait, err := account.QuotaWait(tx, elsewhereLimits(q.address), 1)
	if wait > 0 || err != nil {
		return wait > 0, err
	}
	window, _, _ := sendLimits(q.countedAs(tx), q.address)
	wait, err = account.QuotaWait(tx, window, asksPerAddress)
	return wait > 0, err
}

// form is the length and lifetime of a code.
type form struct {
	long bool // otherwise six digits, unless the guesses of the day are used up
	life time.Duration
}

// admit counts a request for a code and returns the form of the code. Requests from a
// network where the address never signed in do not use up the limits of a network where
// it did.
func (a *Auth) admit(tx *store.Tx, q codeRequest) (f form, err error) {
	hint := "too many codes were requested. Use the last code that was mailed, or try again"
	window, daily, slow := sendLimits(q.countedAs(tx), q.address)
	f.life = account.CodeLife
	switch {
	case q.kind == stepUpKind:
		hint = "too many confirmation codes are unused. Complete one of those requests with its code, or try again"
	case !q.known:
		if err := admitNetwork(tx, hint); err != nil {
			return f, err
		}
		if wait, err := account.QuotaWait(tx, attemptLimits(Network(tx.Actor.Addr)), triesPerClient); err != nil || wait > 0 {
			f.long = true // six digits are not accepted from that network
		}
	}
	wait, err := account.QuotaWait(tx, daily, asksPerDay)
	if err != nil {
		return f, err
	}
	if wait == 0 {
		return f, CheckLimits(tx, Limit{window, asksPerAddress, limitWindow, hint}, Limit{daily, asksPerDay, day, hint})
	}
	// From now on codes are so rare that a guesser must not be able to invalidate one, as is
	// possible with six digits. Each is valid until the next one may be requested.
	f.long = true
	if q.network != "" {
		f.life = slowWindow
	}
	return f, CheckLimits(tx, Limit{slow, 1, slowWindow, hint})
}

// admitNetwork counts a request for a code under the actor's network. A sign-in gives the
// request back, so a busy network is not stopped by normal use. Over the limit requests
// are slowed down and not stopped: a stranger in the network can keep the others out only
// by asking all the time.
func admitNetwork(tx *store.Tx, hint string) error {
	network := Network(tx.Actor.Addr)
	wait, err := account.TakeQuota(tx, networkSendLimits(network), asksPerClient, limitWindow)
	if err != nil || wait == 0 {
		return err
	}
	return CheckLimits(tx, Limit{networkSendLimits(network) + " slow", 1, slowAsk, hint})
}
