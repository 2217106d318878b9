package store

import (
	"crmkit/crm"
	"crmkit/crm/merging"
	"crmkit/store/circle"
	"crmkit/store/table"
)

// moveReferences moves the references to a merged record, or leaves them to a cascade if they are more than one
// transaction may change. Ties do not wait for it: readers would see two where there will be one.
func (tx *Tx) moveReferences(out *Merged, rec crm.Record) error {
	refs, moves, left := tx.store.Schema.Referring(rec.Entity), [][]int64{}, tx.store.cascades.atOnce
	for _, c := range out.Moved {
		left -= int(c.Unlinked)
	}
	for _, ref := range refs {
		keys, err := tx.referencingKeys(ref, rec.Key, max(left, 0)+1)
		if err != nil {
			return err
		}
		if left -= len(keys); left < 0 {
			out.Later = append(out.Later, rec)
			if err := tx.moveDoubleTies(out.Before.Key, rec); err != nil {
				return err
			}
			return tx.scheduleCascade(cascade{kind: rec.Entity.Name, record: rec.Key, gone: merged})
		}
		moves = append(moves, keys)
	}
	for i, ref := range refs {
		if err := tx.moveAll(ref, moves[i], out.Before.Key); err != nil {
			return err
		}
		if ref.Field.Inherited() == nil && len(moves[i]) > 0 {
			out.Moved = crm.AddUnlinked(out.Moved, ref.From, int64(len(moves[i])))
		}
	}
	return tx.dropRow(rec.Entity, rec.Key)
}

// moveReference lets a reference of a record lead to the record that has the values of the one before.
// A tie that the other record has already becomes a part of that tie.
func (tx *Tx) moveReference(ref crm.Reference, key, to int64) error {
	if ref.Field.Inherited() != nil {
		return tx.setInherited(ref.From, key)
	}
	before, found, err := tx.record(ref.From, key)
	if err != nil || !found {
		return err
	}
	after := before.Clone()
	after.Set(ref.Field.Name, crm.Key(to))
	if err := circle.Cut(tx.Tx, after, ref.Field); err != nil {
		return err
	}
	for _, names := range ref.Ties() {
		double, err := tx.KeyBy(ref.From, names, table.ValuesOf(after, names), key)
		if err != nil {
			return err
		}
		if double != 0 && double != key {
			return tx.mergeTie(double, before, after)
		}
	}
	return tx.replace(before, after)
}

// mergeTie makes a tie, which would be as after, a part of the one with a key. The log has its other values.
func (tx *Tx) mergeTie(key int64, before, after crm.Record) error {
	tie, found, err := tx.record(before.Entity, key)
	if err != nil || !found {
		return err
	}
	values, err := tx.ApplyDraft(tie, Draft{Entity: tie.Entity, Inputs: merging.Inputs(tie, []crm.Record{after}, nil, tx.Actor.At(0))})
	if err != nil {
		return err
	}
	tx.joined = crm.AddUnlinked(tx.joined, tie.Entity, 1)
	if left := merging.LeftOver(values, after, tx.Actor.Country); len(left) > 0 {
		tx.leftOver = append(tx.leftOver, Unkept{values, left})
	}
	return tx.absorb(&Merged{Outcome: Outcome{Before: tie}, Others: []crm.Record{before}}, values)
}

// moveDoubleTies moves the ties of a merged record that the winner has too.
func (tx *Tx) moveDoubleTies(winner int64, rec crm.Record) error {
	for _, ref := range tx.store.Schema.ReferencesTo(rec.Entity) {
		for _, names := range ref.Ties() {
			keys, err := tx.keys(table.DoubleTies(ref, names), tx.Actor.Workspace, rec.Key, winner, cascadeAtOnce+1)
			if err == nil && len(keys) > cascadeAtOnce {
				err = crm.Errorf(crm.InvalidValue, "%s and %s have more than %d %s in common, which are too many for one merge. Delete some of those of %s first: GET /%s?%s=%s lists them.",
					rec.Handle(), rec.Entity.HandleOf(winner), cascadeAtOnce, ref.From.Plural, rec.Handle(), ref.From.Route(), ref.Field.Path(), rec.ID)
			}
			if err == nil {
				err = tx.moveAll(ref, keys, winner)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// moveAll moves a reference of records.
func (tx *Tx) moveAll(ref crm.Reference, keys []int64, to int64) error {
	for _, key := range keys {
		if err := tx.moveReference(ref, key, to); err != nil {
			return err
		}
	}
	return nil
}

// followStep moves some of the references to a merged record, and deletes its row when none is left.
func (tx *Tx) followStep(c cascade) error {
	e, left := tx.store.Schema.ByName(c.kind), tx.store.cascades.step
	var winner, createdAt int64
	if found, err := tx.Row(table.Winner, []any{c.workspace, c.kind, c.record}, &winner, &createdAt); err != nil || !found {
		return err
	}
	tx.cause = deleting{e, c.record}
	for _, ref := range tx.store.Schema.Referring(e) {
		keys, err := tx.referencingKeys(ref, c.record, left)
		if err != nil {
			return err
		}
		for i, key := range keys {
			if i > 0 && tx.stepTimeUp() {
				return nil // the next step goes on
			}
			if err := tx.moveReference(ref, key, winner); err != nil {
				return err
			}
		}
		if left -= len(keys); left <= 0 {
			return nil
		}
	}
	if err := tx.dropRow(e, c.record); err != nil {
		return err
	}
	return tx.finishCascade(c)
}

// deleteMerging has references that still have to follow a merge into a record cleared, because that is deleted now.
func (tx *Tx) deleteMerging(rec crm.Record) error {
	if some, err := tx.hasPendingDeletes(); err != nil || !some {
		return err
	}
	keys, err := tx.keys("SELECT c.record FROM cascades c JOIN merged m ON m.workspace_id = c.workspace_id AND m.kind = c.kind AND m.record = c.record WHERE c.workspace_id = $1 AND c.kind = $2 AND c.gone = $3 AND m.winner = $4",
		tx.Actor.Workspace, rec.Entity.Name, merged, rec.Key)
	for _, key := range keys {
		if err := tx.scheduleCascade(cascade{kind: rec.Entity.Name, record: key, gone: deleted}); err != nil {
			return err
		}
	}
	return err
}
