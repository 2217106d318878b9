package erase

import (
	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/txn"
)

// Deleted is an entry that says that a record was deleted.
type Deleted struct {
	Workspace, Number int64
	At                int64 // in milliseconds
	Handle            string
}

// InTrash is SQL for entries of deletes that still have the values of their record. An index has them, by
// their time.
const InTrash = "action = 'delete' AND before IS NOT NULL"

// Old purges records that were deleted long ago, in one step. done is how many of the list need no further
// step; a record with a long history takes several. A record that came back stays as it is.
func Old(tx *txn.Tx, h Hooks, list []Deleted) (done int, err error) {
	s, err := newStep(tx, "")
	if err != nil {
		return 0, err
	}
	tx.MarkChanged(tx.Actor.Workspace)
	for _, d := range list {
		if done > 0 && s.full() {
			return done, nil
		}
		if all, err := s.old(h, d); !all || err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// old purges one record. The entry of its delete is the last one to be erased, so a purge that was broken off
// goes on.
func (s *step) old(h Hooks, d Deleted) (all bool, err error) {
	t, is := finder{schema: h.Schema, workspace: d.Workspace}.target(d.Handle)
	if !is {
		return true, nil
	}
	var after string
	key := crm.RecordKey(d.Workspace, d.Number)
	if has, err := s.tx.Row("SELECT COALESCE(after, '') FROM log WHERE key = $1 AND "+InTrash, []any{key}, &after); !has || err != nil {
		return err == nil, err
	}
	if there, err := s.isThere(t); there || err != nil {
		return err == nil, err
	}
	if all, err = s.whole(t); !all || err != nil {
		return false, err
	}
	if changelog.CauseOf(after) != "" {
		return true, nil // the entry of the record with which it was deleted says so
	}
	return true, h.Log(s.tx, changelog.Purge, t.Handle())
}
