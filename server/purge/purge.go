// Package purge answers DELETE /contacts/{id}?purge=1, which erases a record for good, for each kind of
// record. Package erase says what that is. It needs an admin, and a code that is mailed: nothing brings
// back what was erased.
//
// The first transaction deletes the record, if it is there, and erases the end of its history, so that no undo
// brings it back from then on. The rest is done in steps in the background. The answer waits for it for some
// seconds.
package purge

import (
	"context"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/bulkedit"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/erase"
	"crmkit/store/refusal"
)

// Options are what the endpoint needs.
type Options struct {
	Store   *store.Store
	Auth    *auth.Auth
	Backups func() []string       // names of the copies of the database that the server knows; nil: it knows none
	Forget  func(workspace int64) // drops files of a workspace that wait for a confirmation on this server
}

// Endpoint purges records.
type Endpoint struct{ opts Options }

// New returns the endpoint of a store.
func New(opts Options) *Endpoint { return &Endpoint{opts} }

// Params are the parameters of a delete that are for a purge.
var Params = []string{"purge", "code"}

// call is a request to purge a record.
type call struct {
	x      *Endpoint
	rq     *web.Request
	target erase.Target
	match  int64 // the version that the record must have; 0: any
	code   string
	rec    crm.Record // as it is, or as it was when it was deleted
	inUse  bool       // it is not in the trash
}

// Wants reports whether a request to delete a record asks for a purge.
func Wants(rq *web.Request) (bool, error) {
	wants, fault := rq.IsOn("purge")
	switch {
	case fault != nil:
		return false, fault
	case !wants && rq.Params.Has("code"):
		return false, crm.Errorf(crm.InvalidValue, "a delete takes no code, since the record can be brought back; code= is for a purge, with purge=1.").On("code")
	}
	return wants, nil
}

// Handle answers a request that purges the record of its path.
//
// Errors: admin_required, escalation_required, invalid_code, not_found, purged, version_conflict.
func (x *Endpoint) Handle(rq *web.Request) (*render.Response, error) {
	c := &call{x: x, rq: rq, target: erase.Target{Entity: rq.Route.Entity}}
	var err error
	if c.target.Key, err = rq.Key(c.target.Entity, rq.RecordID); err != nil {
		return nil, err
	}
	match, fault := rq.IfMatch()
	if fault != nil {
		return nil, fault
	}
	c.match = match
	if c.code, err = StepUpCode(rq); err != nil {
		return nil, err
	}
	dry, fault := rq.IsOn("dry_run")
	switch {
	case fault != nil:
		return nil, fault
	case rq.IsLine():
		return nil, crm.Errorf(crm.InvalidValue, "a purge is no line of a batch: it needs a code of its own. Send DELETE /%s/%s?purge=1 by itself.", c.target.Entity.Route(), crm.CutHandle(c.target.Handle())).On("purge")
	case rq.Params.Has("confirm"):
		return nil, crm.Errorf(crm.InvalidValue, "a purge is confirmed by the code that is mailed, not by confirm=. Leave confirm out.").On("confirm")
	case rq.Params.Has("cursor") || rq.Params.Has("limit"):
		return nil, crm.Errorf(crm.InvalidValue, "a purge has no pages: leave limit and cursor out.").On("limit")
	case dry:
		return c.preview()
	}
	return c.purge()
}

// permitted refuses those who are no admins.
func (c *call) permitted(role string) error {
	if role == crm.RoleAdmin {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "only an admin may erase a record for good. A delete without purge=1 puts it into the trash, from which it can be restored.")
}

// find finds the record, in use or in the trash. Rows reads what is stored.
func (c *call) find(tx *store.Tx) error {
	e, key := c.target.Entity, c.target.Key
	rec, found, err := tx.Visible(e, key)
	if err != nil {
		return err
	}
	if c.rec, c.inUse = rec, found; !found {
		if err := c.inTrash(tx); err != nil {
			return err
		}
	}
	if c.match != 0 && c.match != c.rec.Version() {
		return refusal.Conflict(c.rec, c.match)
	}
	return nil
}

// inTrash finds the record in the trash.
func (c *call) inTrash(tx *store.Tx) error {
	e, key := c.target.Entity, c.target.Key
	st, err := erase.StateOf(tx.Rows, c.target)
	if err != nil {
		return err
	}
	doomed, err := erase.DoomedIn(tx.Rows, tx.Schema(), tx.Actor.Workspace)
	if err != nil {
		return err
	}
	if by, err := doomed.Record(c.target.Handle()); err != nil {
		return err
	} else if by != nil {
		st.Erased, st.Erasure = true, *by
	}
	switch {
	case st.Erased:
		return st.Purged(c.target)
	case st.Record.Entity != nil:
		c.rec = st.Record
		return nil
	}
	rec, err := tx.Fetch(e, key)
	if err != nil {
		return err
	}
	return bulkedit.NoDouble(e, key, rec.ID)
}

// label returns the name of the record for people.
func (c *call) label() string {
	name := ""
	if field := c.target.Entity.LabelField; field != "" {
		name = c.rec.Value(field).Text
	}
	if name == "" {
		return c.target.Handle()
	}
	if long := []rune(name); len(long) > maxLabel {
		name = string(long[:maxLabel]) + "…"
	}
	return c.target.Handle() + " " + norm.Quote(name)
}

// maxLabel is the most characters of the name of a record in a mail.
const maxLabel = 80

// purge erases the record in earnest.
func (c *call) purge() (*render.Response, error) {
	if err := c.permitted(c.rq.Actor.Role); err != nil {
		return nil, err
	}
	doc, err := c.rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		if err := c.permitted(tx.Actor.Role); err != nil {
			return nil, err
		}
		if err := c.find(tx); err != nil {
			return nil, err
		}
		what := auth.SensitiveAction{Action: "record.purge", Target: c.target.Handle(), Does: "erase " + c.label() + " for good, with its history, in"}
		if err := c.x.opts.Auth.StepUp(tx, what, c.code); err != nil {
			return nil, err
		}
		rec := c.rec
		if !c.inUse {
			rec = crm.Record{}
		}
		if err := tx.Purge(c.target, rec); err != nil {
			return nil, err
		}
		doc := c.answer()
		doc.Remarks = append(doc.Remarks, c.backups()...)
		return doc, nil
	})
	if err != nil || doc.Raw != nil { // it was done before
		return doc, err
	}
	if forget := c.x.opts.Forget; forget != nil {
		forget(c.rq.Actor.Workspace)
	}
	doc.Remarks = append(c.await(), doc.Remarks...)
	return doc, nil
}

// How long an answer waits for the steps.
const (
	patience = 4 * time.Second
	pollTime = 20 * time.Millisecond
)

// await waits until the steps are done. If that takes longer it returns a remark that says so.
func (c *call) await() []string {
	ctx, cancel := context.WithTimeout(c.rq.Context(), patience)
	defer cancel()
	for {
		left, err := c.phase(ctx)
		switch {
		case err == nil && left == "":
			return nil
		case err == nil && ctx.Err() == nil:
		default:
			if left == "" {
				left = "its history is erased in steps, which go on by themselves"
			}
			return []string{left}
		}
		select {
		case <-time.After(pollTime):
		case <-ctx.Done():
			return []string{left}
		}
	}
}

// phase says what is left to be done; empty: nothing.
func (c *call) phase(ctx context.Context) (left string, err error) {
	err = c.x.opts.Store.Read(ctx, func(v *store.ReadTx) error {
		left, err = erase.LeftOf(rowsOf(ctx, v), c.target)
		return err
	})
	return left, err
}
