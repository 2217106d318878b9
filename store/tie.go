package store

import (
	"context"

	"crmkit/crm"
	"crmkit/store/refusal"
)

// The main contact of a deal is always among the people to whom ties (deal_contact) join it: the write that sets it
// makes the tie in the same change group, and its tie cannot be removed alone. Deletes, merges and undos change both.

// withTie makes the tie that an outcome needs, and sets the counts of After. An update is not written yet: its entry in
// the log follows that of the tie, so that an undo changes the main contact first.
func (tx *Tx) withTie(out Outcome) (_ Outcome, err error) {
	l := out.After.Entity.MainLink()
	if l == nil || out.Before.Value(l.Main).Equal(out.After.Value(l.Main)) {
		return out, nil
	}
	if out.Tie, err = tx.TieMain(out.After); err != nil || out.Tie == 0 {
		return out, err
	}
	now, found, err := tx.record(out.After.Entity, out.After.Key)
	for i := 0; found && i < len(now.Values); i++ {
		if now.Entity.Fields[i].Rollup() != nil {
			out.After.Values[i] = now.Values[i]
		}
	}
	return out, err
}

// TieMain makes the tie to the record to which the main reference of a record leads, and returns its key; 0 if
// it is there, or the reference leads nowhere.
func (tx *Tx) TieMain(rec crm.Record) (made int64, err error) {
	l := rec.Entity.MainLink()
	if l == nil || !rec.Value(l.Main).Set() {
		return 0, nil
	}
	ends := []crm.Value{crm.Key(rec.Key), rec.Value(l.Main)}
	if key, err := tx.KeyBy(l.Via, []string{l.From, l.To}, ends, 0); err != nil || key != 0 {
		return 0, err
	}
	out, err := tx.create(Draft{Entity: l.Via, Inputs: []crm.Input{{Field: l.Via.Field(l.From), Value: ends[0]}, {Field: l.Via.Field(l.To), Value: ends[1]}}})
	return out.After.Key, err
}

// MainOf returns the record whose main reference leads where a tie does; its Entity is nil if there is none.
func (tx *Tx) MainOf(tie crm.Record) (rec crm.Record, err error) {
	f, l := tie.Entity.MainEnd()
	if l == nil || !tie.Value(f.Name).Set() {
		return rec, nil
	}
	rec, found, err := tx.Visible(l.Via.Target(f), tie.Value(f.Name).Int)
	if err != nil || !found || !rec.Value(l.Main).Equal(tie.Value(l.To)) {
		return crm.Record{}, err
	}
	return rec, nil
}

// keepMain refuses that the tie of a main reference is removed, or leads to another record.
func (tx *Tx) keepMain(before, after crm.Record) error {
	if !before.Entity.IsLink() || after.Version() != 0 && !crm.Repointed(before, after) {
		return nil
	}
	rec, err := tx.MainOf(before)
	if err == nil && rec.Entity != nil {
		err = refusal.Main(rec, before)
	}
	return err
}

// beforeTies begins the kind of a cascade that makes ties, which an upgrade adds to each workspace.
const beforeTies = "ties of "

// tieStep makes some of the ties that a cascade is to make, in the name of the one who made the record.
func (tx *Tx) tieStep(c cascade, e *crm.Entity) error {
	l, step := e.MainLink(), tx.store.cascades.step
	keys, err := tx.keys("SELECT key FROM "+e.Plural+" t WHERE UNINDEXED t.workspace_id = $1 AND t.key > $2 AND t.key < $3 AND t."+l.Main+" IS NOT NULL ORDER BY t.key LIMIT $4", c.workspace, max(c.after, crm.RecordKey(c.workspace, 0)), crm.RecordKey(c.workspace+1, 0), step)
	if err != nil {
		return err
	}
	tx.unlimited = true
	for _, key := range keys {
		if tx.cause = (deleting{e, key}); tx.stepTimeUp() && key != keys[0] {
			break
		}
		rec, found, err := tx.Visible(e, key)
		if err == nil && found {
			tx.Actor.Email = rec.Value(crm.FieldCreatedBy).Text
			_, err = tx.TieMain(rec)
		}
		if c.after = key; err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return tx.finishCascade(c)
	}
	return tx.Exec("UPDATE cascades SET after = $4 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, c.after)
}

// tieBefore makes the ties that an upgrade left. What fails is tried again in the background.
func (s *Store) tieBefore(ctx context.Context) {
	for c := (cascade{kind: beforeTies}); c.kind != ""; {
		c = cascade{}
		err := s.Read(ctx, func(v *ReadTx) error {
			return v.Rows(ctx, "SELECT "+cascadeColumns+" FROM cascades WHERE kind LIKE $1 LIMIT 1", []any{beforeTies + "%"}, func(scan func(...any) error) error { return scan(c.scanDest()...) })
		})
		if err == nil && c.kind != "" {
			err = s.advance(ctx, c)
		}
		if err != nil {
			s.opts.Log.Warn("some deals do not have their people yet", "error", err)
			return
		}
	}
}
