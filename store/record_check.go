package store

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/ahead"
	"crmkit/store/circle"
	"crmkit/store/refusal"
)

// checkSame refuses read-only fields that were sent with another value than the record has.
// Values derived from other records change without the record, so they may differ if the draft
// names the version that it was read at.
func (tx *Tx) checkSame(rec crm.Record, d Draft) error {
	env := tx.env()
	for _, in := range d.Inputs {
		if in.Mode != crm.CheckOnly || env.MatchesStored(rec, in) || (in.Field.Derived() || in.Field.OfStage() != nil) && d.Version != 0 {
			continue
		}
		if in.Label {
			return crm.Errorf(crm.ReadOnlyField, "%s shows what %s points to; to change the reference set %s.", in.Name(), in.Field.Name, in.Field.Name).On(in.Name())
		}
		return crm.Errorf(crm.ReadOnlyField, "%s is kept by the server and cannot be set to %s; leave it out.", in.Name(), norm.ShowJSON(in.JSON)).On(in.Name())
	}
	return nil
}

// env returns what values and filters of the transaction are read with.
func (tx *Tx) env() query.Env {
	return query.For(tx.store.Schema, tx.Actor, time.UnixMilli(tx.Now()), nil)
}

// checkReferences checks that newly set references lead to records, and sets the labels of
// these.
func (tx *Tx) checkReferences(before, after crm.Record) error {
	for _, i := range tx.store.mappings[after.Entity].References {
		f, v := &after.Entity.Fields[i], after.Values[i]
		if v.Equal(before.Values[i]) {
			continue
		}
		after.Labels[i] = ""
		if !v.Set() {
			continue
		}
		to := after.Entity.Target(f)
		if err := tx.DryRun().Restore(to, v.Int); err != nil {
			return err
		}
		found, err := ahead.Label(tx.Tx, to, v.Int, &after.Labels[i])
		if err != nil {
			return err
		}
		if !found {
			return refusal.NoReference(f, to, v.Int)
		}
		if err := circle.Check(tx.Tx, after, f); err != nil {
			return err
		}
	}
	return nil
}
