package server

import (
	"errors"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/bulkedit"
	"crmkit/server/purge"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/refusal"
)

// remove answers DELETE on a record, in two calls, since a model may delete what its user did
// not mean. The first call is confirmation_required: it lists what would be deleted, and has a
// token. The second, with the token, deletes, if it deletes and changes exactly what the first
// call would have.
//
// The counts are read after the transaction of the first call: with many references they take
// longer than the writer may.
//
// Errors: not_found, version_conflict for If-Match, admin_required for an activity of another
// user, confirmation_required, plan_stale.
func (s *Server) remove(rq *web.Request) (*render.Response, error) {
	switch purges, err := purge.Wants(rq); {
	case err != nil:
		return nil, err
	case purges:
		return s.purge.Handle(rq)
	}
	e := rq.Route.Entity
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return nil, err
	}
	match, fault := rq.IfMatch()
	if fault != nil {
		return nil, fault
	}
	var rec crm.Record
	doc, err := rq.TransactConfirmed(func(tx *store.Tx) (_ *render.Response, err error) {
		if rec, err = tx.Fetch(e, key); err != nil {
			return nil, err
		}
		if rec.Key != key { // who means to delete a double must not delete the record it is part of
			return nil, bulkedit.NoDouble(e, key, rec.ID)
		}
		if match != 0 && match != rec.Version() {
			return nil, refusal.Conflict(rec, match)
		}
		return removed(rq, tx, rec)
	})
	var offer *web.Offer
	asked := errors.As(err, &offer)
	if !asked && (err != nil || !doc.DryRun) {
		return doc, err
	}
	counts, err := rq.Dependents(rec)
	if err != nil {
		return nil, err
	}
	if asked {
		return offer.Answer(confirmation(rec, counts, offer)), nil
	}
	doc.Remarks = append([]string{"this deletes " + affected(rec, counts)}, doc.Remarks...)
	for _, c := range counts {
		doc.Line.Fields = append(doc.Line.Fields, countFields(c)...)
	}
	return doc, nil
}

// removed deletes a record in a running transaction.
func removed(rq *web.Request, tx *store.Tx, rec crm.Record) (*render.Response, error) {
	doc := deleted(rec.Entity.Name, rec.ID)
	later := false
	n, err := web.EntriesOf(tx, func() (err error) { later, err = tx.Delete(rec); return err })
	if doc.Several = later || n > 1; err != nil || !later {
		return doc, err
	}
	rq.FollowsLater(rec)
	if rq.IsLine() {
		return nil, crm.Errorf(crm.InvalidValue, "so many records refer to %s that they cannot all change in a batch; delete it by a request of its own.", rec.Handle())
	}
	if tx.DryRun() == nil {
		doc.Remarks = append(doc.Remarks, "it is deleted; counts and last times in other records are updated within seconds, since many records referred to it")
	}
	return doc, nil
}

// deleted is the answer to a delete or a revocation, from which a client knows what is gone.
func deleted(kind, id string) *render.Response {
	handle := kind + "/" + id
	return &render.Response{Result: "deleted", Line: &render.Item{Head: "deleted " + handle, Fields: web.Names(handle)}}
}

// confirmation is the answer to a delete that waits for the user's yes. It lists what
// would be deleted with the record, and what would lose a reference to it.
func confirmation(rec crm.Record, counts []crm.Count, offer *web.Offer) *crm.Error {
	what := affected(rec, counts)
	start := "this deletes " + what + "."
	if offer.Sent != "" {
		start = "that confirm token is not valid: it is mistyped, for another request, or over 15 minutes old. This deletes " + what + "."
	}
	err := crm.Errorf(crm.ConfirmationRequired, "%s Ask the user; if the answer is yes, send within 15 minutes: DELETE /%s/%s?confirm=%s", start, rec.Entity.Route(), rec.ID, offer.Report.Confirm)
	err.Record, err.Counts = &rec, counts
	return err
}

// affected says in words what a delete deletes and changes.
func affected(rec crm.Record, counts []crm.Count) string {
	what, unlinked := rec.Handle(), ""
	for _, c := range counts {
		if c.Deleted > 0 {
			what += " and " + c.Of.CountNoun(c.Deleted)
		}
		if c.Unlinked > 0 {
			unlinked += ", " + c.Of.CountNoun(c.Unlinked)
		}
	}
	if unlinked != "" {
		what += ", and clears the reference to it in" + unlinked[1:]
	}
	return what
}

// countFields returns the members of JSON for a count, under the names of the error confirmation_required.
func countFields(c crm.Count) (fields []render.Field) {
	if c.Deleted > 0 {
		fields = append(fields, render.Field{Name: c.Of.Plural, Value: crm.Number(c.Deleted), JSON: true})
	}
	if c.Unlinked > 0 {
		fields = append(fields, render.Field{Name: c.Of.Plural + "_unlinked", Value: crm.Number(c.Unlinked), JSON: true})
	}
	return fields
}
