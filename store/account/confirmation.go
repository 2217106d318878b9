package account

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/engine"
)

// How long a confirmation lives until its request is done, and then its answer.
const (
	ConfirmFor = 15 * time.Minute
	KeepAnswer = 24 * time.Hour
)

// Confirmation is a request of a user in a workspace that a token confirms.
type Confirmation struct {
	Hash    string // of the token
	Request string // what it does: method and path with parameters
	Body    string // the digest of its body; empty: it has none
	Decided string // what was decided when the token was made, in a form of the caller's
	Answer  string // once it is done; empty: it is not
	Running bool   // a run of it is under way, see BeginConfirmation
}

// Confirmations are no part of the storage of a workspace, so a user has only so many in it. Plans of many
// records are large, and only so many of them wait.
const (
	maxConfirmations = 10_000   // that wait, or were done in the last KeepAnswer
	largePlan        = 16 << 10 // bytes from which a plan is large
	maxLargePlans    = 50
)

// ofUser selects the confirmations of a user in a workspace, one more than there may be. An index has them.
const ofUser = "FROM confirmations WHERE workspace_id = $1 AND user_id = $2 LIMIT $3"

// SaveConfirmation stores a confirmation of the actor. The error is rate_limited if the actor has too
// many, or too many large ones wait.
func SaveConfirmation(tx *store.Tx, c Confirmation) error {
	if err := checkConfirmations(tx); err != nil {
		return err
	}
	if len(c.Decided) > largePlan {
		if err := checkLargePlans(tx); err != nil {
			return err
		}
	}
	return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, request, body, decided, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		c.Hash, tx.Actor.Workspace, tx.Actor.User, c.Request, c.Body, c.Decided, tx.Now()+ConfirmFor.Milliseconds())
}

// checkConfirmations counts the confirmations of the actor in the index.
func checkConfirmations(tx *store.Tx) error {
	var n, last int64
	args := []any{tx.Actor.Workspace, tx.Actor.User, maxConfirmations}
	if _, err := tx.Row("SELECT COUNT(*) FROM (SELECT 1 "+ofUser+") few", args, &n); err != nil || n < maxConfirmations {
		return err
	}
	if _, err := tx.Row("SELECT MIN(expires_at) FROM (SELECT expires_at "+ofUser+") few", args, &last); err != nil {
		return err
	}
	fault := crm.Errorf(crm.RateLimited, "%d dry runs wait for their confirmation or were confirmed in the last %d hours, the most that a user may have. Nothing was saved; wait for the time in Retry-After, and write many records with one request: PATCH or DELETE with filters, or POST /batch.",
		n, int(KeepAnswer.Hours()))
	fault.RetryAfter = max(time.Duration(last-tx.Now())*time.Millisecond, time.Second)
	return fault
}

// checkLargePlans counts the large plans that wait among the confirmations of the actor, which are bounded.
func checkLargePlans(tx *store.Tx) error {
	var n, last int64
	_, err := tx.Row("SELECT COUNT(*), COALESCE(MIN(expires_at), 0) FROM (SELECT answer, expires_at, OCTET_LENGTH(decided) AS size "+ofUser+") few WHERE answer IS NULL AND expires_at > $4 AND size > $5",
		[]any{tx.Actor.Workspace, tx.Actor.User, maxConfirmations, tx.Now(), largePlan}, &n, &last)
	if err != nil || n < maxLargePlans {
		return err
	}
	fault := crm.Errorf(crm.RateLimited, "%d dry runs of many records wait for their confirmation, the most that a user may have. Nothing was saved; confirm one of them, or wait for the time in Retry-After.", n)
	fault.RetryAfter = time.Duration(last-tx.Now()) * time.Millisecond
	return fault
}

const (
	confirmationState = "request, body, COALESCE(answer, ''), CASE WHEN runs_until > $4 THEN 1 ELSE 0 END"
	ofConfirmation    = " FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND (expires_at > $4 OR runs_until > $4)"
)

// ConfirmationOf is FindConfirmation in a transaction, in which no other one can use up the token. It does not
// read what was decided, which may be large: other writes wait.
func ConfirmationOf(tx *store.Tx, hash string) (c Confirmation, found bool, err error) {
	c.Hash = hash
	found, err = tx.Row("SELECT "+confirmationState+ofConfirmation, []any{hash, tx.Actor.Workspace, tx.Actor.User, tx.Now()}, &c.Request, &c.Body, &c.Answer, &c.Running)
	return c, found, err
}

