package erase

import (
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/table"
	"crmkit/store/txn"
	"crmkit/store/visits"
)

// Target is a record that is purged.
type Target struct {
	Entity *crm.Entity
	Key    int64
}

// Handle returns the handle of the record.
func (t Target) Handle() string { return t.Entity.Name + "/" + crm.RecordID(t.Entity.Prefix, t.Key) }

// Limits on one step, so that other writes do not wait long for it.
const (
	stepEntries = 300
	stepTime    = 80 * time.Millisecond
	pageEntries = 100 // entries that are read at once
)

// step is one transaction of a purge.
type step struct {
	tx    *txn.Tx
	mark  string // what erased entries hold after the change
	left  int    // entries that it may still change
	until time.Time
	user  int64 // of the last stored answer that it erased
	hash  string
}

func newStep(tx *txn.Tx, by string) (*step, error) {
	if _, err := tx.Counters(); err != nil { // which may set the time
		return nil, err
	}
	mark := changelog.Erasure{At: tx.Now(), By: by}.Members()
	return &step{tx: tx, mark: table.Arg(crm.Members(mark)).(string), left: stepEntries, until: time.Now().Add(stepTime)}, nil
}

// full reports whether the step must end.
func (s *step) full() bool { return s.left <= 0 || time.Now().After(s.until) }

// stillHas is the condition for entries whose values were not erased. Those of purges and of codes that were wrong have
// none of the record.
const stillHas = "action NOT IN ('" + changelog.Purge + "', 'step_up.fail') AND (after IS NULL OR NOT " + changelog.IsErasedSQL + ")"

// row is an entry that is to be changed.
type row struct{ key, bytes int64 }

// The orders in which entries are erased. Where the first step must make sure that nothing brings a record
// back, the last entry is the first one. Where nothing else says that a purge has begun, it is the last one.
const (
	lastFirst  = "key DESC"
	firstFirst = "key"
)

// entries erases the entries of a record for which a condition holds, in an order, and reports whether these
// were all.
func (s *step) entries(handle, condition, order string) (all bool, err error) {
	text := fmt.Sprintf("SELECT key, COALESCE(OCTET_LENGTH(before), 0) + COALESCE(OCTET_LENGTH(after), 0) FROM log WHERE workspace_id = $1 AND target = $2 AND %s AND %s ORDER BY %s LIMIT %d",
		condition, stillHas, order, pageEntries)
	for !s.full() {
		var list []row
		err := s.tx.Rows(text, []any{s.tx.Actor.Workspace, handle}, func(scan func(...any) error) error {
			list = append(list, row{})
			return scan(&list[len(list)-1].key, &list[len(list)-1].bytes)
		})
		if err != nil {
			return false, err
		}
		for _, r := range list {
			if err := s.put(r, nil, s.mark); err != nil {
				return false, err
			}
		}
		if len(list) < pageEntries {
			return true, nil
		}
	}
	return false, nil
}

// put replaces what an entry holds before and after its change.
func (s *step) put(r row, before any, after string) error {
	s.left--
	if err := s.tx.AddBytes(int64(table.Bytes(before, after)) - r.bytes); err != nil {
		return err
	}
	return s.tx.Exec("UPDATE log SET before = $3, after = $4 WHERE workspace_id = $1 AND key = $2", s.tx.Actor.Workspace, r.key, before, table.NullText(after))
}

// anyEntry is the condition that holds for every entry.
const anyEntry = "TRUE"

// whole erases what the log and the tables beside it have of a record that is gone, and of those that were
// merged into it. It reports whether that was all.
func (s *step) whole(t Target) (all bool, err error) {
	for {
		parts, err := s.parts(t)
		if err != nil {
			return false, err
		}
		for _, part := range parts {
			if all, err := s.one(part); !all || err != nil {
				return false, err
			}
		}
		if len(parts) < maxParts {
			return s.one(t)
		}
	}
}

// maxParts is how many merged records of another one are read at once.
const maxParts = 100

// parts returns records that were merged into another one, at most maxParts.
func (s *step) parts(t Target) ([]Target, error) { return partsOf(s.tx.Rows, s.tx.Actor.Workspace, t) }

func partsOf(rows changelog.Rows, workspace int64, t Target) (list []Target, err error) {
	text := fmt.Sprintf("SELECT record FROM merged WHERE workspace_id = $1 AND kind = $2 AND winner = $3 ORDER BY record LIMIT %d", maxParts)
	err = rows(text, []any{workspace, t.Entity.Name, t.Key}, func(scan func(...any) error) error {
		list = append(list, Target{Entity: t.Entity})
		return scan(&list[len(list)-1].Key)
	})
	return list, err
}

// importBytes is SQL for the storage that an imported id takes.
const importBytes = "OCTET_LENGTH(source) + OCTET_LENGTH(kind) + OCTET_LENGTH(id)"

// one erases the entries of one record, then its imported ids and to which record it leads.
func (s *step) one(t Target) (all bool, err error) {
	if all, err = s.entries(t.Handle(), anyEntry, firstFirst); !all || err != nil {
		return false, err
	}
	args := []any{s.tx.Actor.Workspace, t.Entity.Name, t.Key}
	if err := s.tx.ReleaseBytes("DELETE FROM imported WHERE workspace_id = $1 AND kind = $2 AND record = $3 RETURNING workspace_id, "+importBytes, args...); err != nil {
		return false, err
	}
	if err := visits.Erase(s.tx, t.Entity, t.Key); err != nil {
		return false, err
	}
	return true, s.tx.Exec("DELETE FROM merged WHERE workspace_id = $1 AND kind = $2 AND record = $3", args...)
}

// isThere reports whether a record exists.
func (s *step) isThere(t Target) (bool, error) {
	var one int
	return s.tx.Row(fmt.Sprintf("SELECT 1 FROM %s WHERE workspace_id = $1 AND key = $2", t.Entity.Plural), []any{s.tx.Actor.Workspace, t.Key}, &one)
}
