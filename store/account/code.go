package account

import (
	"cmp"
	"crmkit/store"
	"time"
)

// CodeLife is how long a mailed code lives, and for how long its tries count.
const CodeLife = 10 * time.Minute

// MaxTries is how many wrong codes an address may try in a window.
const MaxTries = 5

// Code is a mailed code. One is live for a purpose and an address, or, where the network
// that asked for it is named, one for each network.
type Code struct {
	Purpose string
	Email   string
	Network string // that asked for it; empty where the purpose alone says whose it is
	Mailbox string // that the address leads to, where the network is named
	Hash    string
	Long    bool          // too long to be guessed, so that tries need no count
	Life    time.Duration // CodeLife when zero

	Workspace int64 // where it confirms an action; 0: it signs in
}

// holder is the key of the row: no address has a blank in it, so all rows of a mailbox
// lie together, between "ann@acme.com " and "ann@acme.com!".
func (c Code) holder() string {
	if c.Network == "" {
		return c.Email
	}
	return c.Mailbox + " " + c.Network + " " + c.Email
}

// elsewhere are the other live codes of the mailbox: those that other networks asked for, and
// those for its other addresses.
const otherCodes = "purpose = $1 AND email > $2 AND email < $3 AND email <> $4 AND expires_at > $5"

func otherCodesArgs(tx *store.Tx, c Code) []any {
	return []any{c.Purpose, c.Mailbox + " ", c.Mailbox + "!", c.holder(), tx.Now()}
}

// IssueCode puts a new code in the place of the one that was live. The tries of
// the running window stay counted; wait is how long it still runs when none are
// left, and then no code is stored, unless it is a long one.
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

// HasOtherCode reports whether another code of the mailbox lives.
func HasOtherCode(tx *store.Tx, c Code) (bool, error) {
	return tx.Row("SELECT 1 FROM codes WHERE "+otherCodes+" LIMIT 1", otherCodesArgs(tx, c), new(int64))
}

// CodeResult is what became of a try.
type CodeResult int

// The verdicts. Only Wrong tells who guesses anything.
const (
	CodeWrong     CodeResult = iota
	CodeOK                   // and used up: it is right once
	CodeNone                 // none is live
	CodeExhausted            // the window has no tries left; the code was not looked at
)

// TryCode tries a code, of its own network where it names one; a short one costs one of
// the window's tries. wait is how long the window still runs when they are spent.
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

// TryOtherCodes tries the other codes of the mailbox, whose hashes are right for their own
// addresses alone. It counts nothing: the caller does, before.
func TryOtherCodes(tx *store.Tx, c Code) (v CodeResult, err error) {
	n, err := tx.Affect("DELETE FROM codes WHERE "+otherCodes+" AND hash = $6", append(otherCodesArgs(tx, c), c.Hash)...)
	if n > 0 {
		v = CodeOK
	}
	return v, err
}

// checkAttempts returns why a short code was not looked at.
func checkAttempts(tx *store.Tx, c Code) (v CodeResult, wait time.Duration, err error) {
	var opened int64
	found, err := tx.Row("SELECT opened_at FROM codes WHERE purpose = $1 AND email = $2 AND tries >= $3", []any{c.Purpose, c.holder(), MaxTries}, &opened)
	if left := opened + CodeLife.Milliseconds() - tx.Now(); found && left > 0 {
		return CodeExhausted, time.Duration(left) * time.Millisecond, err
	}
	return CodeNone, 0, err
}

// TakeQuota counts one event under a name and reports whether it is within most per
// window; if not, wait says when the window ends.
func TakeQuota(tx *store.Tx, name string, most int64, window time.Duration) (wait time.Duration, err error) {
	n, err := tx.Affect(`INSERT INTO limits (name, n, resets_at) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE
		SET n = CASE WHEN limits.resets_at <= $3 THEN 1 ELSE limits.n + 1 END,
		    resets_at = CASE WHEN limits.resets_at <= $3 THEN $2 ELSE limits.resets_at END
		WHERE limits.resets_at <= $3 OR limits.n < $4`, name, tx.Now()+window.Milliseconds(), tx.Now(), most)
	if err != nil || n > 0 {
		return 0, err
	}
	var resets int64
	_, err = tx.Row("SELECT resets_at FROM limits WHERE name = $1", []any{name}, &resets)
	return time.Duration(max(resets-tx.Now(), 1)) * time.Millisecond, err
}

// QuotaWait returns how long Allow would refuse an event under the name, 0 when it
// would not. It counts nothing.
func QuotaWait(tx *store.Tx, name string, most int64) (wait time.Duration, err error) {
	var resets int64
	found, err := tx.Row("SELECT resets_at FROM limits WHERE name = $1 AND resets_at > $2 AND n >= $3", []any{name, tx.Now(), most}, &resets)
	if !found || err != nil {
		return 0, err
	}
	return time.Duration(resets-tx.Now()) * time.Millisecond, nil
}

// MarkQuota has Spent report an event under the name for so long, whatever was counted.
func MarkQuota(tx *store.Tx, name string, during time.Duration) error {
	return tx.Exec("INSERT INTO limits (name, n, resets_at) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET n = 1, resets_at = $2", name, tx.Now()+during.Milliseconds())
}

// RefundQuota takes back one event that Allow counted under each of the names.
func RefundQuota(tx *store.Tx, names ...string) error {
	for _, name := range names {
		if err := tx.Exec("UPDATE limits SET n = n - 1 WHERE name = $1 AND n > 0", name); err != nil {
			return err
		}
	}
	return nil
}

// ResetQuota forgets what Allow counted under the names.
func ResetQuota(tx *store.Tx, names ...string) error {
	for _, name := range names {
		if err := tx.Exec("DELETE FROM limits WHERE name = $1", name); err != nil {
			return err
		}
	}
	return nil
}

// ConfirmLife is how long a delete waits for its confirmation.
const ConfirmLife = 10 * time.Minute

// SaveConfirmation stores that the actor may delete the target, at this version,
// with the secret whose hash is given.
func SaveConfirmation(tx *store.Tx, hash, target string, version int64) error {
	return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, target, version, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		hash, tx.Actor.Workspace, tx.Actor.User, target, version, tx.Now()+ConfirmLife.Milliseconds())
}

// TakeConfirmation uses up a confirmation of the actor for the target at this
// version and reports whether there was one.
func TakeConfirmation(tx *store.Tx, hash, target string, version int64) (bool, error) {
	n, err := tx.Affect("DELETE FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND target = $4 AND version = $5 AND expires_at > $6",
		hash, tx.Actor.Workspace, tx.Actor.User, target, version, tx.Now())
	return n == 1, err
}
