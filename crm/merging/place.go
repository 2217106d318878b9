package merging

import (
	"slices"

	"crmkit/crm"
)

// Where a record is in its pipeline is said by two fields, and a stage means nothing in another pipeline: so both come
// from one record.

// isPlace reports whether a field is one of the two.
func (m *merge) isPlace(f *crm.Field) bool {
	return m.entity.HasStages() && (f.Name == crm.FieldStage || f.Name == crm.FieldPipeline)
}

// takePlace gives the winner one of the two fields of another record. A stage comes with its pipeline, unless that is
// taken too.
func (m *merge) takePlace(f *crm.Field, other crm.Record) {
	m.set(crm.Input{Field: f, Value: other.Value(f.Name)})
	p := m.entity.Field(crm.FieldPipeline)
	if f != p && m.at.Flow().Has(m.entity.Name) && !slices.ContainsFunc(m.takes, func(t Take) bool { return t.Field == p }) {
		m.set(crm.Input{Field: p, Value: other.Value(p.Name)})
	}
}

// fillPlace gives a winner without a stage that of another record, with its pipeline. It stays without one if it is in
// another pipeline, or if the pipeline does not have the stage.
func (m *merge) fillPlace(other crm.Record) {
	p, is := m.value(crm.FieldPipeline), other.Value(crm.FieldPipeline)
	stage, f := other.Value(crm.FieldStage), m.entity.Field(crm.FieldStage)
	of := m.at.Flow().Of(m.entity.Name, is.Text)
	isOther := p.Set() && is.Text != p.Text && (of == nil || of != m.at.Flow().Of(m.entity.Name, p.Text))
	if m.value(crm.FieldStage).Set() || isOther {
		return
	}
	outcome := stage
	if m.at.Flow().Has(m.entity.Name) {
		s := of.Find(stage.Text)
		if of == nil || stage.Set() && s == nil {
			return
		}
		if s != nil {
			outcome = crm.Str(s.Is)
		}
	}
	if stage.Set() && !m.mayFill(f, outcome) {
		return
	}
	if is.Set() && !p.Set() {
		m.set(crm.Input{Field: m.entity.Field(crm.FieldPipeline), Value: is})
	}
	if stage.Set() {
		m.set(crm.Input{Field: f, Value: stage})
	}
}
