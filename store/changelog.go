package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/table"
)

// LogRecord writes the change of a record into the log.
func (tx *Tx) LogRecord(action string, before, after crm.Record) error {
	entry := entry{action: action, target: after.Handle(), version: after.Version()}
	switch {
	case action == "create": // the record itself holds the values
	case action == "delete" || action == "merge":
		entry.version, entry.before = before.Version(), changelog.Values(before)
	default:
		entry.before, entry.after = changelog.Changes(before, after)
	}
	if action == "merge" {
		entry.after = LogFields(mergedInto, handleOf(before.Entity, tx.winner))
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
	return tx.LogRecord(action, rec, stubRecord(rec))
}

// capped reports whether a change is refused when the storage of the plan is used up. Deletes
// and what follows from them never are.
func (tx *Tx) capped(action string) bool {
	return tx.cause.entity == nil && slices.Contains([]string{"create", "update", "workspace.update"}, action)
}

// LogEntry appends an entry about something other than a record. No cap refuses it.
func (tx *Tx) LogEntry(action, target string, from, to []crm.Member) error {
	return tx.appendEntry(entry{action: action, target: target, before: from, after: to})
}

// LogFields returns the members of a log entry, from names and texts in turn.
func LogFields(pairs ...string) []crm.Member {
	var list []crm.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, crm.Member{Name: pairs[i], JSON: string(norm.AppendQuoted(nil, pairs[i+1]))})
	}
	return list
}

// Log records what the actor did to a target.
func (tx *Tx) Log(action, target string, pairs ...string) error {
	return tx.LogEntry(action, target, nil, LogFields(pairs...))
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
	if l, err = tx.Counters(); err != nil { // a new origin takes room
		return err
	}
	l.Last++
	l.Latest = tx.Now()
	tx.SetCounters(l)
	var group, version any
	if first := tx.group.of(tx.Actor.Workspace, l.Last); first != l.Last {
		group = first
	}
	if e.version != 0 {
		version = e.version
	}
	return tx.Exec(`INSERT INTO log (key, workspace_id, at, change_group, origin, action, target, version, before, after, target_fold)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		crm.RecordKey(tx.Actor.Workspace, l.Last), tx.Actor.Workspace, l.Latest, group, origin,
		e.action, e.target, version, table.Arg(crm.Members(e.before)), table.Arg(crm.Members(e.after)), table.FoldUnlessSame(e.target))
}

// Group is a change group: the entries of one write, or of several that belong together. It is
// the number of its first entry in the workspace; 0 means no group.
type Group int64

// group is the change group of a transaction, in one workspace.
type group struct {
	workspace int64
	first     int64
}

// of returns the number of the first entry in the group of an entry.
func (g *group) of(workspace, number int64) int64 {
	if g.first == 0 || g.workspace != workspace || g.first > number {
		*g = group{workspace, number}
	}
	return g.first
}

// Group returns the change group of what the transaction logs. A later write can Join it after
// the transaction has logged something.
func (tx *Tx) Group() (Group, error) {
	l, err := tx.Counters()
	return Group(tx.group.of(tx.Actor.Workspace, l.Last+1)), err
}

// Join adds what the transaction logs from here on to a group that an earlier write of the
// same workspace began, for a change that takes several writes.
func (tx *Tx) Join(g Group) { tx.group = group{tx.Actor.Workspace, int64(g)} }
