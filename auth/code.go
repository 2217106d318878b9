package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"crmkit/store"
	"crmkit/store/account"
)

// The limits on mailed codes. They apply in every mode and are counted in the
// database, so a restart does not reset them.
//
// A code of six digits can be guessed, so wrong guesses are limited. A limit alone
// would let a stranger lock the owner of an address out by guessing on purpose. So
// when an address, or the whole server, has used up its guesses for the day, codes
// become long: a long code cannot be guessed and needs no limit that a stranger could
// use up. For the same reason requests for codes are slowed down and never stopped.
const (
	limitWindow = 10 * time.Minute
	day         = 24 * time.Hour

	asksPerAddress = 5  // requests for a code in a window
	asksPerDay     = 10 // requests for an address; from then on one in slowWindow
	slowWindow     = 30 * time.Minute
	asksPerClient  = 60 // requests in a window, without those that led to a sign-in
	slowAsk        = 10 * time.Second
	triesPerClient = 100 // in a window

	longTriesPerClient = 1000 // in a window: more than a person types, and it bounds the work

	guessesPerAddress = 10   // wrong six digits a day, over all codes of an address
	guessesPerValue   = 10   // tries of the same six digits a day, over all addresses
	guessesPerServer  = 1000 // wrong six digits a day, over all addresses

	shortCode = 6  // decimal digits
	longCode  = 12 // characters of base 32: 60 bits

	decimal = "0123456789"
	base32  = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's, without letters that read like digits
)

// serverGuesses is the counter of wrong six digits on the whole server.
const serverGuesses = "guess"

// codeRequest identifies the code that a client requests or tries.
type codeRequest struct {
	purpose string // the code works only for this
	kind    string // requests are counted by kind
	address string
	known   bool   // the address signed in from this network before
	network string // that the code belongs to; empty: an address has one code for all networks
}

// code returns the stored form of a code for the request.
func (a *Auth) code(tx *store.Tx, q codeRequest, code string) account.Code {
	return account.Code{Purpose: q.purpose, Email: q.address, Network: q.network, Mailbox: mailbox(q.address),
		Hash: a.codeHash(q.purpose, q.address, code), Long: !isShortCode(code), Workspace: tx.Actor.Workspace}
}

// newCode returns a random code: a long one if the guesses of the day are used up, else
// six digits that are not at their own limit of tries.
func (a *Auth) newCode(tx *store.Tx, address string) (string, error) {
	ofAddress, err := account.QuotaWait(tx, guessLimits(address), guessesPerAddress)
	if err != nil {
		return "", err
	}
	ofServer, err := account.QuotaWait(tx, serverGuesses, guessesPerServer)
	if err != nil {
		return "", err
	}
	if ofAddress > 0 || ofServer > 0 {
		return a.newLongCode(tx, address)
	}
	for {
		code, err := randomText(tx.Random(), shortCode, decimal)
		if err != nil {
			return "", err
		}
		if wait, err := account.QuotaWait(tx, a.limitKey(code), guessesPerValue); err != nil || wait == 0 {
			return code, err
		}
	}
}

// newLongCode returns a random code that cannot be guessed, and that wrong guesses
// therefore do not invalidate.
func (a *Auth) newLongCode(tx *store.Tx, _ string) (string, error) {
	return randomText(tx.Random(), longCode, base32)
}

// isShortCode reports whether a code has the short form.
func isShortCode(code string) bool {
	return len(code) == shortCode && strings.Trim(code, decimal) == ""
}

// normalizeCode removes the separators that people add when they copy a code.
func normalizeCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "", "\n", "").Replace(code))
}

// keyed returns the HMAC-SHA256 of a text under the key of the file, bound to its use. A
// plain hash would not do: there are so few codes that all could be tried against it.
func (a *Auth) keyed(what ...string) string {
	mac := hmac.New(sha256.New, a.store.Secret())
	mac.Write([]byte("auth\x00" + strings.Join(what, "\n"))) // cursors use the same key, with another first byte
	return hex.EncodeToString(mac.Sum(nil))
}

// codeHash binds a code to the purpose and address it was issued for.
func (a *Auth) codeHash(purpose, address, code string) string {
	return a.keyed("code", purpose, address, code)
}

// limitKey is the counter of tries of the same digits. It is keyed, so the database does
// not show digits that may be somebody's code.
func (a *Auth) limitKey(code string) string { return "value " + a.keyed("value", code) }

// LongCodeForm describes a long code for people.
func LongCodeForm() string { return fmt.Sprintf("%d letters and digits", longCode) }

// ShortCodeForm describes a short code for people.
func ShortCodeForm() string { return fmt.Sprintf("%d digits", shortCode) }
