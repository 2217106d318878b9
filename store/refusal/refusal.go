// Package refusal has the errors of values that a write refuses.
package refusal

import (
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// NoReference is the error for a reference to a record that does not exist.
func NoReference(f *crm.Field, to *crm.Entity, key int64) *crm.Error {
	return crm.Errorf(crm.ReferenceNotFound, "%s: there is no %s %s here, it may have been deleted. Find one with GET /%s?search=<words>, or create it with POST /%s.",
		f.Name, to.Name, crm.RecordID(to.Prefix, key), to.Route(), to.Route()).On(f.Name)
}

// Conflict is the error for a record that is not at the version a client expects; it carries
// the current record.
func Conflict(rec crm.Record, want int64) error {
	err := crm.Errorf(crm.VersionConflict, "%s is at version %d, not %d: it changed meanwhile. Decide on the record below, then repeat with its version.",
		rec.Handle(), rec.Version(), want)
	err.Record = &rec
	return err
}

// Taken is the error for a value of a field that belongs to the record with the key.
func Taken(e *crm.Entity, key int64, name, value string) error {
	return crm.Errorf(crm.AlreadyExists, "%s=%s belongs to %s. Update that record with PATCH /%s/%s, or send another %s.",
		name, norm.Quote(value), e.HandleOf(key), e.Route(), crm.RecordID(e.Prefix, key), name).On(name).
		ForRow("%s=%s belongs to %s. Give the row another %s, or none.", name, norm.Quote(value), e.HandleOf(key), name)
}

// Two is the error for a draft whose values lead to two records, given these and what leads to each. If they are one,
// a merge makes them one; records without a log cannot be merged.
func Two(schema *crm.Schema, e *crm.Entity, keys [2]int64, by [2]string) *crm.Error {
	found := fmt.Sprintf("%s leads to %s, and %s to %s: these are two records.", by[0], e.HandleOf(keys[0]), by[1], e.HandleOf(keys[1]))
	hint := found + " Send the values of one of them."
	if _, _, merges := schema.Journal(e); merges {
		hint += fmt.Sprintf(` If they are one, merge them first: POST /%s/%s/merge {"from":["%s"]}.`, e.Route(), crm.RecordID(e.Prefix, keys[0]), crm.RecordID(e.Prefix, keys[1]))
	}
	return crm.Errorf(crm.AlreadyExists, "%s", hint).ForRow("%s Give the row the values of one of them.", found)
}

// Restoring is the error for the delete of a record that is not restored with all that belongs to it yet: what has
// not followed would stay deleted.
func Restoring(handle string) error {
	fault := crm.Errorf(crm.NotReady, "%s is being restored with many records, which is not done yet. Nothing was deleted; send the request again in a minute.", handle)
	fault.RetryAfter = time.Minute
	return fault
}

// LimitReached is the error for a cap of a plan that is reached.
func LimitReached(plan string, limit int64, resource string) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d %s and they are all in use. Do not retry: tell the user. GET /whoami shows the usage.",
		plan, limit, resource)
}

// LimitReachedForNow is the error for a cap that is reached until a delete has finished.
func LimitReachedForNow(plan string, limit int64, resource string) error {
	return crm.Errorf(crm.PlanLimitReached, "the plan %s allows %d %s and they are all in use; those that are being deleted still count. Send it again in a minute; GET /whoami shows the usage.",
		plan, limit, resource)
}

// Main is the error for a tie that a record needs, since its main reference leads where the tie does.
func Main(rec, tie crm.Record) error {
	l := rec.Entity.MainLink()
	other := l.End.HandleOf(tie.Value(l.To).Int)
	return crm.Errorf(crm.InUse, "%s is the main %s of %s, which is always among its %s. First PATCH /%s/%s with another %s, or with null.",
		other, l.End.Name, rec.Handle(), l.End.Plural, rec.Entity.Route(), rec.ID, l.Main).On(l.To)
}
