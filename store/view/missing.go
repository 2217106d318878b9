package view

import (
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
)

// LastNumber reads the highest number given to a kind in a workspace.
const LastNumber = "SELECT last FROM usage WHERE workspace_id = $1 AND kind = $2"

// Absent is a record that is not there: it was deleted, or its number was never given out.
type Absent struct {
	Workspace int64
	Entity    *crm.Entity
	Key       int64
	Trash     changelog.Trash
}

// Error returns the error not_found for the record, which says how it comes back if it was deleted lately.
func (a Absent) Error(rows changelog.Rows) error {
	e, id, last := a.Entity, crm.RecordID(a.Entity.Prefix, a.Key), int64(0)
	err := rows(LastNumber, []any{a.Workspace, e.Plural}, func(scan func(...any) error) error { return scan(&last) })
	if err != nil {
		return err
	}
	if crm.RecordNumber(a.Key) > last {
		return crm.Errorf(crm.NotFound, "there is no %s %s and there never was. Find one with GET /%s?search=<words>.", e.Name, id, e.Route())
	}
	d, found, err := changelog.DeletionOf(rows, a.Workspace, e.HandleOf(a.Key))
	if err != nil {
		return err
	}
	if found && d.Erased {
		return crm.Errorf(crm.NotFound, "there is no %s %s: it was erased for good. GET /audit?target=%s shows when, and by whom.", e.Name, id, id)
	}
	if !found || !a.Trash.Has(d) {
		return crm.Errorf(crm.NotFound, "there is no %s %s: it was deleted. Find another with GET /%s?search=<words>, or see GET /audit?target=%s.", e.Name, id, e.Route(), id)
	}
	return crm.Errorf(crm.NotFound, "there is no %s %s: %s. GET /%s/%s?deleted=only shows it.", e.Name, id, Restorable(d, e), e.Route(), id)
}

// Restorable says in words who deleted a record of a kind, and how it comes back.
func Restorable(d changelog.Deletion, e *crm.Entity) string {
	how := "it was deleted"
	if d.By != "" {
		how = norm.Quote(d.By) + " deleted it"
	}
	how += " on " + d.At.UTC().Format(time.DateOnly)
	if d.Cause == "" {
		return how + ". POST /" + e.Route() + "/" + crm.CutHandle(d.Handle) + "/restore brings it back"
	}
	return how + " with " + d.Cause + ", with which it comes back: POST /" + routeOf(e, d.Cause) + "/restore"
}

// routeOf returns the path of a record to which records of a kind refer.
func routeOf(e *crm.Entity, handle string) string {
	for i := range e.Fields {
		to := e.Target(&e.Fields[i])
		if to == nil {
			continue
		}
		if id, is := strings.CutPrefix(handle, to.Name+"/"); is {
			return to.Route() + "/" + id
		}
	}
	return handle // which is a path too
}

// NotFoundAfterMerge is the error for an id that leads to another record, which is not there any more.
func NotFoundAfterMerge(e *crm.Entity, key, winner int64) error {
	id, to := crm.RecordID(e.Prefix, key), crm.RecordID(e.Prefix, winner)
	return crm.Errorf(crm.NotFound, "there is no %s %s: it was merged into %s, which was deleted. Find another with GET /%s?search=<words>, or see GET /audit?target=%s.",
		e.Name, id, to, e.Route(), to)
}
