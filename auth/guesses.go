package auth

import (
	"time"

	"crmkit/store"
)

// A sign-in code belongs to the network that asked for it. From there it has five tries of
// its own, which nobody else can use up, and no ask from elsewhere takes its place. It is
// good from other networks too, for the servers of a chat client may ask from one address
// and try from the next; but what is tried from elsewhere is counted for the address: a few
// in a window and in a day, whoever tries.

// strays is the name under which six digits are counted that are tried from networks other
// than the one that asked.
func strays(address string) string { return "stray " + mailbox(address) }

// lookLong tries a code that cannot be guessed.
func (a *Auth) lookLong(tx *store.Tx, t codeAttempt, code string) (v store.CodeResult, wait time.Duration, err error) {
	c := a.code(tx, t.codeRequest, code)
	if v, wait, err = tx.TryCode(c); err == nil && v != store.CodeOK && t.network != "" {
		v, err = tx.TryElsewhere(c)
	}
	return v, wait, err
}

// lookShort tries six digits. They are counted before they are looked at; what turns out to
// be no guess is taken back.
func (a *Auth) lookShort(tx *store.Tx, t codeAttempt, code string) (v store.CodeResult, wait time.Duration, err error) {
	hint := "that code was tried for too many addresses. Do not wait, " + t.retryHint + "; with these six digits try again"
	if err := CheckLimits(tx, Limit{a.limitKey(code), guessesPerValue, day, hint}); err != nil {
		return v, 0, err
	}
	look := a.lookHere
	if t.network == "" {
		look = a.lookCounted
	}
	v, wait, err = look(tx, t, a.code(tx, t.codeRequest, code))
	if err != nil || v != store.CodeWrong {
		if fault := tx.Refund(a.limitKey(code)); fault != nil {
			return v, 0, fault
		}
	}
	return v, wait, err
}

// lookHere tries six digits where the network of who asked is known.
func (a *Auth) lookHere(tx *store.Tx, t codeAttempt, c store.Code) (v store.CodeResult, wait time.Duration, err error) {
	if v, wait, err = tx.TryCode(c); err != nil {
		return v, 0, err
	}
	if v == store.CodeWrong || v == store.CodeNone {
		v, err = a.lookElsewhere(tx, t, c, v)
	}
	return v, wait, err
}

// lookCounted tries six digits where nothing tells who asked for the code.
func (a *Auth) lookCounted(tx *store.Tx, t codeAttempt, c store.Code) (v store.CodeResult, wait time.Duration, err error) {
	if err := CheckLimits(tx, t.guesses()); err != nil {
		return v, 0, err
	}
	if v, wait, err = tx.TryCode(c); err == nil && v != store.CodeWrong {
		err = tx.Refund(guessLimits(t.address))
	}
	return v, wait, err
}

// lookElsewhere tries the codes that other networks asked for, of which one at most has six
// digits; own is what became of the code of this one. Where that was wrong, a wrong code is
// the answer, whatever others used up.
func (a *Auth) lookElsewhere(tx *store.Tx, t codeAttempt, c store.Code, own store.CodeResult) (v store.CodeResult, err error) {
	live, err := tx.LiveElsewhere(c)
	if err != nil || !live && own == store.CodeNone {
		return own, err
	}
	if own == store.CodeNone {
		err = countStray(tx, t)
	} else {
		live, err = countWrong(tx, t, live)
	}
	if err != nil || !live {
		return own, err
	}
	if v, err = tx.TryElsewhere(c); err == nil && v == store.CodeOK {
		err = tx.Refund(strays(t.address), guessLimits(t.address))
	}
	return v, err
}

// countStray counts six digits that a network without a code of its own tries.
func countStray(tx *store.Tx, t codeAttempt) error {
	if err := CheckLimits(tx, t.guesses()); err != nil {
		return err
	}
	err := CheckLimits(tx, t.strays())
	if err != nil { // it is not looked at
		if fault := tx.Refund(guessLimits(t.address)); fault != nil {
			return fault
		}
	}
	return err
}

// countWrong counts a code that was wrong for the network's own, and reports whether those
// that live elsewhere may be looked at too.
func countWrong(tx *store.Tx, t codeAttempt, live bool) (bool, error) {
	gone, err := tx.QuotaWait(guessLimits(t.address), guessesPerAddress)
	if err == nil {
		_, err = tx.TakeQuota(guessLimits(t.address), 1<<40, day)
	}
	if err != nil || gone > 0 || !live {
		return false, err
	}
	s := t.strays()
	wait, err := tx.TakeQuota(s.Name, s.Most, s.Window)
	return wait == 0, err
}

// strays is the limit on six digits that other networks try.
func (t codeAttempt) strays() Limit {
	return Limit{strays(t.address), store.MaxTries, limitWindow, t.tooMany("")}
}

// guesses is the limit on wrong six digits.
func (t codeAttempt) guesses() Limit {
	return Limit{guessLimits(t.address), guessesPerAddress, day, t.tooMany(" today")}
}

func (t codeAttempt) tooMany(when string) string {
	return "too many wrong codes were tried for this address" + when + ". Do not wait, " + t.retryHint + ": it is longer, and is taken at once; with six digits try again"
}

// spent is the error where the tries of a code are used up, or the guesses of the day. Asking
// gives a code that needs no waiting, but for step-ups, whose tries nobody else uses up.
func (a *Auth) spent(tx *store.Tx, t codeAttempt, wait time.Duration) error {
	g := t.guesses()
	today, err := tx.QuotaWait(g.Name, g.Most)
	switch {
	case err != nil:
		return err
	case today > 0:
		return tx.CommitWithError(rateLimitError(g.Hint, today))
	case t.kind == stepUpKind:
		return tx.CommitWithError(rateLimitError(spent, wait))
	}
	return tx.CommitWithError(rateLimitError(t.tooMany(""), wait))
}
