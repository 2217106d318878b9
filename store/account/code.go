package account

import (
	"cmp"
	"time"

	"crmkit/store"
)

// CodeLife is how long a mailed code is valid, and the window in which its tries are counted.
const CodeLife = 10 * time.Minute

// MaxTries is how many wrong codes an address may try in a window.
const MaxTries = 5

// Code is a mailed code. There is one live code for a purpose and an address or, if the
// network that asked for it is named, one for each network.
type Code struct {
	Purpose string
	Email   string
	Network string // that asked for it; empty if there is one code for the purpose and address
	Mailbox string // that receives mails to the address; set if Network is
	Hash    string
	Long    bool          // too long to be guessed, so that tries need no count
	Life    time.Duration // CodeLife when zero

	Workspace int64 // in which it confirms an action; 0: it signs in
}

// holder is the key of the row. No address contains a blank, so all rows of a mailbox are
// between "ann@acme.com " and "ann@acme.com!" in the index.
func (c Code) holder() string {
	if c.Network == "" {
		return c.Email
	}
	return c.Mailbox + " " + c.Network + " " + c.Email
}

// otherCodes selects the other live codes of the mailbox: those that other networks asked for,
// and those for its other addresses.
const otherCodes = "purpose = $1 AND email > $2 AND email < $3 AND email <> $4 AND expires_at > $5"

// otherCodesArgs returns the arguments of otherCodes.
func otherCodesArgs(tx *store.Tx, c Code) []any {
	return []any{c.Purpose, c.Mailbox + " ", c.Mailbox + "!", c.holder(), tx.Now()}
}

// IssueCode replaces the live code by a new one. The tries of the running window stay counted.
// If no tries are left, only a long code is stored. For a short one wait is the time until the window
// ends.
func IssueCode(tx *store.Tx, c Code) (wait time.Duration, err error) {
	var tries, opened int64
	found, err := tx.Row("SELECT tries, opened_at FROM codes WHERE purpose = $1 AND email = $2", []any{c.Purpose, c.holder()}, &tries, &opened)
	if err != nil {
		return 0, err
	}
	if left := opened + CodeLife.Milliseconds() - tx.Now(); !found || left <= 0 {
		tries, opened = 0, tx.Now()
	} else if tries >= MaxTries && !c.Long {
		return time.Duration(left) * time.Millisecond, nil
	}
	return 0, tx.Exec(`INSERT INTO codes (purpose, email, hash, tries, opened_at, expires_at, workspace_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (purpose, email) DO UPDATE SET hash = $3, tries = $4, opened_at = $5, expires_at = $6`,
		c.Purpose, c.holder(), c.Hash, tries, opened, tx.Now()+cmp.Or(c.Life, CodeLife).Milliseconds(), c.Workspace)
}

// HasOtherCode reports whether another code of the mailbox is live.
func HasOtherCode(tx *store.Tx, c Code) (bool, error) {
	return tx.Row("SELECT 1 FROM codes WHERE "+otherCodes+" LIMIT 1", otherCodesArgs(tx, c), new(int64))
}

// CodeResult is the outcome of trying a code.
type CodeResult int

// The outcomes. Only CodeWrong is a sign of guessing.
const (
	CodeWrong     CodeResult = iota
	CodeOK                   // and used up: a code works once
	CodeNone                 // there is no live code
	CodeExhausted            // no tries are left in the window, so the code was not compared
)

// TryCode tries a code, in its own network if it names one. A short code costs one of the
// tries of the window; if none are left, wait is the time until the window ends.
func TryCode(tx *store.Tx, c Code) (v CodeResult, wait time.Duration, err error) {
	if !c.Long {
		n, err := tx.Affect("UPDATE codes SET tries = tries + 1 WHERE purpose = $1 AND email = $2 AND tries < $3 AND expires_at > $4",
			c.Purpose, c.holder(), MaxTries, tx.Now())
		if err != nil {
			return CodeWrong, 0, err
		}
		if n == 0 {
			return checkAttempts(tx, c)
		}
	}
	n, err := tx.Affect("DELETE FROM codes WHERE purpose = $1 AND email = $2 AND hash = $3 AND expires_at > $4", c.Purpose, c.holder(), c.Hash, tx.Now())
	if n == 1 {
		v = CodeOK
	}
	return v, 0, err
}

// TryOtherCodes tries the other codes of the mailbox, whose hashes match only for their own
// addresses. It counts no try: the caller does that before.
func TryOtherCodes(tx *store.Tx, c Code) (v CodeResult, err error) {
	n, err := tx.Affect("DELETE FROM codes WHERE "+otherCodes+" AND hash = $6", append(otherCodesArgs(tx, c), c.Hash)...)
	if n > 0 {
		v = CodeOK
	}
	return v, err
}

// checkAttempts returns the result for a short code that TryCode must not compare.
func checkAttempts(tx *store.Tx, c Code) (v CodeResult, wait time.Duration, err error) {
	var opened int64
	found, err := tx.Row("SELECT opened_at FROM codes WHERE purpose = $1 AND email = $2 AND tries >= $3", []any{c.Purpose, c.holder(), MaxTries}, &opened)
	if left := opened + CodeLife.Milliseconds() - tx.Now(); found && left > 0 {
		return CodeExhausted, time.Duration(left) * time.Millisecond, err
	}
	return CodeNone, 0, err
}
