package crm

import (
	"strings"

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

// setSince sets the time to now if the other field has changed, and unsets it if the other field has
// no value. A time that a client sends is kept. One that is sent as it was, with a record that is
// sent back whole, is not meant for the new value.
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
