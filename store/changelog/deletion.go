package changelog

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Deletion is the entry of a record with which it was deleted, if it is not there any more.
type Deletion struct {
	Number, Group int64
	Handle        string // of the record
	At            time.Time
	By            string // the e-mail of the user; empty: the server
	Cause         string // the handle of the record that was deleted, and this one with it; empty: it was deleted by itself
	Into          string // the handle of the record that it was merged into; empty: it was deleted
	Version       int64
	Values        []crm.Member // that it had, as the entry holds them
	Erased        bool         // they were erased since
}

// deletionColumns are what Deletion is read from: the entry l with its origin o.
const deletionColumns = "l.key, COALESCE(l.change_group, 0), l.at, l.target, l.action, COALESCE(o.actor, ''), COALESCE(l.version, 0), COALESCE(l.before, ''), COALESCE(l.after, '')"

// endings are the actions after which a record is there, or is not.
const endings = "('create', 'restore', 'delete', 'merge', 'purge')"

// DeletionOf returns the deletion of the record with a handle. found is false if the record is there, or
// the log does not have its deletion.
func DeletionOf(rows Rows, workspace int64, handle string) (d Deletion, found bool, err error) {
	err = rows("SELECT "+deletionColumns+" FROM log l LEFT JOIN origins o ON o.key = l.origin WHERE l.workspace_id = $1 AND l.target = $2 AND l.action IN "+endings+" ORDER BY l.key DESC LIMIT 1",
		[]any{workspace, handle}, func(scan func(...any) error) (err error) {
			d, found, err = scanDeletion(scan)
			return err
		})
	return d, found, err
}

// scanDeletion reads an entry. is is false if it is not a deletion.
func scanDeletion(scan func(...any) error) (d Deletion, is bool, err error) {
	var key, at int64
	var action, before, after string
	if err := scan(&key, &d.Group, &at, &d.Handle, &action, &d.By, &d.Version, &before, &after); err != nil {
		return d, false, err
	}
	d.Number, d.At = crm.RecordNumber(key), time.UnixMilli(at)
	if d.Group == 0 {
		d.Group = d.Number
	}
	d.Values, d.Cause = norm.ParseObject(before), CauseOf(after)
	switch action {
	case "merge":
		d.Into = MergedIntoOf(norm.ParseObject(after))
		d.Erased = d.Into == ""
	case "purge":
		d.Erased = true
	case "delete":
		d.Erased = len(d.Values) == 0
	default:
		return d, false, nil
	}
	return d, true, nil
}

// Record returns the record of an entity as it was when it was deleted.
func (d Deletion) Record(e *crm.Entity, key int64) crm.Record {
	rec := crm.NewRecord(e)
	rec.Key, rec.ID = key, crm.RecordID(e.Prefix, key)
	PutAll(rec, d.Values)
	rec.Set(crm.FieldVersion, crm.Number(d.Version))
	return rec
}

// Trash says from when on deleted records are kept.
type Trash struct {
	Days int // 0: for ever
	Now  time.Time
}

// Since returns the time since which deleted records are kept.
func (t Trash) Since() time.Time {
	if t.Days == 0 {
		return time.Time{}
	}
	return t.Now.Add(-time.Duration(t.Days) * 24 * time.Hour)
}

// Has reports whether a record can be restored from a deletion.
func (t Trash) Has(d Deletion) bool {
	return !d.Erased && d.Into == "" && !d.At.Before(t.Since())
}
