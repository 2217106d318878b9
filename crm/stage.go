package crm

import (
	"strings"

	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// The fields that say where a record is in its pipeline. Entities that have all of them go through
// pipelines, if the workspace has some for them.
const (
	FieldPipeline   = "pipeline"
	FieldStage      = "stage"
	FieldStageSince = "stage_since"
)

// HasStages reports whether the records of the entity go through pipelines.
func (e *Entity) HasStages() bool {
	return e.Index(FieldPipeline) >= 0 && e.Index(FieldStage) >= 0 && e.Index(FieldStageSince) >= 0
}

// staged is how a change moves a record through its pipeline. The zero value is that of a record
// without one: each word is a stage of its own.
type staged struct {
	of    *pipeline.Pipeline // of the record after the change
	now   *pipeline.Stage    // after the change; nil: the pipeline does not have it
	moved bool               // the record comes from another pipeline
}

// same reports whether two words are the same stage, as before and after a rename.
func (s staged) same(from, to Value) bool {
	return !s.moved && (from.Equal(to) || from.Set() && to.Set() && s.of != nil && s.of.Same(from.Text, to.Text))
}

// place checks the stage that a change writes against the pipeline of the record, and writes both in
// the words of the pipeline. Values that the change does not write stay as they are, whatever the
// pipeline has by now.
func (at Setting) place(e *Entity, before, after []Value, sent map[string]bool) (s staged, _ *Error) {
	flow := at.Flow()
	if !flow.Has(e.Name) || !e.HasStages() {
		return s, nil
	}
	p, i := e.Index(FieldPipeline), e.Index(FieldStage)
	movesPipeline := sent[FieldPipeline] && !after[p].Equal(before[p])
	writes := movesPipeline || sent[FieldStage] && !after[i].Equal(before[i])
	s.of = flow.Of(e.Name, after[p].Text)
	if movesPipeline && after[p].Set() && s.of == nil {
		return s, noPipelineError(flow, e, after[p].Text)
	}
	if from := flow.Of(e.Name, before[p].Text); from != s.of && before[i].Set() {
		s.moved = true
	}
	s.now = s.of.Find(after[i].Text)
	if !writes || s.of == nil || !after[i].Set() {
		return s, nil
	}
	if s.now == nil {
		return s, noStageError(s.of, e, after[i].Text)
	}
	if after[p], after[i] = Str(s.of.Name), Str(s.now.Name); before[p].Set() && !s.moved && before[p].Text != s.of.Name && !movesPipeline {
		after[p] = before[p] // another spelling is no change
	}
	return s, nil
}

// noPipelineError returns the error for a pipeline that does not exist.
func noPipelineError(flow *pipeline.Flow, e *Entity, word string) *Error {
	names := flow.Names(e.Name)
	return Errorf(InvalidValue, "there is no pipeline %s of %s; write one of: %s. GET /pipelines lists them.", norm.Quote(word), e.Plural, quoted(names)).On(FieldPipeline).Of(word, names).
		ForRow("there is no pipeline %s of %s; write one of: %s, or empty the cell.", norm.Quote(word), e.Plural, quoted(names))
}

// noStageError returns the error for a stage that the pipeline of the record does not have.
func noStageError(p *pipeline.Pipeline, e *Entity, word string) *Error {
	names := p.StageNames()
	err := Errorf(InvalidValue, "the pipeline %s has no stage %s; its stages are: %s. To add it as its last open stage send the same request with ?new_stage=1 (admin).",
		norm.Quote(p.Name), norm.Quote(word), quoted(names)).On(FieldStage).
		ForRow("the pipeline %s has no stage %s; write one of: %s, or import with ?new_stage=1 (admin).", norm.Quote(p.Name), norm.Quote(word), quoted(names))
	if err.Allowed, err.DidYouMean = names, p.Nearest(word); err.DidYouMean != "" {
		err.Hint += " Did you mean " + norm.Quote(err.DidYouMean) + "?"
	}
	return err
}

// quoted joins names, quoted where they are no plain words.
func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = norm.Quote(name)
	}
	return strings.Join(list, ", ")
}
