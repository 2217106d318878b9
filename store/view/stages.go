package view

import (
	"crmkit/crm"
	"crmkit/crm/pipeline"
	"crmkit/store/visits"
)

// Visits returns in which stages a record was, the first one first.
func (v *View) Visits(rec crm.Record) ([]pipeline.Visit, error) {
	r, err := v.reader(rec.Entity)
	if err != nil {
		return nil, err
	}
	return visits.Of(v.ctx, r.Tx.Rows, rec)
}

// Stays returns the last stays in each of some stages of a pipeline, of records of a kind.
func (v *View) Stays(e *crm.Entity, in []visits.Stage) ([][]pipeline.Stay, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	return visits.Stays(v.ctx, r.Tx.Rows, v.actor.Workspace, in)
}

// StagesInUse returns the stages that records of a kind have.
func (v *View) StagesInUse(e *crm.Entity) ([]visits.Used, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	return visits.InUse(v.ctx, r.Tx.Rows, v.actor.Workspace, e)
}
