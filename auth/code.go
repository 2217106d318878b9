package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
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
	asksPerClient  = 60  // in a window
	triesPerClient = 100 // in a window

	guessesPerAddress = 10   // wrong six digits a day, over all codes of an address
	guessesPerValue   = 10   // tries of the same six digits a day, over all addresses
	guessesPerServer  = 1000 // wrong six digits a day, over all addresses

	shortCode = 6  // decimal digits
	longCode  = 12 // characters of base 32: 60 bits

	decimal = "0123456789"
	base32  = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's, without letters that read like digits
)

// limit is how many events of a name there may be in a window.
type limit struct {
	name   string
	most   int64
	window time.Duration
	hint   string // of the error when there were more; ends in "try again"
}

// within counts one event under each limit. Where one is used up it returns
// rate_limited with its hint and the time to wait, and what was counted stays.
func within(tx *store.Tx, limits ...limit) error {
	for _, l := range limits {
		wait, err := tx.Allow(l.name, l.most, l.window)
		if err != nil {
			return err
		}
		if wait > 0 {
			return tx.Keep(limited(l.hint, wait))
		}
	}
	return nil
}

// limited is the error for too much of something. The hint ends in "try again",
// and the time to wait goes on from there.
func limited(hint string, wait time.Duration) error {
	err := crm.Errorf(crm.RateLimited, "%s in %s.", hint, (wait + time.Second - 1).Truncate(time.Second))
	err.RetryAfter = wait
	return err
}

// asks are the names under which asking for codes of a kind is counted.
func asks(kind, address string) (window, daily, slow string) {
	name := "ask " + kind + " " + address
	return name, name + " day", name + " slow"
}

func guesses(address string) string { return "guess " + address }

// value is the name under which tries of the same digits are counted. It does not
// show them: somebody else's code may be among them.
func (a *Auth) value(code string) string { return "value " + a.keyed("value", code) }

const serverGuesses = "guess"

// issue makes a code for the purpose and stores it in the place of the last. The
// error is rate_limited when too many were asked for or tried.
func (a *Auth) issue(tx *store.Tx, purpose, kind, address string) (code string, err error) {
	hint := "codes were asked for too often. Use the last one that was mailed, or try again"
	if kind == stepUpKind {
		hint = "too many confirmation codes wait unused. Finish one of those requests with its code, or try again"
	}
	window, daily, slow := asks(kind, address)
	if err := within(tx, limit{"ask " + Network(tx.Actor.Addr), asksPerClient, limitWindow, hint}, limit{window, asksPerAddress, limitWindow, hint}); err != nil {
		return "", err
	}
	wait, err := tx.Allow(daily, asksPerDay, day)
	if err != nil {
		return "", err
	}
	draw := a.newCode
	if wait > 0 {
		if err := within(tx, limit{slow, 1, slowWindow, hint}); err != nil {
			return "", err
		}
		draw = a.newLongCode // it comes too seldom to be lost to who kills short ones
	}
	if code, err = draw(tx, address); err != nil {
		return "", err
	}
	wait, err = tx.IssueCode(store.Code{Purpose: purpose, Email: address, Hash: a.codeHash(purpose, address, code), Long: !guessable(code), Workspace: tx.Actor.Workspace})
	if err == nil && wait > 0 {
		err = tx.Keep(limited(spent, wait))
	}
	return code, err
}

// newCode draws a code: a long one where the day's guesses are used up, else six
// digits that are not refused as guesses themselves.
func (a *Auth) newCode(tx *store.Tx, address string) (string, error) {
	ofAddress, err := tx.Spent(guesses(address), guessesPerAddress)
	if err != nil {
		return "", err
	}
	ofServer, err := tx.Spent(serverGuesses, guessesPerServer)
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
		if spent, err := tx.Spent(a.value(code), guessesPerValue); err != nil || spent == 0 {
			return code, err
		}
	}
}

// newLongCode draws a code that can be neither guessed nor killed by who tries to.
func (a *Auth) newLongCode(*store.Tx, string) (string, error) {
	return randomText(a.store.Random(), longCode, base32)
}

