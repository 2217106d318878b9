package bulkedit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
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
	doc, err := r.rq.Offered(r.report(t), p)
	if err != nil {
		return nil, err
	}
	if t.count(failed)+t.count(store.Updated)+t.count(deleted) > r.limit {
		doc.Bulk.Next = cursorAt(doc.Confirm, r.limit)
	}
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
		t.add(done)
		t.state.Failed = append(t.state.Failed, done.failed()...)
		at += len(done.outcomes)
	}
	t.receipts = all.Receipts()
	return t, r.countLater(t)
}

// countLater counts what follows the delete of records to which so many others refer that these
// change after it.
func (r *edit) countLater(t *trial) error {
	t.state.Later = later{}
	for _, rec := range t.later {
		var follows further
		counts, err := r.x.store.Dependents(r.rq.Context(), r.rq.Actor, rec)
		if err != nil {
			return err
		}
		for _, c := range counts {
			follows.follow(c.Of, c.Deleted, c.Unlinked)
		}
		t.state.Later[rec.Key] = follows
		t.include(follows)
	}
	return nil
}

// A cursor of a dry run is its token and how many effects were shown, with a dot between them.

func cursorAt(token string, at int) string { return token + "." + strconv.Itoa(at) }

// page answers with further effects of a dry run, whose token stays valid. They are tried again: if
// one is not as planned any more, a remark says so.
func (r *edit) page(cursor string) (*render.Response, error) {
	token, from, _ := strings.Cut(cursor, ".")
	at, err := strconv.Atoi(from)
	if err != nil || at < 0 {
		return nil, crm.Errorf(crm.InvalidCursor, "cursor=%s is not one of a dry run: send the one of its answer.", norm.Quote(cursor)).On("cursor")
	}
	p, s, err := r.planOf(token)
	if err != nil {
		return nil, err
	}
	planned := digests(p.Receipts)
	order := r.shownOrder(s, planned)
	page := order[min(at, len(order)):min(at+r.limit, len(order))]
	t, err := r.try(page)
	if err != nil {
		return nil, err
	}
	doc := r.report(t)
	doc.Bulk.Counts = []render.Number{{Name: "shown", N: len(page)}, {Name: "total", N: len(order)}}
	if different := t.differing(planned); different != "" {
		doc.Remarks = append(doc.Remarks, different+" changed since the dry run, so confirm= would be refused; repeat the dry run without cursor")
	}
	doc.DryRun, doc.Confirm = true, token
	if at+r.limit < len(order) {
		doc.Bulk.Next = cursorAt(token, at+r.limit)
	}
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

// differing names a record whose receipt is not that of the plan; empty: there is none.
func (t *trial) differing(planned map[string]string) string {
	for _, now := range t.receipts {
		if before, is := planned[now.Record]; is && before != now.Result+now.Digest {
			return now.Record
		}
	}
	return ""
}

// planOf returns the plan of a token of this request.
func (r *edit) planOf(token string) (p plan.Plan, s state, err error) {
	err = r.rq.Update(func(tx *store.Tx) error {
		var done *render.Response
		p, done, err = r.rq.Confirmed(tx, token)
		if err == nil && done != nil {
			err = crm.Errorf(crm.InvalidCursor, "what this dry run showed is done already. Begin a new one without cursor.").On("cursor")
		}
		return err
	})
	if err != nil {
		return p, s, err
	}
	return p, s, json.Unmarshal(p.State, &s)
}
