package trash

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/erase"
	"crmkit/store/undo"
)

// settleTime is how long a restore waits for the steps of the delete.
const settleTime = 5 * time.Second

// call is a restore on its way through its request.
type call struct {
	x       *Endpoints
	rq      *web.Request
	entity  *crm.Entity
	key     int64
	handle  string
	without []string // values that may stay away, since others have them
	seen    undo.Gone
	shown   *render.Bulk // what the last run did
}

// restore answers POST /{kind}/{id}/restore. A record that is there is unchanged. One that was deleted with another
// one comes back with that.
//
// Errors: not_found, part_of_change for a record that was merged or that was deleted with another one,
// purged, already_exists for a unique value that another record has by now, plan_limit_reached, admin_required for an activity
// of another user, not_ready while the delete is not done.
func (x *Endpoints) restore(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return nil, err
	}
	c := &call{x: x, rq: rq, entity: e, key: key, handle: e.HandleOf(key)}
	if fault := c.readWithout(); fault != nil {
		return nil, fault
	}
	if err := c.look(); err != nil {
		return nil, err
	}
	doc, err := rq.Transact(c.run)
	if err == nil && doc.DryRun && c.shown != nil {
		doc.Bulk = c.shown // which says that they are restored, not made
	}
	return doc, err
}

// readWithout reads without=, a list of unique fields.
func (c *call) readWithout() *crm.Error {
	if !c.rq.Params.Has("without") {
		return nil
	}
	allowed := slices.Clone(c.entity.Keys.Items)
	if unique := c.entity.Keys.Unique; unique != "" {
		allowed = append([]string{unique}, allowed...)
	}
	for _, name := range c.rq.Env.Shape.Kind(c.entity).Unique() {
		allowed = append(allowed, declared.Prefix+name)
	}
	for _, name := range strings.Split(c.rq.Params.Get("without"), ",") {
		name = strings.TrimSpace(name)
		if full := declared.Prefix + name; slices.Contains(allowed, full) {
			name = full
		}
		if !slices.Contains(allowed, name) {
			return crm.Errorf(crm.InvalidValue, "without=%s: only values that one %s can have may stay away: %s.", norm.Quote(name), c.entity.Name, strings.Join(allowed, " ")).On("without").Of(name, allowed)
		}
		c.without = append(c.without, name)
	}
	return nil
}

