package undo

import (
	"cmp"
	"encoding/json"
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// A restore undoes the delete of a record, with what followed from it: the part of a change group that
// Scope.Delete says. First the record comes back, since the others refer to it. What is too much for one
// transaction follows in steps of the store.

// resumeEntries is how many entries a step of a restore undoes at most.
const resumeEntries = 300

// Gone is a record that is not there, and what its restore would undo.
type Gone struct {
	changelog.Deletion
	Unsettled bool  // steps of the delete are to follow, so the scope is not whole
	Scope     Scope // of the restore
	Entries   int64 // in the scope
}

// LookAt returns how the record with a handle went. found is false if it is there, or the log does not say.
func LookAt(rows changelog.Rows, workspace int64, handle string) (g Gone, found bool, err error) {
	if g.Deletion, found, err = changelog.DeletionOf(rows, workspace, handle); err != nil || !found {
		return g, false, err
	}
	err = rows("SELECT 1 FROM cascades WHERE workspace_id = $1 AND change_group = $2 AND gone > 0 LIMIT 1", []any{workspace, g.Group},
		func(scan func(...any) error) error {
			var one int64
			g.Unsettled = true
			return scan(&one)
		})
	if err != nil {
		return g, false, err
	}
	g.Scope = Scope{Group: g.Group, Delete: handle, From: g.Number, End: g.Number}
	condition, args := g.Scope.where(workspace, 3)
	only, _ := g.Scope.only(workspace, 4) // the same arguments
	text := "SELECT COUNT(*), COALESCE(MIN(l.key), 0), COALESCE(MAX(l.key), 0) FROM log l WHERE l.workspace_id = $1 AND (" + condition + " OR l.key = $2" + only + ")"
	err = rows(text, append([]any{workspace, crm.RecordKey(workspace, g.Group)}, args...), func(scan func(...any) error) error {
		var first, last int64
		err := scan(&g.Entries, &first, &last)
		if g.Entries > 0 {
			g.Scope.From, g.Scope.End = crm.RecordNumber(first), crm.RecordNumber(last)
		}
		return err
	})
	return g, true, err
}

// Returned is what the first step of a restore did.
type Returned struct {
	Outcome           // of the record
	Others  []Outcome // of what was deleted with it, and of what referred to it
	Counts  map[string]int
	Next    string // the place of the next step; empty: nothing is left
}

// Restore undoes a deletion in a running transaction: the record comes back, and with it what most entries say.
// Next is for Resume. If the record cannot come back, the result is Skipped, and nothing else was done.
func Restore(tx *store.Tx, g Gone, most int) (out Returned, err error) {
	s := &step{tx: tx, scope: Scope{Entry: g.Number, End: g.Number}, place: Start(g.Scope), limit: Limit{Entries: most}}
	list, err := page(tx, s.scope, span{0, g.Number + 1}, 1)
	if err != nil || len(list) == 0 {
		return out, cmp.Or(err, errors.New("the log does not have the delete of "+g.Handle))
	}
	s.scope = g.Scope
	if err := s.undo(list[0]); err != nil {
		return out, err
	}
	if len(s.outcomes) > 0 && s.outcomes[0].Result == Skipped {
		out.Outcome = s.outcomes[0]
		out.Kept = s.place.Kept // with the values because of which it cannot
		return out, nil
	}
	if len(s.outcomes) > 0 { // else it waits for a record that was deleted with it
		s.scope.Done = g.Number
	}
	done, err := s.run()
	if err != nil {
		return out, err
	}
	for _, o := range s.outcomes {
		if o.Handle == g.Handle {
			out.Outcome = o
		} else {
			out.Others = append(out.Others, o)
		}
	}
	if out.Counts = s.place.Counts; !done {
		out.Next, err = pending{s.scope, s.place}.encode()
	}
	return out, err
}

// pending is the rest of a restore, as it is stored.
type pending struct {
	Scope Scope  `json:"scope"`
	Place *Place `json:"place"`
}

func (p pending) encode() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// Resume does the next step of a restore, and returns the place of the one after it; empty: it was the last. It
// is the store's RestoreStep.
func Resume(tx *store.Tx, place string, until time.Time) (next string, err error) {
	var p pending
	if err := json.Unmarshal([]byte(place), &p); err != nil {
		return "", err
	}
	_, done, err := Step(tx, p.Scope, p.Place, Limit{Entries: resumeEntries, Until: until})
	if err != nil || done {
		return "", err
	}
	return p.encode()
}
