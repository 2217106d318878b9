package account

import (
	"time"

	"crmkit/store"
)

// TakeQuota counts one event under a name. If that exceeds the limit per window, wait is the
// time until the window ends; otherwise it is 0.
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

// QuotaWait returns how long TakeQuota would refuse an event under the name, or 0. It does not
// count an event.
func QuotaWait(tx *store.Tx, name string, most int64) (wait time.Duration, err error) {
	var resets int64
	found, err := tx.Row("SELECT resets_at FROM limits WHERE name = $1 AND resets_at > $2 AND n >= $3", []any{name, tx.Now(), most}, &resets)
	if !found || err != nil {
		return 0, err
	}
	return time.Duration(resets-tx.Now()) * time.Millisecond, nil
}

// MarkQuota makes QuotaWait report an event under the name for the given time, whatever was
// counted before.
func MarkQuota(tx *store.Tx, name string, during time.Duration) error {
	return tx.Exec("INSERT INTO limits (name, n, resets_at) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET n = 1, resets_at = $2", name, tx.Now()+during.Milliseconds())
}

// RefundQuota takes back one event that TakeQuota counted under each of the names.
func RefundQuota(tx *store.Tx, names ...string) error {
	for _, name := range names {
		if err := tx.Exec("UPDATE limits SET n = n - 1 WHERE name = $1 AND n > 0", name); err != nil {
			return err
		}
	}
	return nil
}

// ResetQuota deletes the counts of TakeQuota under the names.
func ResetQuota(tx *store.Tx, names ...string) error {
	for _, name := range names {
		if err := tx.Exec("DELETE FROM limits WHERE name = $1", name); err != nil {
			return err
		}
	}
	return nil
}
