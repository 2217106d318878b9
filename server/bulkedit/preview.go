package bulkedit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/shape"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/dryrun"
)

// maxMemory is the most bytes that a dry run remembers of the records that it changes.
const maxMemory = 64 << 20

// state is what a plan has besides its receipts.
type state struct {
	Keys   []int64 `json:"keys"`             // of the records, in the order in which they are written
	Failed []int64 `json:"failed,omitempty"` // of those that cannot be written, which are shown first
	Later  later   `json:"later,omitempty"`  // what follows deletes to whose records many refer
}

// trial is what a dry run found.
type trial struct {
	summary
	state    state
	receipts []plan.Receipt
	near     []string // remarks about keys that were probably meant as declared ones
}

// plan returns the plan of a dry run.
func (t *trial) plan() (p plan.Plan, err error) {
	p.Receipts = t.receipts
	p.State, err = json.Marshal(t.state)
	return p, err
}

// preview answers with what the write would do, and with a token for it.
func (r *edit) preview(asked web.Planning) (*render.Response, error) {
	if err := r.checkMerged(); err != nil {
		return nil, err
	}
	keys, err := r.find()
	if err != nil {
		return nil, err
	}
	t, err := r.try(keys)
	if err != nil {
		return nil, err
	}
	if len(t.effects) == 0 {
		return r.nothing(t)
	}
	p, err := t.plan()
	if err != nil {
		return nil, err
	}
	doc := r.report(t)
	if err := r.rq.Offered(doc, p); err != nil {
		return nil, err
	}
	doc.Bulk.Next = r.page.Next(doc.Confirm, t.count(failed)+t.count(store.Updated)+t.count(deleted))
	if asked.DryRun {
		return doc, nil
	}
	doc.Error = r.confirmation(t, doc.Confirm)
	return doc, nil
}

// nothing is the answer if no record would be written.
func (r *edit) nothing(t *trial) (*render.Response, error) {
	if len(t.failures) == 0 {
		remarks := []string{"all that match are as the request wants them; nothing was done"}
		if len(t.state.Keys) == 0 {
			why, err := r.explain()
			if err != nil {
				return nil, err
			}
			remarks = append([]string{"the filters match no " + r.entity.Name + "; nothing was done"}, why...)
		}
		doc := r.report(t)
		doc.Remarks = append(remarks, doc.Remarks...)
		return doc, nil
	}
	fault := t.failures[0].named()
	if n := len(t.state.Keys); n > 1 {
		fault.Hint = fmt.Sprintf("of %s that match %d cannot be written, and no other would change. %s", r.entity.CountNoun(int64(n)), t.count(failed), fault.Hint)
	}
	return nil, fault
}

// explain says why the filters match no record, as an empty list does.
func (r *edit) explain() (why []string, err error) {
	err = r.x.store.View(r.rq.Context(), r.rq.Actor, func(v *store.View) error {
		why, err = r.x.explain(v, r.entity, r.params, r.rq.Env)
		return err
	})
	return why, err
}

// try runs the write of records in steps, and takes it back.
func (r *edit) try(keys []int64) (*trial, error) {
	t := &trial{summary: r.newSummary(), state: state{Keys: keys}}
	run := dryrun.New(maxMemory)
	var all plan.Collector
	var others notChanges
	for at := 0; at < len(keys); {
		var done part
		err := r.rq.DryRunStep(run, func(tx *store.Tx) (err error) {
			done, err = r.write(tx, keys[at:], nil)
			return err
		})
		if errors.Is(err, dryrun.ErrFull) {
			return nil, crm.Errorf(crm.InvalidFilter, "a dry run holds all changes in memory, at most %d bytes, and these are more. Nothing was done; narrow the filters, and send several requests.", maxMemory)
		}
		if err != nil {
			return nil, r.orTooMany(err)
		}
		all.Add(done.changes)
		t.noteNear(r.rq.Env.Shape, done.changes)
		t.add(done)
		t.state.Failed = append(t.state.Failed, done.failed()...)
		others.add(done)
		at += len(done.outcomes)
	}
	counts, err := r.dependents(others.later)
	if err != nil {
		return nil, err
	}
	t.state.Later = laterOf(counts)
	for _, follows := range t.state.Later {
		t.include(follows)
	}
	t.receipts = append(all.Receipts(), others.receipts(counts)...)
	return t, nil
}

