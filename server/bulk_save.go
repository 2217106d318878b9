package server

import (
	"errors"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/bulkedit"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/refusal"
)

const (
	stepSize    = 500 // records that one transaction links: it takes some 40 ms, for which other writers wait
	maxAttempts = 3   // for a record that changes between the filter and the transaction
)

// candidate is a record that may be linked.
type candidate struct {
	ref      crm.Input
	found    bool  // by the filter; then it is linked only while it matches
	version  int64 // at which it matched
	attempts int
}

// linkRun links many records to one, in steps. Each step is a transaction that reads only the rows of its records,
// because other writers wait for it. The filter runs outside, and a transaction links a record only if its version is
// still the one that matched; otherwise the record is matched again in a later step.
type linkRun struct {
	s    *Server
	rq   *web.Request
	to   parent
	key  int64
	many *bulkLinkRequest
	done linkCounts // of the steps that were committed

	write func(func(*store.Tx) error) error        // runs a step
	end   func(web.Work) (*render.Response, error) // runs the last one
}

// createLinks answers POST of several records below one with that record, and counts the links. Up to stepSize
// are linked together or not at all. More are linked in steps, and if one fails, those before it stay: the same
// request, sent again, does the rest and nothing twice.
//
// Errors: not_found for the record of the path, reference_not_found for one of the body, invalid_filter if the filter
// finds more than maxBulkLinks, not_ready if it takes too long, plan_limit_reached.
func (s *Server) createLinks(rq *web.Request, p parent, key int64, m *bulkLinkRequest) (*render.Response, error) {
	asked, fault := rq.Planning()
	if fault != nil {
		return nil, fault
	}
	if doc, err := rq.SavedAnswer(); doc != nil || err != nil {
		return doc, err
	}
	t := &linkRun{s: s, rq: rq, to: p, key: key, many: m, write: rq.Update, end: rq.Transact}
	if asked.Token != "" {
		return t.confirmed(asked.Token)
	}
	rest, err := t.candidates()
	if err != nil {
		return nil, err
	}
	if len(rest) > stepSize && asked.DryRun {
		return t.preview(rest)
	}
	doc, err := t.run(rest)
	return doc, t.stopped(err)
}

// run links the records.
func (t *linkRun) run(rest []candidate) (*render.Response, error) {
	t.done = linkCounts{}
	none := len(rest) == 0
	for len(rest) > stepSize {
		again, err := t.step(rest[:stepSize])
		if err != nil {
			return nil, err
		}
		rest = slices.Concat(rest[stepSize:], again)
	}
	doc, err := t.last(rest)
	if err == nil && none {
		doc.Remarks = append(doc.Remarks, "the filter matches no "+t.rq.Route.Entity.Target(t.many.foundRef).Name)
	}
	return doc, err
}

// candidates returns the records that the body names and those that its filter finds, all
// from one view. Whatever is wrong with the request is found here, before the first step.
func (t *linkRun) candidates() (list []candidate, err error) {
	if _, err := t.s.store.Record(t.rq.Context(), t.rq.Actor, t.to.entity, t.key); err != nil {
		return nil, err
	}
	for _, ref := range t.many.refs {
		list = append(list, candidate{ref: ref})
	}
	err = t.s.store.View(t.rq.Context(), t.rq.Actor, func(v *store.View) error {
		if err := prepare(v, t.many.question); err != nil {
			return err
		}
		if len(list) > stepSize { // report a wrong id before the first step
			if err := t.present(v, list); err != nil {
				return err
			}
		}
		if t.many.question == nil {
			return nil
		}
		found, err := t.filtered(v)
		list = append(list, found...)
		return err
	})
	if err == nil && len(list) > maxBulkLinks {
		return nil, crm.Errorf(crm.InvalidFilter, "the filter matches more than %d %s, the most that one request links; nothing was saved. Narrow it, for example with created_at=, and send several requests.",
			maxBulkLinks, t.many.question.Entity.Plural).On("filter")
	}
	return list, err
}

// filtered returns the records that the filter finds, one more than allowed at most, by which
// candidates knows that there are too many.
func (t *linkRun) filtered(v *store.View) (list []candidate, err error) {
	keys, err := bulkedit.Keys(v, t.many.question, "filter")
	for _, key := range keys {
		list = append(list, candidate{ref: crm.Input{Field: t.many.foundRef, Value: crm.Key(key)}, found: true})
	}
	return list, err
}

// present returns reference_not_found unless all the records exist.
func (t *linkRun) present(v *store.View, list []candidate) error {
	byField := map[*crm.Field][]int64{}
	for _, c := range list {
		byField[c.ref.Field] = append(byField[c.ref.Field], c.ref.Value.Int)
	}
	for f, keys := range byField {
		to := t.rq.Route.Entity.Target(f)
		versions, err := v.Versions(to, nil, keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if versions[key] == 0 {
				return refusal.NoReference(f, to, key)
			}
		}
	}
	return nil
}