// FindConfirmation returns a confirmation of the actor by the hash of its token, done or not.
func FindConfirmation(ctx context.Context, s *store.Store, actor crm.Actor, hash string) (c Confirmation, found bool, err error) {
	c.Hash = hash
	found, err = engine.Found(s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT "+confirmationState+", decided"+ofConfirmation, []any{hash, actor.Workspace, actor.User, s.Now().UnixMilli()}, &c.Request, &c.Body, &c.Answer, &c.Running, &c.Decided)
	}))
	return c, found, err
}

// RunFor is how long a run of a confirmation lasts unless it is renewed: its server may have stopped.
const RunFor = time.Minute

// Run is a server that does what a confirmation is for. Its number tells it from later ones, which
// another server may begin when this one is silent for too long.
type Run struct {
	hash   string
	number int64
}

// BeginConfirmation begins a run of a confirmation of the actor. ok is false if one is under way, or
// it is done.
func BeginConfirmation(tx *store.Tx, hash string) (r Run, ok bool, err error) {
	r.hash = hash
	ok, err = tx.Row(`UPDATE confirmations SET runs = runs + 1, runs_until = $4
		WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND answer IS NULL AND runs_until <= $5 AND expires_at > $5 RETURNING runs`,
		[]any{hash, tx.Actor.Workspace, tx.Actor.User, tx.Now() + RunFor.Milliseconds(), tx.Now()}, &r.number)
	return r, ok, err
}

// IsLast reports whether no other run has begun since. A transaction that is part of a run asks it
// before it writes.
func (r Run) IsLast(tx *store.Tx) (bool, error) {
	var one int
	return tx.Row("SELECT 1 FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND runs = $3", []any{r.hash, tx.Actor.Workspace, r.number}, &one)
}

// Renew notes that the run goes on.
func (r Run) Renew(tx *store.Tx) error { return r.lastUntil(tx, tx.Now()+RunFor.Milliseconds()) }

// End notes that the run is over.
func (r Run) End(tx *store.Tx) error { return r.lastUntil(tx, 0) }

func (r Run) lastUntil(tx *store.Tx, until int64) error {
	return tx.Exec("UPDATE confirmations SET runs_until = $4 WHERE hash = $1 AND workspace_id = $2 AND runs = $3", r.hash, tx.Actor.Workspace, r.number, until)
}

// FinishConfirmation stores the answer of a request that was confirmed and is done. The token
// then only gets this answer, for KeepAnswer. What was decided, which may be large, is needed no more.
func FinishConfirmation(tx *store.Tx, hash, answer string) error {
	return tx.Exec("UPDATE confirmations SET answer = $4, decided = '', expires_at = $5 WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND answer IS NULL",
		hash, tx.Actor.Workspace, tx.Actor.User, answer, tx.Now()+KeepAnswer.Milliseconds())
}

// Progress is how far a request that was confirmed, and takes several transactions, has come.
type Progress struct {
	Place string // in a form of the caller's; empty: nothing was done yet
	Done  bool
}

// placeOf names the row that has the place. It is a row of its own, since that of the confirmation
// may be large, and every transaction writes the place.
func placeOf(hash string) string { return hash + " place" }

// ProgressOf returns how far the request of a confirmation of the actor has come. found is false if the
// token is not valid.
func ProgressOf(tx *store.Tx, hash string) (p Progress, found bool, err error) {
	const text = "SELECT COALESCE(p.decided, ''), CASE WHEN c.answer IS NULL THEN 0 ELSE 1 END FROM confirmations c LEFT JOIN confirmations p ON p.hash = $4 WHERE c.hash = $1 AND c.workspace_id = $2 AND c.user_id = $3 AND c.expires_at > $5"
	found, err = tx.Row(text, []any{hash, tx.Actor.Workspace, tx.Actor.User, placeOf(hash), tx.Now()}, &p.Place, &p.Done)
	return p, found, err
}

// SaveProgress notes how far the request of a confirmation has come. Once it has begun, its token is
// valid for KeepAnswer, so that it can be brought to its end.
func SaveProgress(tx *store.Tx, hash, place string) error {
	until := tx.Now() + KeepAnswer.Milliseconds()
	began, err := tx.Affect("UPDATE confirmations SET decided = $2, expires_at = $3 WHERE hash = $1", placeOf(hash), place, until)
	if err != nil || began > 0 {
		return err
	}
	err = tx.Exec("UPDATE confirmations SET expires_at = $4 WHERE hash = $1 AND workspace_id = $2 AND user_id = $3", hash, tx.Actor.Workspace, tx.Actor.User, until)
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, request, body, decided, expires_at) VALUES ($1, $2, $3, '', '', $4, $5)",
		placeOf(hash), tx.Actor.Workspace, tx.Actor.User, place, until)
}
