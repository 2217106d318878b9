package auth

import (
	"math"
	"time"

	"crmkit/store"
	"crmkit/store/account"
)

// A sign-in code belongs to the network that requested it. Tries from that network have
// a limit of their own, five, which nobody else can use up, and a request from another
// network does not replace the code.
//
// The code works from other networks too, because the servers of a chat client may ask
// from one address and try from the next. But a try from elsewhere counts for the
// address: a few in a window and in a day, over all networks.

// elsewhereLimits is the counter of six digits tried from networks other than the one
// that asked.
func elsewhereLimits(address string) string { return "stray " + mailbox(address) }

// checkLong tries a code that cannot be guessed.
func (a *Auth) checkLong(tx *store.Tx, t codeAttempt, code string) (result account.CodeResult, wait time.Duration, err error) {
	c := a.code(tx, t.codeRequest, code)
	if result, wait, err = account.TryCode(tx, c); err == nil && result != account.CodeOK && t.network != "" {
		result, err = account.TryOtherCodes(tx, c)
	}
	return result, wait, err
}

// checkShort tries six digits. It counts the try before it compares the digits, and refunds it
// if they were not a wrong guess.
func (a *Auth) checkShort(tx *store.Tx, t codeAttempt, code string) (result account.CodeResult, wait time.Duration, err error) {
	hint := "that code was tried for too many addresses. Do not wait, " + t.retryHint + "; with this code try again"
	if err := CheckLimits(tx, Limit{a.limitKey(code), guessesPerValue, day, hint}); err != nil {
		return result, 0, err
	}
	check := a.checkOwned
	if t.network == "" {
		check = a.checkUnowned
	}
	result, wait, err = check(tx, t, a.code(tx, t.codeRequest, code))
	if err != nil || result != account.CodeWrong {
		if refundErr := account.RefundQuota(tx, a.limitKey(code)); refundErr != nil {
			return result, 0, refundErr
		}
	}
	return result, wait, err
}

// checkOwned tries six digits where each network has a code of its own.
func (a *Auth) checkOwned(tx *store.Tx, t codeAttempt, c account.Code) (result account.CodeResult, wait time.Duration, err error) {
	if result, wait, err = account.TryCode(tx, c); err != nil {
		return result, 0, err
	}
	if result == account.CodeWrong || result == account.CodeNone {
		result, err = a.checkElsewhere(tx, t, c, result)
	}
	return result, wait, err
}

// checkUnowned tries six digits where an address has one code for all networks.
func (a *Auth) checkUnowned(tx *store.Tx, t codeAttempt, c account.Code) (result account.CodeResult, wait time.Duration, err error) {
	if err := CheckLimits(tx, t.guesses()); err != nil {
		return result, 0, err
	}
	if result, wait, err = account.TryCode(tx, c); err == nil && result != account.CodeWrong {
		err = account.RefundQuota(tx, guessLimits(t.address))
	}
	return result, wait, err
}

// checkElsewhere tries the codes that other networks requested; at most one of them has six
// digits. own is the result for the network's own code. If that was wrong the answer
// is a wrong code, even when others used up the limits.
func (a *Auth) checkElsewhere(tx *store.Tx, t codeAttempt, c account.Code, own account.CodeResult) (result account.CodeResult, err error) {
	live, err := account.HasOtherCode(tx, c)
	if err != nil || !live && own == account.CodeNone {
		return own, err
	}
	if own == account.CodeNone {
		err = checkElsewhereLimits(tx, t)
	} else {
		var left bool
		if left, err = takeGuess(tx, t); left && live {
			left, err = takeElsewhere(tx, t)
		}
		live = live && left
	}
	if err != nil || !live {
		return own, err
	}
	if result, err = account.TryOtherCodes(tx, c); err == nil && result == account.CodeOK {
		err = account.RefundQuota(tx, elsewhereLimits(t.address), guessLimits(t.address))
	}
	return result, err
}

// checkElsewhereLimits counts six digits tried by a network without a code of its own.
func checkElsewhereLimits(tx *store.Tx, t codeAttempt) error {
	if err := CheckLimits(tx, t.guesses()); err != nil {
		return err
	}
	err := CheckLimits(tx, t.elsewhere())
	if err != nil { // the digits will not be compared, so they were no guess
		if refundErr := account.RefundQuota(tx, guessLimits(t.address)); refundErr != nil {
			return refundErr
		}
	}
	return err
}

// takeGuess counts a wrong guess for the address and reports whether the limit had room
// for it.
func takeGuess(tx *store.Tx, t codeAttempt) (left bool, err error) {
	wait, err := account.QuotaWait(tx, guessLimits(t.address), guessesPerAddress)
	if err == nil {
		err = count(tx, guessLimits(t.address))
	}
	return wait == 0 && err == nil, err
}

// takeElsewhere counts a try of other networks' codes and reports whether the limit had
// room for it.
func takeElsewhere(tx *store.Tx, t codeAttempt) (left bool, err error) {
	l := t.elsewhere()
	wait, err := account.TakeQuota(tx, l.Name, l.Most, l.Window)
	return wait == 0 && err == nil, err
}

// count counts an event of a day that other code compares with a limit.
func count(tx *store.Tx, name string) error {
	_, err := account.TakeQuota(tx, name, math.MaxInt64, day)
	return err
}