// step links records in a transaction of its own, and returns those to try again.
func (t *linkRun) step(list []candidate) (again []candidate, err error) {
	list, out, err := t.matching(list)
	if err != nil {
		return nil, err
	}
	var saved linkCounts
	err = t.write(func(tx *store.Tx) (err error) {
		saved, err = t.save(tx, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.add(saved)
	for _, c := range saved.again {
		if c.attempts++; c.attempts < maxAttempts {
			again = append(again, c)
		} else {
			out.left++
		}
	}
	t.done.add(out)
	return again, nil
}

// last links the last records, in the transaction that saves the answer under the
// idempotency key. So an answer is replayed only if everything was done.
func (t *linkRun) last(list []candidate) (*render.Response, error) {
	list, out, err := t.matching(list)
	if err != nil {
		return nil, err
	}
	return t.end(func(tx *store.Tx) (*render.Response, error) {
		saved, err := t.save(tx, list)
		if err != nil {
			return nil, err
		}
		rec, err := tx.Fetch(t.to.entity, t.key)
		if err != nil {
			return nil, err
		}
		all := t.done
		all.add(out)
		all.add(saved)
		all.left += len(saved.again)
		doc := single(rec, nil)
		doc.Remarks, doc.Several = t.remarks(all), true
		return doc, nil
	})
}

// matching runs the filter again on the records that it found, and leaves out those that
// no longer match. It notes the version at which a record matches. A step begins with it,
// because seconds may pass between the filter and the last step.
func (t *linkRun) matching(list []candidate) (still []candidate, out linkCounts, err error) {
	var keys []int64
	for _, c := range list {
		if c.found {
			keys = append(keys, c.ref.Value.Int)
		}
	}
	if len(keys) == 0 {
		return list, out, nil
	}
	q := t.many.question
	var versions map[int64]int64
	err = t.s.store.View(t.rq.Context(), t.rq.Actor, func(v *store.View) (err error) {
		versions, err = v.Versions(q.Entity, q, keys)
		return err
	})
	for _, c := range list {
		if c.found {
			if c.version = versions[c.ref.Value.Int]; c.version == 0 {
				out.left++
				continue
			}
		}
		still = append(still, c)
	}
	return still, out, err
}

// save links records in a running transaction. A record that changed since it matched is not linked, but returned to
// be tried again. Linking a record for a second time changes only the fields of the link.
func (t *linkRun) save(tx *store.Tx, list []candidate) (out linkCounts, err error) {
	if _, err := tx.Fetch(t.to.entity, t.key); err != nil {
		return out, err
	}
	e := t.rq.Route.Entity
	to := crm.Input{Field: e.Field(t.to.field), Value: crm.Key(t.key)}
	for _, c := range list {
		if c.found {
			rec, found, err := tx.Lookup(e.Target(c.ref.Field), c.ref.Value.Int)
			if err != nil {
				return out, err
			}
			if !found || rec.Version() != c.version {
				out.again = append(out.again, c)
				continue
			}
		}
		saved, err := tx.Save(store.Draft{Entity: e, Inputs: slices.Concat([]crm.Input{to, c.ref}, t.many.more)})
		if err != nil {
			return out, err
		}
		switch saved.Result {
		case store.Created:
			out.created++
		case store.Updated:
			out.updated++
		default:
			out.unchanged++
		}
	}
	return out, nil
}

// remarks say how many records were linked, and how many left out.
func (t *linkRun) remarks(all linkCounts) []string {
	remark := fmt.Sprintf("%d added, %d were already %s", all.created, all.updated+all.unchanged, t.rq.Route.Entity.Parents.Path)
	if all.updated > 0 {
		remark += fmt.Sprintf(", the %[2]s of %[1]d of these was changed", all.updated, t.many.more[0].Field.Name)
	}
	if all.left == 0 {
		return []string{remark}
	}
	return []string{remark, fmt.Sprintf("%d changed in the meantime and were left out; send the same request again to check them again", all.left)}
}

// stopped adds to the error of a step what the steps before it saved.
func (t *linkRun) stopped(err error) error {
	var known *crm.Error
	before := t.done.created + t.done.updated + t.done.unchanged
	if before == 0 || !errors.As(err, &known) {
		return err
	}
	halfway := *known // the error may be shared
	halfway.Hint += fmt.Sprintf(" The first %d were added. Send the same request again for the rest; it adds nothing twice.", before)
	return &halfway
}
