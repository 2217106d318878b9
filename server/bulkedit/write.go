package bulkedit

import (
	"errors"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
)

// stepTime is the time after which a step ends if it has not written Endpoints.StepRecords. It is well
// below the 250 ms that others may wait, since the last record and the commit come on top.
const stepTime = 60 * time.Millisecond

// Results of a record, besides those of package store.
const (
	deleted = "deleted"
	failed  = "failed"
	left    = "left" // it is not as planned any more, or gone
)

// outcome is what became of one record.
type outcome struct {
	key    int64
	result string
	rec    crm.Record // as it was before; empty if it could not be read
	change []render.Change
	fault  *crm.Error // of one that failed
	later  bool       // it is deleted, and what refers to it follows
}

// part is what a transaction did.
type part struct {
	outcomes []outcome
	changes  []store.Change
}

// failed returns the keys of the records that failed.
func (p part) failed() (keys []int64) {
	for _, o := range p.outcomes {
		if o.result == failed {
			keys = append(keys, o.key)
		}
	}
	return keys
}

// errLeft takes back the write of a record that is not as planned.
var errLeft = errors.New("the record is not as planned")

// write writes records in a running transaction, in their order, until the time of a step is up. If
// it is a step of a plan, a record that would change otherwise, or matches no more, is left as it is.
func (r *edit) write(tx *store.Tx, keys []int64, s *steps) (p part, err error) {
	until := time.Now().Add(stepTime)
	before, err := tx.Counters()
	if err != nil {
		return p, err
	}
	tx.RecordChanges()
	for _, key := range keys {
		if n := len(p.outcomes); n > 0 && !r.atomic && (n == r.x.StepRecords || time.Now().After(until)) {
			break
		}
		o, err := r.one(tx, key, s)
		if err == nil && r.atomic {
			err = bounded(tx, before.Last)
		}
		if err != nil {
			return p, err
		}
		p.outcomes = append(p.outcomes, o)
	}
	p.changes = tx.Changes()
	return p, nil
}

// errMany ends a transaction that changes more than MaxAtomic records, with those that follow.
var errMany = errors.New("too many records for one transaction")

// bounded returns errMany if a transaction, before which the log ended with an entry, has changed too
// many records. Each change has an entry.
func bounded(tx *store.Tx, logged int64) error {
	now, err := tx.Counters()
	if err == nil && now.Last-logged > MaxAtomic {
		err = errMany
	}
	return err
}

// isMany reports whether a transaction was ended for the number of its records, or for its time, so that
// less of it at once may be done.
func isMany(err error) bool { return errors.Is(err, errMany) || store.TooLong(err) }

// orTooMany returns the error of a client for errMany, and for a write with atomic=1 that took longer
// than a transaction may: another attempt would, too. Else it returns the error.
func (r *edit) orTooMany(err error) error {
	var late *crm.Error
	switch {
	case errors.Is(err, errMany):
		return crm.Errorf(crm.InvalidFilter, "with what follows, more than %d records would change, the most that one request changes with atomic=1. Nothing was done. Narrow the filters, or leave atomic out: then records that fail are named, and the others are saved.", MaxAtomic).On("atomic")
	case r.atomic && store.TooLong(err) && errors.As(err, &late):
		return crm.Errorf(crm.InvalidFilter, "atomic=1 is one write: %s Narrow the filters, or leave atomic out: then records that fail are named, and the others are saved.", late.Hint).On("atomic")
	}
	return err
}

// one writes one record, which must do what the plan says if it is in a step of one.
func (r *edit) one(tx *store.Tx, key int64, s *steps) (o outcome, err error) {
	if s != nil && s.versions[key] == 0 {
		return s.leave(key), nil
	}
	err = tx.Savepoint(func() (err error) {
		before := len(tx.Changes())
		if o, err = r.apply(tx, key); err != nil || s == nil {
			return err
		}
		if !s.allows(o.rec.Handle(), plan.Of(tx.Changes()[before:])) {
			return errLeft
		}
		return nil
	})
	if err == nil {
		return o, nil
	}
	fault, known := r.rq.Known(err)
	if !known && !errors.Is(err, errLeft) {
		return o, err
	}
	o = outcome{key: key, result: failed, fault: fault}
	rec, found, err := tx.Lookup(r.entity, key)
	if o.rec = rec; !found || !known || rec.Key != key {
		o.result = left
	}
	if err == nil && r.atomic && o.result == failed {
		err = o.named()
	}
	return o, err
}

// allows reports whether what a step does to one record is what the plan says: to the record itself exactly that,
// and with a delete nothing to other records that the plan does not have, since nobody was asked about them.
func (s *steps) allows(handle string, receipts []plan.Receipt) bool {
	return !slices.ContainsFunc(receipts, func(now plan.Receipt) bool {
		planned := s.planned[now.Record]
		return now.Record == handle && planned != now.Result+now.Digest || s.draft == nil && planned == ""
	})
}

// leave leaves a record as it is that matches no more, or is gone. If the plan was to do nothing to it,
// it is unchanged.
func (s *steps) leave(key int64) outcome {
	if s.planned[s.handle(key)] == "" && s.draft != nil {
		return outcome{key: key, result: store.Unchanged}
	}
	return outcome{key: key, result: left}
}

// named returns the error of a record for a write that it ends: its hint begins with the handle.
func (o outcome) named() *crm.Error {
	one, handle := *o.fault, o.rec.Handle() // the error may be shared
	if !strings.HasPrefix(one.Hint, handle+" ") {
		one.Hint = handle + ": " + one.Hint
	}
	return &one
}

// apply changes or deletes one record. A record that was merged into another one is left: the other one
// is not in the plan.
func (r *edit) apply(tx *store.Tx, key int64) (o outcome, err error) {
	o.key = key
	if r.draft != nil {
		out, err := tx.Update(key, *r.draft)
		if err != nil {
			return o, err
		}
		if out.Before.Key != key {
			return o, errLeft
		}
		o.result, o.rec = out.Result, out.Before
		if out.Result == store.Updated {
			o.change = render.Changes(out.Before, out.After)
		}
		return o, nil
	}
	rec, err := tx.Fetch(r.entity, key)
	if err != nil {
		return o, err
	}
	if rec.Key != key {
		return o, errLeft
	}
	o.rec, o.result = rec, deleted
	o.later, err = tx.Delete(rec)
	return o, err
}

// digests returns the digests of the receipts of a plan for the records that it is about.
func digests(receipts []plan.Receipt) map[string]string {
	all := make(map[string]string, len(receipts))
	for _, one := range receipts {
		all[one.Record] = one.Result + one.Digest
	}
	return all
}
