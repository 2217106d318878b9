package store

import (
	"errors"

	"crmkit/crm"
)

// The caps of plans. Records that will be deleted by a step of a cascade are still counted,
// but must not use up the plan.

// maxLeavingSearch is how many records a write searches to find room below a cap, because all
// other writes wait for it. If that does not suffice there is room after the steps of the
// delete.
const maxLeavingSearch = 1000

// TakeNumber counts one more of a resource in the workspace, up to the plan's cap, and returns
// its number. Records that will be deleted with a deleted one do not count.
func (tx *Tx) TakeNumber(resource string) (number int64, err error) {
	limit := tx.store.opts.Plans.Cap(tx.Actor.Plan, resource)
	number, err = tx.nextNumber(limit, resource)
	if err != nil || number > 0 {
		return number, err
	}
	more, all, err := tx.countLeaving(limit, resource)
	if err == nil && more > 0 {
		number, err = tx.nextNumber(limit+more, resource)
	}
	switch {
	case err != nil || number > 0:
		return number, err
	case !all:
		return 0, limitReachedForNow(tx.Actor.Plan, limit, resource)
	}
	return 0, LimitReached(tx.Actor.Plan, limit, resource)
}

// countLeaving returns how many of the counted records will be deleted with a deleted one, up
// to the number that makes room for one more. all reports whether it searched all of them.
func (tx *Tx) countLeaving(limit int64, resource string) (more int64, all bool, err error) {
	searches := tx.store.pendingView.LeavingQueries(resource)
	if some, err := tx.hasPendingDeletes(); err != nil || !some || len(searches) == 0 {
		return 0, true, err
	}
	var n int64
	if _, err := tx.Row("SELECT n FROM usage WHERE workspace_id = $1 AND kind = $2", []any{tx.Actor.Workspace, resource}, &n); err != nil {
		return 0, true, err
	}
	wanted := n - limit + 1
	if wanted > maxLeavingSearch {
		return 0, false, nil
	}
	left, found := maxLeavingSearch, map[int64]bool{}
	for _, text := range searches {
		err := tx.Rows(text, []any{tx.Actor.Workspace, left}, func(scan func(...any) error) error {
			var key int64
			var leaves bool
			err := scan(&key, &leaves)
			if left--; leaves {
				found[key] = true
			}
			if err == nil && int64(len(found)) == wanted {
				err = errEnough
			}
			return err
		})
		if err != nil && !errors.Is(err, errEnough) {
			return 0, true, err
		}
		if err != nil || left == 0 {
			break
		}
	}
	return int64(len(found)), left > 0, nil
}

// errEnough ends a search through rows early.
var errEnough = errors.New("enough was found")

// nextNumber counts one more if there are fewer than limit; otherwise number is 0.
func (tx *Tx) nextNumber(limit int64, resource string) (number int64, err error) {
	_, err = tx.Row(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) SELECT $1, $2, 1, 1, $4, 0 WHERE $3 > 0
		ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + 1, n = usage.n + 1,
			latest = CASE WHEN usage.latest < $4 THEN $4 ELSE usage.latest END, astray = usage.astray + CASE WHEN usage.latest > $4 THEN 1 ELSE 0 END
		WHERE usage.n < $3 RETURNING last`,
		[]any{tx.Actor.Workspace, resource, limit, tx.now}, &number)
	return number, err
}

// limitReachedForNow is the error for a cap that is reached until a delete has finished.
func limitReachedForNow(plan string, limit int64, resource string) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d %s and they are all in use; those that are being deleted still count. Send it again in a minute; GET /whoami shows the usage.",
		plan, limit, resource)
}

// LimitReached is the error for a cap of a plan that is reached.
func LimitReached(plan string, limit int64, resource string) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d %s and they are all in use. Do not retry: tell the user. GET /whoami shows the usage.",
		plan, limit, resource)
}
