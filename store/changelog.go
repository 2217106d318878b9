package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/table"
)

// LogRecord writes the change of a record into the log.
func (tx *Tx) LogRecord(action string, before, after crm.Record) error {
	entry := entry{action: action, target: after.Handle(), version: after.Version()}
	switch {
	case action == "create": // the record itself holds the values
	case action == restored:
		if tx.winner != 0 {
			entry.before = changelog.Texts(changelog.MergedInto, after.Entity.HandleOf(tx.winner))
		}
	case action == "delete" || action == "merge":
		entry.version, entry.before, tx.lost = before.Version(), append(changelog.Values(before), tx.lost...), nil
	default:
		entry.before, entry.after = changelog.Changes(before, after)
	}
	if action == "merge" {
		entry.after = changelog.Texts(changelog.MergedInto, before.Entity.HandleOf(tx.winner))
	}
	if cause := tx.cause; cause.entity != nil && !cause.is(after.Entity, after.Key) {
		entry.after = append(entry.after, changelog.Text(changelog.CauseName, cause.entity.Name+"/"+crm.RecordID(cause.entity.Prefix, cause.key)))
	}
	if !tx.capped(action) {
		return tx.appendEntry(entry)
	}
	if err := tx.GrowStorage(entry.size()); err != nil {
		return err
	}
	return tx.putEntry(entry)
}

// LogDeleted logs that a record was deleted.
func (tx *Tx) LogDeleted(action string, rec crm.Record) error {
	return tx.LogRecord(action, rec, rec.Stub())
}

// capped reports whether a change is refused when the storage of the plan is used up. Deletes
// and what follows from them never are.
func (tx *Tx) capped(action string) bool {
	return action == restored || tx.cause.entity == nil && slices.Contains([]string{"create", "update", "workspace.update"}, action)
}

// LogEntry appends an entry about something other than a record. No cap refuses it.
func (tx *Tx) LogEntry(action, target string, from, to []crm.Member) error {
	return tx.appendEntry(entry{action: action, target: target, before: from, after: to})
}

// Log records what the actor did to a target.
func (tx *Tx) Log(action, target string, pairs ...string) error {
	return tx.LogEntry(action, target, nil, changelog.Texts(pairs...))
}

// entry is one entry of the log before it has a number.
type entry struct {
	action, target string
	version        int64 // of the record after the change, or when it was deleted; 0: it has none
	before, after  []crm.Member
}

// size returns how many bytes of storage the entry takes.
func (e entry) size() int64 {
	return int64(table.Bytes(e.action, e.target, table.Arg(crm.Members(e.before)), table.Arg(crm.Members(e.after))))
}

// appendEntry writes an entry that no cap refuses.
func (tx *Tx) appendEntry(e entry) error {
	tx.uncapped = true
	if err := tx.AddBytes(e.size()); err != nil {
		return err
	}
	return tx.putEntry(e)
}

// putEntry writes an entry under the next number of its workspace.
func (tx *Tx) putEntry(e entry) error {
	l, err := tx.Counters()
	if err != nil {
		return err
	}
	origin, err := tx.Origin()
	if err != nil {
		return err
	}
	number := l.Last + 1
	group := tx.BeginGroup(number)
	run, err := tx.Run(number)
	if err != nil {
		return err
	}
	if l, err = tx.Counters(); err != nil { // a new origin or run takes room
		return err
	}
	l.Last, l.Latest = number, tx.Now()
	tx.SetCounters(l)
	return tx.Exec(`INSERT INTO log (key, workspace_id, at, change_group, run, origin, action, target, version, before, after, target_fold)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		crm.RecordKey(tx.Actor.Workspace, number), tx.Actor.Workspace, l.Latest, table.NullNumber(int64(group), number), table.NullNumber(run, 0), origin,
		e.action, e.target, table.NullNumber(e.version, 0), table.Arg(crm.Members(e.before)), table.Arg(crm.Members(e.after)), table.FoldUnlessSame(e.target))
}
