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
