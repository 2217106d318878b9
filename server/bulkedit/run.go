package bulkedit

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
)

// maxAttempts is how often records are matched again that somebody changes at that very moment.
const maxAttempts = 3

// errAgain ends a transaction whose records were changed after they were matched.
var errAgain = errors.New("a record was changed after it was matched")

// confirmed does what the dry run of a token has shown.
func (r *edit) confirmed(token string) (*render.Response, error) {
	c := &run{edit: r, token: token}
	var err error
	if c.plan, c.done, err = r.rq.Planned(token); c.done != nil || err != nil {
		return c.done, err
	}
	if err := json.Unmarshal(c.plan.State, &c.state); err != nil {
		return nil, err
	}
	if !r.atomic && (len(c.state.Keys) > r.x.AtOnce || len(c.plan.Receipts) > MaxAtomic) {
		return c.inSteps()
	}
	if c.done, err = c.whole(); isMany(err) && !r.atomic {
		return c.inSteps()
	}
	if store.TooLong(err) { // which is no difference of the plan
		return c.done, r.orTooMany(err)
	}
	return c.done, r.rq.FailsNow(c.plan, r.orTooMany(err))
}

// run is a confirmed write.
type run struct {
	*edit
	token string
	plan  plan.Plan
	state state
	done  *render.Response // the answer, if it is done already

	more      int                   // records that match and are not in the plan
	counts    map[int64][]crm.Count // of what refers to deleted records
	uncounted []crm.Record          // of which that was not known when they were deleted
}

// match notes how many records match that are not planned, and returns those that are planned and
// still match, with their versions.
func (c *run) match() (map[int64]int64, error) {
	keys, err := c.matching()
	if err != nil {
		return nil, err
	}
	planned := make(map[int64]bool, len(c.state.Keys))
	for _, key := range c.state.Keys {
		planned[key] = true
	}
	c.more = 0
	for _, key := range keys {
		if !planned[key] {
			c.more++
		}
	}
	return c.versions(c.state.Keys)
}

// versions returns the versions of the records that match.
func (c *run) versions(keys []int64) (versions map[int64]int64, err error) {
	err = c.x.store.View(c.rq.Context(), c.rq.Actor, func(v *store.View) error {
		versions, err = v.Versions(c.entity, c.query, keys)
		return err
	})
	return versions, err
}

// still returns the planned keys that match, and the differences of those that do not and would have
// been written.
func (c *run) still(versions map[int64]int64) (keys []int64, gone []plan.Difference) {
	planned := digests(c.plan.Receipts)
	for _, key := range c.state.Keys {
		if versions[key] != 0 {
			keys = append(keys, key)
		} else if handle := c.handle(key); planned[handle] != "" {
			gone = append(gone, plan.Left(handle))
		}
	}
	return keys, gone
}

// whole writes all records in one transaction.
func (c *run) whole() (doc *render.Response, err error) {
	c.counts = map[int64][]crm.Count{}
	for attempt := 1; ; attempt++ {
		versions, err := c.match()
		if err != nil {
			return nil, err
		}
		if attempt == maxAttempts {
			versions = anyVersion(versions)
		}
		doc, err = c.rq.TransactLast(c.token, func(tx *store.Tx) (*render.Response, error) { return c.once(tx, versions) })
		if errors.Is(err, errUncounted) {
			err = c.count()
			attempt--
		}
		if err != nil && !errors.Is(err, errAgain) || doc != nil {
			return doc, err
		}
	}
}

// errUncounted ends a transaction that deletes records to which many others refer that are not counted.
var errUncounted = errors.New("what follows is not counted yet")

// count counts what refers to the records that the last attempt deleted.
func (c *run) count() error {
	counts, err := c.dependents(c.uncounted)
	maps.Copy(c.counts, counts)
	return err
}

// anyVersion returns the keys with versions that are not compared.
func anyVersion(versions map[int64]int64) map[int64]int64 {
	for key, version := range versions {
		if version != 0 {
			versions[key] = -1
		}
	}
	return versions
}

// once writes all records in a running transaction, if that is what the plan says.
func (c *run) once(tx *store.Tx, versions map[int64]int64) (*render.Response, error) {
	keys, differences := c.still(versions)
	sum := c.counting(laterOf(c.counts))
	now := trial{state: state{Keys: keys, Later: sum.known}}
	err := tx.Savepoint(func() error {
		all, err := c.writeAll(tx, keys)
		if err != nil {
			return err
		}
		if all.changedSince(versions) {
			return errAgain
		}
		var others notChanges
		if others.add(all); c.isUncounted(others.later) {
			return errUncounted
		}
		sum.add(all)
		now.state.Failed = all.failed()
		now.receipts = append(plan.Of(all.changes), others.receipts(c.counts)...)
		differences = append(differences, plan.Compare(c.unlessGone(differences), now.receipts)...)
		if len(differences) > 0 {
			return errLeft
		}
		return nil
	})
	if errors.Is(err, errLeft) {
		return nil, c.stale(tx, differences, &now)
	}
	if err != nil {
		return nil, err
	}
	g := progress{More: c.more}
	g.add(sum)
	return c.answer(g), nil
}

// isUncounted reports whether what refers to one of the deleted records was not counted.
func (c *run) isUncounted(later []crm.Record) bool {
	c.uncounted = slices.DeleteFunc(slices.Clone(later), func(rec crm.Record) bool { return c.counts[rec.Key] != nil })
	return len(c.uncounted) > 0
}

// writeAll writes records in a running transaction. The error is errMany if with those that follow they are
// more than one transaction may write.
func (c *run) writeAll(tx *store.Tx, keys []int64) (all part, err error) {
	before, err := tx.Counters()
	for len(all.outcomes) < len(keys) && err == nil {
		var p part
		if p, err = c.write(tx, keys[len(all.outcomes):], nil); err == nil {
			err = bounded(tx, before.Last)
		}
		all.outcomes, all.changes = append(all.outcomes, p.outcomes...), append(all.changes, p.changes...)
	}
	return all, err
}

// changedSince reports whether a record was changed after its version was read, so that the filters may
// not find it any more.
func (p part) changedSince(versions map[int64]int64) bool {
	return slices.ContainsFunc(p.outcomes, func(o outcome) bool {
		version := versions[o.key]
		return version > 0 && o.rec.Key != 0 && o.rec.Version() != version && o.result != failed
	})
}

// unlessGone returns the planned receipts without those of records that do not match any more, of which
// the differences say so.
func (c *run) unlessGone(gone []plan.Difference) []plan.Receipt {
	if len(gone) == 0 {
		return c.plan.Receipts
	}
	names := map[string]bool{}
	for _, d := range gone {
		names[d.Record] = true
	}
	return slices.DeleteFunc(slices.Clone(c.plan.Receipts), func(one plan.Receipt) bool { return names[one.Handle()] })
}

// counting returns a summary of a write in earnest. What follows a delete is counted before its transaction:
// after it has begun, it cannot be counted any more.
func (c *run) counting(known later) summary {
	sum := c.newSummary()
	if sum.known = known; known == nil {
		sum.known = later{}
	}
	return sum
}

// stale ends a transaction with plan_stale and a token for what would be done now.
func (c *run) stale(tx *store.Tx, differences []plan.Difference, now *trial) error {
	p, err := now.plan()
	if err != nil {
		return err
	}
	fault, err := c.rq.Stale(tx, differences, p)
	if err != nil {
		return err
	}
	return tx.CommitWithError(fault)
}
