package auth

import (
	"time"

	"crmkit/store"
)

// issued is a code that was made.
type issued struct {
	text string
	life time.Duration
}

// issue makes a code for the purpose and stores it in the place of the last that the
// same network asked for. The error is rate_limited when too many were asked for or tried.
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
		err = tx.CommitWithError(rateLimitError(spent, wait))
	}
	return code, err
}

// storeCode draws a code and puts it in the place of the last; wait is how long none of
// six digits is taken.
func (a *Auth) storeCode(tx *store.Tx, q codeRequest, f form) (code issued, wait time.Duration, err error) {
	draw := a.newCode
	if f.long {
		draw = a.newLongCode
	}
	code.life = f.life
	if code.text, err = draw(tx, q.address); err != nil {
		return code, 0, err
	}
	stored := a.code(tx, q, code.text)
	stored.Life = f.life
	wait, err = tx.IssueCode(stored)
	return code, wait, err
}

// contested reports whether a code of six digits might be of no use, since networks ask
// and try at the same time: where another of the mailbox lives, so that at most one of it can
// be guessed; where somebody guesses; and where it is the last of a window.
// Whoever reads the mails gets in with a long one, from any network.
func (a *Auth) contested(tx *store.Tx, q codeRequest) (bool, error) {
	live, err := tx.LiveElsewhere(a.code(tx, q, ""))
	if live || err != nil {
		return live, err
	}
	wait, err := tx.QuotaWait(strays(q.address), 1)
	if wait > 0 || err != nil {
		return wait > 0, err
	}
	window, _, _ := sendLimits(q.countedAs(tx), q.address)
	wait, err = tx.QuotaWait(window, asksPerAddress)
	return wait > 0, err
}

// form is what a code is like.
type form struct {
	long bool // else it is of six digits, if the day's guesses are not used up
	life time.Duration
}

// admit counts an ask and returns what its code is like. Who asks too often from a
// network where the address never signed in uses up nothing of who did.
func (a *Auth) admit(tx *store.Tx, q codeRequest) (f form, err error) {
	hint := "codes were asked for too often. Use the last one that was mailed, or try again"
	window, daily, slow := sendLimits(q.countedAs(tx), q.address)
	f.life = store.CodeLife
	switch {
	case q.kind == stepUpKind:
		hint = "too many confirmation codes wait unused. Finish one of those requests with its code, or try again"
	case !q.known:
		if err := admitNetwork(tx, hint); err != nil {
			return f, err
		}
		if wait, err := tx.QuotaWait(attemptLimits(Network(tx.Actor.Addr)), triesPerClient); err != nil || wait > 0 {
			f.long = true // six digits are not looked at from there
		}
	}
	wait, err := tx.QuotaWait(daily, asksPerDay)
	if err != nil {
		return f, err
	}
	if wait == 0 {
		return f, CheckLimits(tx, Limit{window, asksPerAddress, limitWindow, hint}, Limit{daily, asksPerDay, day, hint})
	}
	// It comes too seldom to be lost to who kills short ones, and waits for its owner
	// until the next may be asked for.
	f.long = true
	if q.network != "" {
		f.life = slowWindow
	}
	return f, CheckLimits(tx, Limit{slow, 1, slowWindow, hint})
}

// admitNetwork counts an ask under the actor's network. What newcomers finish is given
// back, so a busy network is not stopped by its use; beyond the limit asks slow down rather
// than stop, so that one stranger there keeps the others out only by asking all the time.
func admitNetwork(tx *store.Tx, hint string) error {
	network := Network(tx.Actor.Addr)
	wait, err := tx.TakeQuota(networkSendLimits(network), asksPerClient, limitWindow)
	if err != nil || wait == 0 {
		return err
	}
	return CheckLimits(tx, Limit{networkSendLimits(network) + " slow", 1, slowAsk, hint})
}
