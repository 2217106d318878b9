package trash

import (
	"fmt"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/view"
)

// list answers GET on a collection with deleted=only.
//
// Errors: those of its parameters, invalid_cursor.
func (x *Endpoints) list(rq *web.Request) (*render.Response, error) {
	q, fault := parse(rq)
	if fault != nil {
		return nil, fault
	}
	q.since(x.store.Trash().Since())
	var part changelog.DeletedPart
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		part, err = v.Deleted(q.ask)
		return err
	})
	if err != nil {
		return nil, err
	}
	return q.answer(part, x.store.Trash()), nil
}

// answer returns the document of a part.
func (q *question) answer(part changelog.DeletedPart, trash changelog.Trash) *render.Response {
	doc := &render.Response{Page: &render.Page{Noun: q.entity.Name, Plural: q.entity.Plural}}
	for _, d := range part.List {
		item := q.item(d)
		item.Millis = q.millis
		doc.Items = append(doc.Items, item)
	}
	if q.cut != "" {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("limit=%s is above the maximum; this page has at most %d", norm.Quote(q.cut), q.ask.Limit))
	}
	doc.Page.After = func(i int) string { return changelog.Cursor(q.rq.Actor.Workspace, part.List[i].Number) }
	if part.More {
		doc.Page.Next = changelog.Cursor(q.rq.Actor.Workspace, part.Cursor)
		if len(part.List) < q.ask.Limit {
			doc.Remarks = append(doc.Remarks, "this page has fewer records than its limit, to stay small and quick; next continues after them")
		}
	}
	switch {
	case q.ask.After != 0:
	case len(part.List) > 0:
		doc.Remarks = append(doc.Remarks, fmt.Sprintf(`POST /%s/{id}/restore brings one back; POST /undo {"change":"chg_…"} all that a change deleted`, q.entity.Route()))
	case part.More:
	case len(q.tests) > 0 || q.ask.Until != 0:
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("no deleted %s match; GET /%s?deleted=only lists all", q.entity.Plural, q.entity.Route()))
	default:
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("no %s were deleted%s", q.entity.Plural, within(trash)))
	}
	return doc
}

// within says for how long deleted records are kept.
func within(trash changelog.Trash) string {
	if trash.Days == 0 {
		return ""
	}
	return fmt.Sprintf(" in the last %d days", trash.Days)
}

// item is a deleted record as answers show it: its fields, and what is known of the delete.
func (q *question) item(d changelog.Deletion) render.Item {
	_, id, _ := strings.Cut(d.Handle, "/")
	key, _ := crm.ParseID(q.entity, q.rq.Actor.Workspace, id)
	item := render.Record(d.Record(q.entity, key), q.fields)
	item.Fields = []render.Field{{Name: deletedAt, Value: crm.Millis(d.At.UnixMilli()), Second: true, Millis: q.millis}, {Name: deletedBy, Value: crm.Str(d.By)},
		{Name: deletedWith, Value: crm.Str(d.Cause)}, {Name: "change", Value: crm.Str(changelog.GroupID(q.rq.Actor.Workspace, d.Group))}}
	return item
}

// fetch answers GET on one record with deleted=only.
//
// Errors: not_found, unknown_field.
func (x *Endpoints) fetch(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return nil, err
	}
	q := &question{rq: rq, entity: e}
	var fault *crm.Error
	if rq.Params.Has("fields") {
		q.fields, fault = rq.Env.ParseFields(e, rq.Params.Get("fields"))
	}
	if rq.Params.Has("times") && fault == nil {
		q.millis, fault = param.Times(rq.Params.Get("times"))
	}
	if fault != nil {
		return nil, fault
	}
	var d changelog.Deletion
	found := false
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		d, found, err = v.DeletionOf(e.HandleOf(key))
		if err == nil && !found {
			rec, failed := v.Record(e, key)
			err = failed
			if err == nil {
				err = there(rec)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := x.inTrash(rq, d); err != nil {
		return nil, err
	}
	item := q.item(d)
	item.Millis = q.millis
	return &render.Response{Line: &item, Remarks: []string{view.Restorable(d, e)}}, nil
}

// there is the error for a record that is not deleted.
func there(rec crm.Record) error {
	return crm.Errorf(crm.NotFound, "%s is not deleted: GET /%s/%s.", rec.Handle(), rec.Entity.Route(), rec.ID)
}

// inTrash returns the error for a record that cannot be restored, or nil.
func (x *Endpoints) inTrash(rq *web.Request, d changelog.Deletion) error {
	trash := x.store.Trash()
	switch {
	case d.Into != "":
		return crm.Errorf(crm.PartOfChange, `%s was merged into %s, so it is not deleted. To make them two records again: POST /undo {"change":"%s"}.`,
			d.Handle, d.Into, changelog.GroupID(rq.Actor.Workspace, d.Group))
	case d.Erased:
		return crm.Errorf(crm.Purged, "%s was erased for good: no restore brings it back, only a backup from before has it.", d.Handle)
	case !trash.Has(d):
		return crm.Errorf(crm.NotFound, "%s was deleted on %s, and deleted records can be restored for %d days only. See GET /audit?target=%s.",
			d.Handle, d.At.UTC().Format(time.DateOnly), trash.Days, crm.CutHandle(d.Handle))
	}
	return nil
}
