package store

import (
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/definition"
	"crmkit/store/refusal"
	"crmkit/store/view"
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
	err = tx.takePlace(resource, func(limit int64) (found bool, err error) {
		number, err = tx.NextNumber(resource, limit)
		return number > 0, err
	})
	return number, err
}

// takePlace has take count one more of a resource, which it does if there are fewer than the limit that it
// is given.
func (tx *Tx) takePlace(resource string, take func(limit int64) (bool, error)) error {
	limit := definition.Cap(tx.store.Schema, resource, tx.store.opts.Plans.Cap(tx.Actor.Plan, resource))
	if tx.unlimited {
		limit = catalog.Unlimited
	}
	taken, err := take(limit)
	if err != nil || taken {
		return err
	}
	more, all, err := tx.countLeaving(limit, resource)
	if err == nil && more > 0 {
		taken, err = take(limit + more)
	}
	switch {
	case err != nil || taken:
		return err
	case !all:
		return refusal.LimitReachedForNow(tx.Actor.Plan, limit, resource)
	}
	if fault := definition.TooMany(tx.store.Schema, resource); fault != nil {
		return fault
	}
	return refusal.LimitReached(tx.Actor.Plan, limit, resource)
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

// Usage is how much of a resource is used, and how much the plan allows.
type Usage = view.Usage

// Usage returns the use of what plans cap.
func (s *Store) Usage(ctx context.Context, actor crm.Actor) ([]Usage, error) {
	return s.Reads.Usage(ctx, actor, s.opts.Plans)
}

// Reserve counts n bytes as stored by the actor's workspace until Release is called with the
// same id, until the file is opened again, and for a day at most, in case the call is never
// made. Above the cap of the plan the error is plan_limit_reached, and nothing is reserved.
// A second call with the same id changes how much is reserved.
func (s *Store) Reserve(ctx context.Context, actor crm.Actor, id string, n int64) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Reserve(id, n) })
}

// Release ends the reservation with the id. There need not be one.
func (s *Store) Release(ctx context.Context, actor crm.Actor, id string) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Release(id) })
}
