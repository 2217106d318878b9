package importer

import (
	"regexp"

	"crmkit/crm"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// A row may contradict a record that an earlier row of the same file made. If none of both is saved, in
// a dry run or because all rows are saved or none, nobody can find that record by its handle:
// the error names the row instead.

// madeRecord is a record that this import made. The number is its place among those of its kind in
// a dry run, in which handles differ from step to step, and else its key.
type madeRecord struct {
	entity *crm.Entity
	number int64
}

// madeOf returns how a record is remembered. ok is false if it was not made by this import, or
// stays.
func (im *Importer) madeOf(e *crm.Entity, key int64) (m madeRecord, ok bool) {
	switch {
	case im.trial != nil:
		m = madeRecord{e, im.trial.Nth(e, key)}
		return m, m.number > 0
	case im.opts.Atomic:
		return madeRecord{e, key}, true
	}
	return m, false
}

// noteMade notes that the row at hand made a record.
func (im *Importer) noteMade(out store.Outcome) {
	if out.Result != store.Created {
		return
	}
	if m, ok := im.madeOf(out.After.Entity, out.After.Key); ok {
		if im.made == nil {
			im.made = map[madeRecord]rows.Place{}
		}
		im.made[m] = im.at
	}
}

// handlePattern finds what may be the handles of records in a hint.
var handlePattern = regexp.MustCompile(`\b([a-z_]+)/[a-z]+_[0-9a-z]+\b`)

// withoutMade returns a fault whose hint names the rows of this file instead of records that they
// would make.
func (im *Importer) withoutMade(tx *store.Tx, fault *crm.Error) *crm.Error {
	if im.trial == nil && !im.opts.Atomic {
		return fault
	}
	named := *fault.ByRow()
	named.Hint = handlePattern.ReplaceAllStringFunc(named.Hint, func(handle string) string {
		e := im.opts.Env.Schema.ByName(handlePattern.FindStringSubmatch(handle)[1])
		if e == nil {
			return handle
		}
		key, wrong := crm.ParseID(e, tx.Actor.Workspace, crm.CutHandle(handle))
		if wrong != crm.IDOK {
			return handle
		}
		m, ok := im.madeOf(e, key)
		at, found := im.made[m]
		switch {
		case ok && found:
			return "row " + at.String() + " of this file"
		case ok && im.trial != nil: // to which a row refers
			return crm.Article(e.Name) + " that an earlier row of this file makes"
		}
		return handle
	})
	return &named
}
