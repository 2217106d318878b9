package server

import (
	"errors"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// remove answers DELETE on a record, in two calls, since a model may delete what its user did
// not mean. The first call is confirmation_required: it lists what would be deleted, and has a
// token. The second, with the token, deletes. The token is valid for this version of the record.
//
// The counts are read after the transaction of the first call: with many references they take
// longer than the writer may.
//
// Errors: not_found, version_conflict for If-Match, admin_required for an activity of another
// user, and confirmation_required.
func (s *Server) remove(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return nil, err
	}
	match, fault := rq.IfMatch()
	if fault != nil {
		return nil, fault
	}
	confirm := rq.Params.Get("confirm")
	var rec crm.Record
	var fresh string
	doc, err := rq.Transact(func(tx *store.Tx) (_ *render.Response, err error) {
		if rec, err = tx.Fetch(e, key); err != nil {
			return nil, err
		}
		if match != 0 && match != rec.Version() {
			return nil, store.Conflict(rec, match)
		}
		if err := tx.MayChange(rec); err != nil {
			return nil, err
		}
		var confirmed bool
		if confirmed, fresh, err = s.auth.Confirm(tx, rec, confirm); err != nil {
			return nil, err
		}
		if !confirmed {
			return nil, tx.CommitWithError(errUnconfirmed)
		}
		later, err := tx.Delete(rec)
		doc := deleted(e.Name, rec.ID)
		if later {
			doc.Remarks = append(doc.Remarks, "it is deleted; counts and last times in other records are updated within seconds, since many records referred to it")
		}
		return doc, err
	})
	if !errors.Is(err, errUnconfirmed) {
		return doc, err
	}
	counts, err := s.store.Dependents(rq.Context(), rq.Actor, rec)
	if err != nil {
		return nil, err
	}
	return nil, confirmation(rec, counts, confirmTokens{sent: confirm, next: fresh})
}

// errUnconfirmed ends the transaction of a delete that needs a confirmation first. The
// transaction is committed all the same: it stored the token.
var errUnconfirmed = errors.New("not confirmed")

// deleted is the answer to a delete or a revocation, from which a client knows what is gone.
func deleted(kind, id string) *render.Response {
	handle := kind + "/" + id
	return &render.Response{Result: "deleted", Line: &render.Item{Head: "deleted " + handle, Fields: web.Names(handle)}}
}

// confirmTokens are the token that came with a delete and was not valid, "" if none came,
// and the token that would confirm it now.
type confirmTokens struct{ sent, next string }

// confirmation is the answer to a delete that waits for the user's yes. It lists what
// would be deleted with the record, and what would lose a reference to it.
func confirmation(rec crm.Record, counts []crm.Count, tokens confirmTokens) *crm.Error {
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
	start := "this deletes " + what + "."
	if tokens.sent != "" {
		start = "that confirm token is not valid: it was used, is for another record, is over 10 minutes old, or the record changed since. This deletes " + what + "."
	}
	err := crm.Errorf(crm.ConfirmationRequired, "%s Ask the user; if the answer is yes, send within 10 minutes: DELETE /%s/%s?confirm=%s", start, rec.Entity.Route(), rec.ID, tokens.next)
	err.Confirm, err.Record, err.Counts = tokens.next, &rec, counts
	return err
}
