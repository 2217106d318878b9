package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/merging"
	"crmkit/store/changelog"
	"crmkit/store/circle"
	"crmkit/store/duplicates"
	"crmkit/store/refusal"
	"crmkit/store/table"
)

// Merge says which records become part of another one.
type Merge struct {
	Entity  *crm.Entity
	Winner  int64
	Others  []int64
	Takes   []Take
	Version int64 // that the winner must have; 0: any
}

// Take is a field of the winner whose value comes from one of the others.
type Take struct {
	Field  *crm.Field
	Member string // the key of an object; empty: the whole field
	From   int64
}

// Merged is what a merge did.
type Merged struct {
	Outcome                    // of the winner
	Others        []crm.Record // as they were, without those that were part of the winner before
	Moved, Joined []crm.Count  // how many records of each kind referred to them, and how many of these became a part of the winner's
	Later         []crm.Record // those of Others with more references, which follow in steps
	Unkept        []Unkept     // of those joined
}

// Unkept are values of a tie that became a part of another one, which has others. Only the log has them then.
type Unkept struct {
	Tie  crm.Record // the one that stays
	Left []merging.Left
}

// Merge makes records a part of another one. That keeps what it has and gets what it lacks (package merging); other
// values go into activities, which record the merge. The handles of the others lead to it from then on. References follow:
// if many, in steps, between which readers see them as if they had. A record that is part of the winner already is left out.
func (tx *Tx) Merge(m Merge) (out Merged, err error) {
	winner, err := tx.fetchSettled(m.Entity, m.Winner)
	if err != nil {
		return out, err
	}
	var takes []merging.Take
	for _, key := range m.Others {
		other, err := tx.fetchSettled(m.Entity, key)
		if err != nil {
			return out, err
		}
		isNew := other.Key != winner.Key && !slices.ContainsFunc(out.Others, func(known crm.Record) bool { return known.Key == other.Key })
		if isNew {
			out.Others = append(out.Others, other)
		}
		for _, t := range m.Takes {
			if at := slices.IndexFunc(out.Others, func(known crm.Record) bool { return known.Key == other.Key }); t.From == key && at >= 0 {
				takes = append(takes, merging.Take{Field: t.Field, Member: t.Member, From: at})
			}
		}
	}
	tx.joined, tx.leftOver = nil, nil
	out.Outcome = Outcome{Before: winner, After: winner, Result: Unchanged}
	if m.Version != 0 && m.Version != winner.Version() {
		return out, refusal.Conflict(winner, m.Version)
	}
	if len(out.Others) == 0 {
		return out, nil
	}
	if fault := merging.Check(out.Others, takes, tx.Actor.At(0)); fault != nil {
		return out, fault
	}
	if err := duplicates.CheckMerged(tx, winner, out.Others); err != nil {
		return out, err
	}
	after, err := tx.ApplyDraft(winner, Draft{Entity: m.Entity, Inputs: merging.Inputs(winner, out.Others, takes, tx.Actor.At(0))})
	if err != nil {
		return out, err
	}
	merging.Stamped(after, out.Others, takes)
	if err := tx.absorb(&out, after); err != nil {
		return out, err
	}
	if err := tx.recordMerge(winner, after, out.Others); err != nil {
		return out, err
	}
	out.After, _, err = tx.record(m.Entity, winner.Key) // with the counts of what has followed
	out.Result, out.Joined, out.Unkept = Updated, tx.joined, tx.leftOver
	return out, err
}

// fetchSettled returns the record that a key leads to, in its final state after deletes and merges
// that have not finished.
func (tx *Tx) fetchSettled(e *crm.Entity, key int64) (crm.Record, error) {
	rec, err := tx.Fetch(e, key)
	if err != nil {
		return rec, err
	}
	rec, _, err = tx.detachDangling(rec)
	return rec, err
}

// absorb makes records a part of out.Before, which becomes as after. First the others give up their
// unique values, then the winner takes them over, then references follow.
func (tx *Tx) absorb(out *Merged, after crm.Record) error {
	defer tx.as(tx.cause, tx.winner)()
	winner := out.Before
	if err := circle.Merge(tx.Tx, after, out.Others); err != nil {
		return err
	}
	for _, other := range out.Others {
		tx.deleting, tx.winner = deleting{other.Entity, other.Key}, winner.Key
		tx.cause = tx.deleting
		if err := tx.leadTo(other, winner.Key); err != nil {
			return err
		}
		if _, err := tx.hideRow(other); err != nil {
			return err
		}
		if err := tx.removed("merge", other); err != nil {
			return err
		}
	}
	if len(crm.Changed(winner.Values, after.Values)) > 0 {
		if err := tx.replace(winner, after); err != nil {
			return err
		}
	}
	for _, other := range out.Others {
		tx.deleting = deleting{other.Entity, other.Key}
		tx.cause = tx.deleting
		if err := tx.moveReferences(out, other); err != nil {
			return err
		}
	}
	_, err := tx.TieMain(after)
	return err
}

// leadTo makes the handle of a record, and those of records merged into it, lead to another one.
func (tx *Tx) leadTo(rec crm.Record, winner int64) error {
	args := []any{tx.Actor.Workspace, rec.Entity.Name, rec.Key, winner}
	parts, err := tx.keys("SELECT record FROM merged WHERE workspace_id = $1 AND kind = $2 AND winner = $3 ORDER BY record", args[:3]...)
	if err != nil {
		return err
	}
	tx.lost = changelog.Led(rec.Entity, parts)
	return table.Lead(tx.Exec, rec, args)
}

// recordMerge logs activities of the winner that record a merge, one or more for each of the others.
func (tx *Tx) recordMerge(winner, after crm.Record, others []crm.Record) error {
	journal, body, found := tx.store.Schema.Journal(winner.Entity)
	if !found {
		return nil
	}
	defer tx.as(tx.cause, tx.winner)()
	for i, texts := range merging.Texts(merging.Story{Before: winner, After: after, Others: others, Country: tx.Actor.Country, Most: body.Limit()}) {
		tx.cause = deleting{others[i].Entity, others[i].Key}
		for _, text := range texts {
			if _, err := tx.create(Draft{Entity: journal.From, Inputs: []crm.Input{{Field: journal.Field, Value: crm.Key(winner.Key)}, {Field: body, Value: crm.Str(text)}}}); err != nil {
				return err
			}
		}
	}
	return nil
}