// maxNear is how many keys the remarks name.
const maxNear = 5

// noteNear notes keys that were probably meant as declared ones, each once.
func (t *trial) noteNear(rules *shape.Schema, changes []store.Change) {
	for _, c := range changes {
		for _, remark := range rules.Near(c.Before, c.After) {
			if len(t.near) < maxNear && !slices.Contains(t.near, remark) {
				t.near = append(t.near, remark)
			}
		}
	}
}

// notChanges are the outcomes whose receipts are about no change: records that fail, and deleted ones to which so
// many others refer that these change in steps.
type notChanges struct {
	failed []plan.Receipt
	later  []crm.Record
}

func (l *notChanges) add(p part) {
	for _, o := range p.outcomes {
		if o.result == failed {
			l.failed = append(l.failed, plan.Failure(o.rec.Handle(), o.fault))
		}
		if o.later {
			l.later = append(l.later, o.rec)
		}
	}
}

// receipts returns the receipts, given what refers to the deleted records.
func (l *notChanges) receipts(counts map[int64][]crm.Count) []plan.Receipt {
	list := l.failed
	for _, rec := range l.later {
		list = append(list, plan.Counted(rec, counts[rec.Key])...)
	}
	return list
}

// dependents counts what refers to records.
func (r *edit) dependents(list []crm.Record) (map[int64][]crm.Count, error) {
	if len(list) == 0 {
		return nil, nil
	}
	keys := make([]int64, len(list))
	for i, rec := range list {
		keys[i] = rec.Key
	}
	return r.x.store.Dependents(r.rq.Context(), r.rq.Actor, r.entity, keys)
}

// laterOf returns what follows the deletes of records to which others refer.
func laterOf(counts map[int64][]crm.Count) later {
	all := later{}
	for key, list := range counts {
		var follows further
		for _, c := range list {
			follows.follow(c.Of, c.Deleted, c.Unlinked)
		}
		all[key] = follows
	}
	return all
}

// further answers with further effects of a dry run, whose token stays valid. They are tried again: if
// one is not as planned any more, a remark says so.
func (r *edit) further() (*render.Response, error) {
	p, err := r.rq.PlanOfPage(r.page)
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(p.State, &s); err != nil {
		return nil, err
	}
	planned := digests(p.Receipts)
	order := r.shownOrder(s, planned)
	from, to := r.page.Of(len(order))
	t, err := r.try(order[from:to])
	if err != nil {
		return nil, err
	}
	doc := r.report(t)
	doc.Bulk.Counts = []render.Number{{Name: "shown", N: to - from}, {Name: "total", N: len(order)}}
	if different := t.differing(planned, r.handles(order[from:to])); different != "" {
		doc.Remarks = append(doc.Remarks, plan.Differs(different+" changed"))
	}
	doc.DryRun, doc.Confirm, doc.Bulk.Next = true, r.page.Token, r.page.Next(r.page.Token, len(order))
	return doc, nil
}

// shownOrder returns the keys of the records whose effects are shown, in their order: those that fail,
// then those with a receipt.
func (r *edit) shownOrder(s state, planned map[string]string) []int64 {
	order := slices.Clone(s.Failed)
	for _, key := range s.Keys {
		if planned[r.handle(key)] != "" {
			order = append(order, key)
		}
	}
	return order
}

// handle returns the handle of a record.
func (r *edit) handle(key int64) string {
	return r.entity.Name + "/" + crm.RecordID(r.entity.Prefix, key)
}

func (r *edit) handles(keys []int64) (list []string) {
	for _, key := range keys {
		list = append(list, r.handle(key))
	}
	return list
}

// differing names a record that is not treated as the plan says, of those whose effects were tried again and
// those that follow from them; empty: there is none.
func (t *trial) differing(planned map[string]string, tried []string) string {
	seen := map[string]bool{}
	for _, now := range t.receipts {
		if planned[now.Record] != now.Result+now.Digest {
			return now.Record
		}
		seen[now.Record] = true
	}
	for _, handle := range tried {
		if planned[handle] != "" && !seen[handle] {
			return handle
		}
	}
	return ""
}
