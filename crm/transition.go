package crm

import (
	"fmt"
	"strings"

	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// applied is what a change does to the field of a transition: whether it was sent, when, and how the
// stage of the record changed.
type applied struct {
	sent  bool
	now   int64
	stage staged
}

// complete gives the field at a position what follows from other fields, and its default, and checks it.
func (e *Entity) complete(i int, values [2][]Value, at Setting, c applied) *Error {
	f, after := &e.Fields[i], values[1]
	if err := e.transition(i, values[0], after, c); err != nil {
		return err
	}
	f.dropRepeated(e, i, after, at.Country)
	if !after[i].Set() {
		after[i] = f.fallback(at.Now)
	}
	if f.Required && !after[i].Set() {
		return missingFieldError(e, f, values[0][i])
	}
	return f.checkSize(after[i])
}

// transition sets the field at a position when the field that it follows has changed.
func (e *Entity) transition(own int, before, after []Value, c applied) *Error {
	f := &e.Fields[own]
	t := f.Transition()
	switch {
	case t == nil:
	case f.Type.Kind() == TimeKind && len(t.Values) == 0:
		return t.setSince(e, own, [2][]Value{before, after}, c)
	case f.Type.Kind() == TimeKind:
		return t.setTime(e, own, [2][]Value{before, after}, c)
	case !c.sent:
		t.setWord(e, own, [2][]Value{before, after}, c)
	}
	return nil
}

// setWord sets the field if the other field has just become one of the values. What a stage of a
// pipeline means is said by the pipeline, and not by its name.
func (t *Transition) setWord(e *Entity, own int, values [2][]Value, c applied) {
	i := e.Index(t.Of)
	from, to := values[0][i], values[1][i]
	if from.Equal(to) || c.stage.same(from, to) {
		return
	}
	if stage := c.stage.now; stage != nil && t.Of == FieldStage {
		to = Str(stage.Is)
	}
	if at := t.index(to); at >= 0 {
		values[1][own] = Str(t.Values[at])
	}
}

// clockSkew is how far the clock of a client may be ahead, in milliseconds.
const clockSkew = 60 * 60 * 1000

// setSince sets the time to now if the other field has changed, and unsets it if the other field has
// no value. A time that a client sends is kept. One that is sent as it was, with a record that is
// sent back whole, is not meant for the new value. A time in the future is refused: nothing is in a
// stage since then.
func (t *Transition) setSince(e *Entity, own int, values [2][]Value, c applied) *Error {
	before, after := values[0], values[1]
	i := e.Index(t.Of)
	isNew := !before[e.Index(FieldVersion)].Set()
	switch is := after[i].Set(); {
	case !is && c.sent && after[own].Set() && !after[own].Equal(before[own]):
		return Errorf(InvalidValue, "%s can only be set when there is a %s; send %[2]s too.", e.Fields[own].Name, t.Of).On(e.Fields[own].Name).
			ForRow("%s can only be set when there is a %s, and this row has none; add a column %[2]s, or empty the cell of %[1]s.", e.Fields[own].Name, t.Of)
	case !is:
		after[own] = Value{}
	case c.sent && !after[own].Equal(before[own]) && after[own].Int > c.now+clockSkew:
		return Errorf(InvalidValue, "%s is in the future; write a time that has been, or leave it out: a change of %s sets it to now.", e.Fields[own].Name, t.Of).On(e.Fields[own].Name).
			ForRow("%s is in the future; write a time that has been, or empty the cell: a change of %s sets it to now.", e.Fields[own].Name, t.Of)
	case c.stage.same(before[i], after[i]) || c.sent && isNew || !after[own].Equal(before[own]):
	default:
		after[own] = truncateSecond(c.now)
	}
	return nil
}

// setTime sets the time to now if the other field has just become one of the values, and unsets
// it if the other field has none of them. A change from one of the values to another does not
// change the time. A time that a client sends is kept, if the other field has one of the values.
func (t *Transition) setTime(e *Entity, own int, values [2][]Value, c applied) *Error {
	before, after := values[0], values[1]
	i := e.Index(t.Of)
	switch is, was := t.index(after[i]) >= 0, t.index(before[i]) >= 0; {
	case !is && c.sent && after[own].Set() && !after[own].Equal(before[own]):
		return Errorf(InvalidValue, "%s can only be set when %s is %s, and it is %s; send %s too.", e.Fields[own].Name, t.Of, strings.Join(t.Values, " or "), after[i].Text, t.Of).On(e.Fields[own].Name).
			ForRow("%s can only be set when %s is %s, and in this row it is %s; add a column %s with one of these words, or empty the cell of %s.",
				e.Fields[own].Name, t.Of, strings.Join(t.Values, " or "), after[i].Text, t.Of, e.Fields[own].Name)
	case !is:
		after[own] = Value{}
	case !was && !c.sent:
		after[own] = truncateSecond(c.now)
	}
	return nil
}

// Means returns the value that a text of the other field means, as Closed Won means won; ok is
// false if it means none.
func (t *Transition) Means(text string) (value string, ok bool) {
	if at := t.index(Str(text)); at >= 0 && len(t.Values) > 0 {
		return t.Values[at], true
	}
	return "", false
}

// index returns the position of the value that a word means, or -1, see pipeline.Means. A transition
// without values is of each value.
func (t *Transition) index(v Value) int {
	if len(t.Values) == 0 {
		return int(Bool(v.Set()).Int) - 1
	}
	return pipeline.Means(v.Text, t.Values)
}

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
		return s, noStageError(flow, s.of, e, after[i].Text)
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

// noStageError returns the error for a stage that the pipeline of the record does not have. Another pipeline may have it.
func noStageError(flow *pipeline.Flow, p *pipeline.Pipeline, e *Entity, word string) *Error {
	names, elsewhere := p.StageNames(), ""
	for _, other := range flow.Names(e.Name) {
		if flow.Of(e.Name, other).Find(word) != nil {
			elsewhere = fmt.Sprintf(` The pipeline %s has it: send {"pipeline":%s} too.`, norm.Quote(other), norm.QuoteJSON(other))
			break
		}
	}
	err := Errorf(InvalidValue, "the pipeline %s has no stage %s; its stages are: %s.%s To add it as its last open stage send the same request with ?new_stage=1 (admin).",
		norm.Quote(p.Name), norm.Quote(word), quoted(names), elsewhere).On(FieldStage).
		ForRow("the pipeline %s has no stage %s; write one of: %s; or send the file again with new_stage=1, which adds the stages that are missing (admin).", norm.Quote(p.Name), norm.Quote(word), quoted(names))
	if err.Allowed, err.DidYouMean = names, p.Nearest(word); err.DidYouMean != "" {
		err.Hint += " Did you mean " + norm.Quote(err.DidYouMean) + "?"
	}
	return err
}

// maxNamed is how many pipelines or stages an error names.
const maxNamed = 20

// quoted joins names, quoted where they are no plain words. It leaves out those after the first maxNamed.
func quoted(names []string) string {
	var list []string
	for _, name := range names[:min(len(names), maxNamed)] {
		list = append(list, norm.Quote(name))
	}
	text := strings.Join(list, ", ")
	if more := len(names) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more (GET /pipelines)", more)
	}
	return text
}
