package view

import "crmkit/crm"

// LastNumber reads the highest number given to a kind in a workspace.
const LastNumber = "SELECT last FROM usage WHERE workspace_id = $1 AND kind = $2"

// NotFound is the error for an id that belongs to the workspace but to no record: the
// record was deleted, or its number was never given out.
func NotFound(e *crm.Entity, key, last int64) error {
	id := crm.RecordID(e.Prefix, key)
	if crm.RecordNumber(key) > last {
		return crm.Errorf(crm.NotFound, "there is no %s %s and there never was. Find one with GET /%s?search=<words>.", e.Name, id, e.Route())
	}
	return crm.Errorf(crm.NotFound, "there is no %s %s: it was deleted. Find another with GET /%s?search=<words>, or see GET /audit?target=%s.",
		e.Name, id, e.Route(), id)
}

// NotFoundAfterMerge is the error for an id that leads to another record, which is not there any more.
func NotFoundAfterMerge(e *crm.Entity, key, winner int64) error {
	id, to := crm.RecordID(e.Prefix, key), crm.RecordID(e.Prefix, winner)
	return crm.Errorf(crm.NotFound, "there is no %s %s: it was merged into %s, which was deleted. Find another with GET /%s?search=<words>, or see GET /audit?target=%s.",
		e.Name, id, to, e.Route(), to)
}
