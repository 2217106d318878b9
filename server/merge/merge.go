// Package merge has the endpoint that makes records a part of another one.
//
// A merge needs a confirmation (package plan): the first call shows what it would do, exactly, and has a
// token. Package store does it, and says for ever where the handles of the merged records lead.
package merge

import (
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// Routes returns the routes of merges.
func Routes(s *store.Store) (rows []web.Route) {
	for _, e := range s.Schema.Entities {
		if row, found := route(s, e); found {
			rows = append(rows, row)
		}
	}
	return rows
}

// route returns the route of merges of an entity. found is false if its records have no log of what
// happened with them, which records a merge.
func route(s *store.Store, e *crm.Entity) (row web.Route, found bool) {
	if _, _, found = s.Schema.Journal(e); !found || e.IsView() {
		return row, false
	}
	h := handler{s}
	return web.Route{Method: "POST", Path: "/" + e.Route() + "/:id/merge", Access: web.Full, Group: e.Plural, Entity: e, Merges: MaxOthers, AsLine: true, Asks: true, IDs: []string{"from", "take"},
		Params: web.PagedParams, Doc: "merge others into it", Handle: h.merge}, true
}

type handler struct{ store *store.Store }

// merge answers POST /{kind}/{id}/merge, in two calls like a delete: the first one is
// confirmation_required and shows what would happen, the second one with the token merges. Records
// that are one already are unchanged, and need no confirmation. How many records refer to the others is
// counted after the transaction of the first call, since many take longer than the writer may.
//
// Errors: those of the body, not_found, version_conflict, invalid_value for a field that the record to
// take it from does not have or a list that becomes too long, confirmation_required, plan_stale.
func (h handler) merge(rq *web.Request) (*render.Response, error) {
	m, err := read(rq)
	if err != nil {
		return nil, err
	}
	var out store.Merged
	doc, err := rq.TransactConfirmed(func(tx *store.Tx) (_ *render.Response, err error) {
		if out, err = tx.Merge(m); err != nil {
			return nil, err
		}
		for _, other := range out.Later {
			rq.FollowsLater(other)
		}
		if len(out.Later) > 0 && rq.IsLine() {
			return nil, crm.Errorf(crm.InvalidValue, "so many records refer to what is merged into %s that they cannot all change in a batch; merge by a request of its own.", out.After.Handle())
		}
		doc := answer(out)
		if tx.DryRun() != nil && len(out.Others) > 0 && !rq.IsLine() {
			doc.Remarks = nil // that would say it is done
		}
		return doc, nil
	})
	var offer *web.Offer
	switch asked := errors.As(err, &offer); {
	case asked && len(out.Others) == 0:
		return answer(out), nil
	case asked:
		moved, err := h.references(rq, out)
		if err != nil {
			return nil, err
		}
		return offer.Answer(confirmation(rq, out, moved, offer)), nil
	case err == nil && doc.DryRun && len(out.Others) > 0:
		moved, err := h.references(rq, out)
		doc.Remarks = append([]string{"this " + effect(out, moved)}, doc.Remarks...)
		return doc, err
	}
	return doc, err
}

// answer returns the document of a merge.
func answer(out store.Merged) *render.Response {
	line := render.Record(out.After, nil)
	doc := &render.Response{Line: &line, Version: out.After.Version(), Result: out.Result, Several: true}
	if out.Result == store.Updated {
		doc.Changed = render.Changes(out.Before, out.After)
	}
	for _, other := range out.Others {
		doc.Remarks = append(doc.Remarks, "merged "+named(other))
	}
	switch {
	case len(out.Later) > 0:
		doc.Remarks = append(doc.Remarks, "the many records that referred to it show this one; counts and last times follow within seconds")
	case len(out.Others) == 0:
		doc.Remarks = append(doc.Remarks, "they are one record already")
	default:
		if moved := listed(without(out.Moved, out.Joined)); moved != "" {
			doc.Remarks = append(doc.Remarks, "moved "+moved)
		}
	}
	if joined := listed(out.Joined); joined != "" {
		doc.Remarks = append(doc.Remarks, "joined "+joined+" to what this one had")
	}
	for i, u := range out.Unkept {
		if i == maxUnkept {
			doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d more have values that are only in the log", len(out.Unkept)-i))
			break
		}
		for _, left := range u.Left {
			doc.Remarks = append(doc.Remarks, fmt.Sprintf("%s keeps %s %s; %s is only in the log", u.Tie.Handle(), left.Name, norm.Quote(u.Tie.Shown(left.Name).Text), norm.Quote(left.Text)))
		}
	}
	return doc
}

// maxUnkept is how many joined records are named of which a value is not kept.
const maxUnkept = 10

// named returns the handle and the label of a record.
func named(rec crm.Record) string {
	return strings.TrimSpace(rec.Handle() + " " + norm.Quote(rec.Value(rec.Entity.LabelField).Text))
}

// listed returns counts in words: "3 activities, 1 deal".
func listed(counts []crm.Count) string {
	var parts []string
	for _, c := range counts {
		if c.Unlinked > 0 {
			parts = append(parts, c.Of.CountNoun(c.Unlinked))
		}
	}
	return strings.Join(parts, ", ")
}

// without returns counts less others.
func without(counts, others []crm.Count) (left []crm.Count) {
	for _, c := range counts {
		for _, other := range others {
			if other.Of == c.Of {
				c.Unlinked -= other.Unlinked
			}
		}
		left = append(left, c)
	}
	return left
}

// references counts the records that refer to those to be merged.
func (h handler) references(rq *web.Request, out store.Merged) (all []crm.Count, err error) {
	byKind := map[*crm.Entity]int{}
	for _, other := range out.Others {
		counts, err := rq.Dependents(other)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			at, known := byKind[c.Of]
			if !known {
				at, all = len(all), append(all, crm.Count{Of: c.Of})
				byKind[c.Of] = at
			}
			all[at].Unlinked += c.Unlinked + c.Deleted
		}
	}
	return all, nil
}

// effect says in words what a merge does.
func effect(out store.Merged, moved []crm.Count) string {
	others := make([]string, len(out.Others))
	for i, other := range out.Others {
		others[i] = named(other)
	}
	what := fmt.Sprintf("merges %s into %s", strings.Join(others, ", "), named(out.Before))
	if changes := render.Changes(out.Before, out.After); len(changes) > 0 {
		what += ": " + string(render.AppendChanges(nil, render.Preview(changes), nil))
	}
	if references := listed(without(moved, out.Joined)); references != "" {
		what += "; moves " + references
	}
	if joined := listed(out.Joined); joined != "" {
		what += "; joins " + joined + " to what it has"
	}
	return what + "; other values go into a note"
}

// confirmation is the answer to a merge that waits for the user's yes.
func confirmation(rq *web.Request, out store.Merged, moved []crm.Count, offer *web.Offer) *crm.Error {
	start := "this "
	if offer.Sent != "" {
		start = "that confirm token is not valid: it is mistyped, for another request, or over 15 minutes old. This "
	}
	e := out.Before.Entity
	fault := crm.Errorf(crm.ConfirmationRequired, "%s%s. Ask the user; if the answer is yes, send the same body within 15 minutes: POST /%s/%s/merge?confirm=%s",
		start, effect(out, moved), e.Route(), out.Before.ID, offer.Report.Confirm)
	fault.Record = &out.Before
	return fault
}