// look reads what the restore would undo, before the transaction: there may be much of it. It waits for a delete that
// is not done.
func (c *call) look() (err error) {
	for _, settle := range []bool{true, false} {
		found := false
		err = c.x.store.Snapshot(c.rq.Context(), func(v *store.ReadTx) (err error) {
			rows := func(text string, args []any, each func(scan func(...any) error) error) error {
				return v.Rows(c.rq.Context(), text, args, each)
			}
			c.seen, found, err = undo.LookAt(rows, c.rq.Actor.Workspace, c.handle)
			return err
		})
		if err != nil || !found || !c.seen.Unsettled || !settle {
			return err
		}
		ctx, cancel := context.WithTimeout(c.rq.Context(), settleTime)
		err := c.x.store.Settle(ctx)
		cancel()
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// run restores in a running transaction.
func (c *call) run(tx *store.Tx) (*render.Response, error) {
	rec, found, err := tx.Visible(c.entity, c.key)
	if err != nil {
		return nil, err
	}
	if found {
		return c.unchanged(rec), nil
	}
	gone, err := c.gone(tx)
	if err != nil {
		return nil, err
	}
	most := gone.Entries
	if most > c.x.AtOnce {
		most = c.x.First
	}
	out, err := undo.Restore(tx, gone, int(most))
	if err != nil {
		return nil, err
	}
	if err := c.refuse(tx, out); err != nil {
		return nil, err
	}
	if out.Next != "" {
		if c.rq.IsLine() {
			return nil, crm.Errorf(crm.InvalidValue, "so many records come back with %s that they cannot all change in a batch; restore it by a request of its own.", c.handle)
		}
		if err := tx.ContinueRestore(out.After, out.Next); err != nil {
			return nil, err
		}
	}
	return c.answer(tx, out, gone.Entries)
}

// gone returns how the record went, as the transaction sees it, or the error for one that cannot come back.
func (c *call) gone(tx *store.Tx) (undo.Gone, error) {
	gone := c.seen
	now, found, err := changelog.DeletionOf(tx.Rows, tx.Actor.Workspace, c.handle)
	if err == nil && found && now.Number != c.seen.Number {
		gone, found, err = undo.LookAt(tx.Rows, tx.Actor.Workspace, c.handle)
	}
	if err != nil {
		return gone, err
	}
	if err := c.refuseDoomed(tx); err != nil {
		return gone, err
	}
	if !found {
		_, err = tx.Fetch(c.entity, c.key) // whose error says why there is none
		return gone, err
	}
	if err := c.x.inTrash(c.rq, gone.Deletion); err != nil {
		return gone, err
	}
	if gone.Unsettled {
		fault := crm.Errorf(crm.NotReady, "the delete of %s is not done yet, since it is about many records. Nothing was restored; send the request again in a minute.", c.handle)
		fault.RetryAfter = time.Minute
		return gone, fault
	}
	if err := c.withParent(tx, gone); err != nil {
		return gone, err
	}
	return gone, tx.MayChange(gone.Record(c.entity, c.key))
}

// refuseDoomed refuses the restore of a record that a purge is erasing.
func (c *call) refuseDoomed(tx *store.Tx) error {
	doomed, err := erase.DoomedIn(tx.Rows, tx.Schema(), tx.Actor.Workspace)
	if err != nil {
		return err
	}
	by, err := doomed.Record(c.handle)
	if err != nil || by == nil {
		return err
	}
	return c.x.inTrash(c.rq, changelog.Deletion{Handle: c.handle, Erased: true})
}

// withParent refuses the restore of a record that was deleted with another one, which is still deleted.
func (c *call) withParent(tx *store.Tx, gone undo.Gone) error {
	if gone.Cause == "" {
		return nil
	}
	parent, found, err := changelog.DeletionOf(tx.Rows, tx.Actor.Workspace, gone.Cause)
	switch {
	case err != nil || !found:
		return err
	case parent.Erased:
		gone.Erased = true
		return c.x.inTrash(c.rq, gone.Deletion)
	case !c.x.store.Trash().Has(parent):
		return nil
	}
	return crm.Errorf(crm.PartOfChange, "%s was deleted with %s, and comes back with it: POST /%s/restore.", c.handle, gone.Cause, c.path(gone.Cause))
}

// path returns the path of a record by its handle.
func (c *call) path(handle string) string {
	kind, id, _ := strings.Cut(handle, "/")
	if e := c.rq.Env.Schema.ByName(kind); e != nil {
		return e.Route() + "/" + id
	}
	return handle
}

// refuse returns the error for a record that could not come back as it was, or nil.
func (c *call) refuse(tx *store.Tx, out undo.Returned) error {
	if out.Result == undo.Restored {
		for _, k := range out.Kept {
			if k.Holder != "" && !slices.Contains(c.without, k.Field) {
				return c.taken(k)
			}
		}
		return nil
	}
	var why []string
	for _, k := range out.Kept {
		text := k.Why
		if k.Field != "" {
			text = k.Field + ": " + text
		}
		if !slices.ContainsFunc(why, func(said string) bool { return strings.HasSuffix(text, said) }) {
			why = append(why, text)
		}
	}
	hint := c.handle + " cannot come back: " + strings.Join(why, "; ") + "."
	for _, ref := range c.missing(tx, out.Kept) {
		hint += " " + ref
	}
	return crm.Errorf(crm.PartOfChange, "%s", hint)
}

// taken is the error for a value that another record has by now.
func (c *call) taken(k undo.Kept) error {
	without := strings.Join(append(slices.Clone(c.without), k.Field), ",")
	hint := fmt.Sprintf("%s of %s is taken: %s. To bring it back without: POST /%s/restore?without=%s.", k.Field, c.handle, k.Why, c.path(c.handle), without)
	if _, _, merges := c.rq.Env.Schema.Journal(c.entity); merges {
		hint += fmt.Sprintf(` If they are one, then merge it: POST /%s/merge {"from":["%s"]}.`, c.path(k.Holder), crm.CutHandle(c.handle))
	}
	return crm.Errorf(crm.AlreadyExists, "%s", hint).On(k.Field)
}

// missing says how the records come back to which the restored one referred, and which are deleted themselves.
func (c *call) missing(tx *store.Tx, kept []undo.Kept) (list []string) {
	for _, k := range kept {
		if f := c.entity.Field(k.Field); f == nil || !f.IsReference() || k.Holder != "" {
			continue
		}
		handle, _, _ := strings.Cut(k.Why, " ")
		d, found, err := changelog.DeletionOf(tx.Rows, tx.Actor.Workspace, handle)
		if err == nil && found && c.x.store.Trash().Has(d) {
			list = append(list, fmt.Sprintf("%s is in the trash: POST /%s/restore first.", handle, c.path(handle)))
		}
	}
	return list
}