// guessable reports whether a code has the short form.
func guessable(code string) bool {
	return len(code) == shortCode && strings.Trim(code, decimal) == ""
}

// attempt is one try of a code.
type attempt struct {
	purpose, kind string // kind counts the asks
	address       string
	typed         string       // as the client sent it
	again         string       // how to get a new code, for the hint
	note          func() error // logs a wrong code
}

// try uses up the code when it is right. Else the error is invalid_code or
// rate_limited, and the try stays counted.
func (a *Auth) try(tx *store.Tx, t attempt) error {
	err := a.use(tx, t)
	var known *crm.Error
	if errors.As(err, &known) {
		tx.After(func() { a.failures.count(Failure{t.kind, known.Code}) })
	}
	return err
}

func (a *Auth) use(tx *store.Tx, t attempt) error {
	code := tidy(t.typed)
	short := guessable(code)
	if err := within(tx, limit{"try " + Network(tx.Actor.Addr), triesPerClient, limitWindow, "too many codes were tried from your network; try again"}); err != nil {
		return err
	}
	if short {
		if err := a.countGuess(tx, t, code); err != nil {
			return err
		}
	}
	verdict, wait, err := tx.TryCode(store.Code{Purpose: t.purpose, Email: t.address, Hash: a.codeHash(t.purpose, t.address, code), Long: !short})
	if err != nil {
		return err
	}
	if short && verdict != store.Wrong {
		if err := tx.Refund(guesses(t.address), a.value(code)); err != nil {
			return err
		}
	}
	switch verdict {
	case store.Right:
		window, daily, slow := asks(t.kind, t.address)
		return tx.Reset(window, daily, slow)
	case store.Spent:
		return tx.Keep(limited(spent, wait))
	}
	return wrong(tx, t, short && verdict == store.Wrong)
}

// countGuess counts six digits as a guess, before they are looked at: parallel
// guesses cannot slip through. What turns out to be none is taken back.
func (a *Auth) countGuess(tx *store.Tx, t attempt, code string) error {
	hint := "that code was tried for too many addresses. Do not wait, " + t.again + "; with these six digits try again"
	if err := within(tx, limit{a.value(code), guessesPerValue, day, hint}); err != nil {
		return err
	}
	hint = "too many wrong codes were tried for this address today. Do not wait, " + t.again + ": it is longer, and is taken at once; with six digits try again"
	err := within(tx, limit{guesses(t.address), guessesPerAddress, day, hint})
	if err == nil {
		return nil
	}
	if fault := tx.Refund(a.value(code)); fault != nil {
		return fault
	}
	return err
}

// wrong counts and logs a wrong code and returns the error for it. guessed is
// whether it was tried against a code that can be guessed.
func wrong(tx *store.Tx, t attempt, guessed bool) error {
	if guessed {
		if _, err := tx.Allow(serverGuesses, 1<<40, day); err != nil {
			return err
		}
	}
	// The log keeps the first of a day; who tries on fills no disk.
	wait, err := tx.Allow("fail "+t.address, maxFailures, day)
	if err == nil && wait == 0 {
		err = t.note()
	}
	if err != nil {
		return err
	}
	return tx.Keep(crm.Errorf(crm.InvalidCode, "the code is wrong, was used, or is older than %d minutes. Check it with the user, or %s.",
		int(store.CodeLife.Minutes()), t.again).On("code"))
}

// maxFailures is how many wrong codes of an address the log keeps in a day.
const maxFailures = 100

// spent is the hint when the tries of a window are used up.
const spent = "too many wrong codes were tried; try again"

// tidy drops what people put into codes when they pass them on.
func tidy(code string) string {
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

// Network returns what client addresses are counted by: an IPv4 address, or an
// IPv6 /64, since one host has all of that.
func Network(client string) string {
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return "client " + client
	}
	if addr = addr.Unmap(); addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64)
		return fmt.Sprint("client ", prefix)
	}
	return fmt.Sprint("client ", addr)
}

// CodeForm says what a code looks like, for people.
func CodeForm(long bool) string {
	if long {
		return fmt.Sprintf("%d letters and digits", longCode)
	}
	return fmt.Sprintf("%d digits", shortCode)
}
