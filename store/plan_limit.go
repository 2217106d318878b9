package store

import (
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/catalog"
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
	number, err = tx.NextNumber(resource, limit)
	if err != nil || number > 0 {
		return number, err
	}
	more, all, err := tx.countLeaving(limit, resource)
	if err == nil && more > 0 {
		number, err = tx.NextNumber(resource, limit+more)
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

// Usage is how much of a resource is used, and how much the plan allows.
type Usage struct {
	Resource string
	Used     int64
	Limit    int64 // crm.Unlimited for no bound
}

// Usage returns the use of what plans cap: what the actor's workspace holds against its plan,
// and the workspaces that the user made against the user's plan.
func (s *Store) Usage(ctx context.Context, actor crm.Actor) ([]Usage, error) {
	used, err := s.reads.Used(ctx, actor)
	var list []Usage
	for _, e := range s.Schema.Entities {
		if !e.IsView() || e.Name == "member" {
			list = append(list, Usage{e.Plural, used.Kinds[e.Plural], s.opts.Plans.Cap(actor.Plan, e.Plural)})
		}
	}
	list = append(list, Usage{catalog.Storage, used.Kinds[catalog.Storage], s.opts.Plans.Cap(actor.Plan, catalog.Storage)})
	return append(list, Usage{"workspaces", used.Workspaces, s.opts.Plans.Cap(used.UserPlan, "workspaces")}), err
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

// dropReservations ends the reservations of processes that owned the file before. Most leave
// none, and then nothing is written.
func (s *Store) dropReservations(ctx context.Context) {
	var some bool
	err := s.Read(ctx, func(v *ReadTx) error { return v.Row(ctx, "SELECT EXISTS (SELECT 1 FROM reservations)", nil, &some) })
	if err == nil && some {
		err = s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
			return tx.ReleaseBytes("DELETE FROM reservations RETURNING workspace_id, bytes")
		})
	}
	if err != nil {
		s.opts.Log.Warn("reserved storage was not given back; it will be within a day", "error", err)
	}
}
