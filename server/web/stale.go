package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/changelog"
)

// present returns the record with a handle as it is; nil if it is not there.
func (rq *Request) present(tx *store.Tx, handle string) (*crm.Record, error) {
	kind, id, is := strings.Cut(handle, "/")
	e := rq.adapter.schema.ByName(kind)
	if !is || e == nil {
		return nil, nil
	}
	key, wrong := crm.ParseID(e, tx.Actor.Workspace, id)
	if wrong != crm.IDOK {
		return nil, nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil {
		return nil, err
	}
	return &rec, nil
}

// done are the actions of the log as verbs of the past.
var done = map[string]string{"create": "created", "update": "changed", "delete": "deleted", "merge": "merged", "restore": "restored"}

// Stale returns the error for a plan that does not hold any more, with a token for what would be
// done now.
func (rq *Request) Stale(tx *store.Tx, differences []plan.Difference, now plan.Plan) (*crm.Error, error) {
	token, err := rq.Offer(tx, now)
	if err != nil {
		return nil, err
	}
	first := differences[0]
	what := first.Text(rq.Actor.Zone)
	last, found, err := changelog.LastOf(tx.Rows, tx.Actor.Workspace, first.Handle(), first.Field)
	if err != nil {
		return nil, err
	}
	if found {
		what += fmt.Sprintf("; %s %s it", cmp.Or(last.By, "the server"), done[last.Action])
	}
	what += plan.Others(differences[1:], rq.Actor.Zone)
	fault := crm.Errorf(crm.PlanStale, "the plan does not hold any more: %s. Nothing was saved. If that is right, repeat with confirm=%s; to see all of it first, with dry_run=1.", what, token).On(first.Field)
	fault.Confirm = token
	fault.Record, err = rq.present(tx, first.Handle())
	return fault, err
}

// ErrFailsNow is in the error of a confirmed write that fails with an error which its handler makes the answer of.
var ErrFailsNow = errors.New("the plan fails now")

// FailsNow returns the error of a confirmed write that fails before or between its transactions: that of
// plan.FailsNow, with who caused it. Errors that are not about the write itself stay as they are, such as that of a
// server which is stopped.
func (rq *Request) FailsNow(p plan.Plan, err error) error {
	if _, is := failsNow(err); !is {
		return err
	}
	return rq.Update(func(tx *store.Tx) error { return rq.staleBy(tx, p, err) })
}

// failsNow returns the error of a plan that fails with an error. is is false if the error is not about the write.
func failsNow(err error) (stale *crm.Error, is bool) {
	var fault *crm.Error
	switch {
	case !errors.As(err, &fault), store.TooLong(err), errors.Is(err, errNotValid), fault.RetryAfter > 0:
		return nil, false
	case slices.Contains([]crm.Code{crm.NotReady, crm.Internal, crm.PlanStale}, fault.Code):
		return nil, false
	}
	return plan.FailsNow(fault), true
}

// staleBy is FailsNow in a transaction. It says who deleted a record of the plan, or wrote the one that the error
// shows.
func (rq *Request) staleBy(tx *store.Tx, p plan.Plan, err error) error {
	stale, is := failsNow(err)
	if !is {
		return err
	}
	for _, handle := range p.Suspects(rq.adapter.schema, stale) {
		last, found, err := changelog.LastOf(tx.Rows, tx.Actor.Workspace, handle, "")
		if err != nil {
			return err
		}
		if !found || stale.Record == nil && last.Action != "delete" && last.Action != "merge" {
			continue
		}
		who := fmt.Sprintf(" %s %s %s.", cmp.Or(last.By, "the server"), done[last.Action], handle)
		if stale.Hint += who; stale.Tools != "" {
			stale.Tools += who
		}
		break
	}
	return stale
}
