package query

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
	"crmkit/query/stages"
)

// flagCondition returns the condition on a flag: whether its time is set.
func (c *compiler) flagCondition(t fieldpath.Target, param, value string) (string, *crm.Error) {
	if t.Field.OfStage() != nil {
		return c.ofStage(t, param, value)
	}
	column := t.Field.FlagOf().Time
	switch strings.ToLower(value) {
	case "yes", "true":
		return t.Alias() + "." + column + " IS NOT NULL", nil
	case "no", "false":
		return t.Alias() + "." + column + " IS NULL", nil
	}
	return "", crm.Errorf(crm.InvalidValue, "%s cannot be %s; write %s=yes or %s=no. To filter by the time use %s.",
		norm.Quote(param), norm.Quote(value), norm.Quote(param), norm.Quote(param), column).On(param)
}

// valueOf returns SQL of the value of a field that holds one number.
func (c *compiler) valueOf(t fieldpath.Target) string {
	if t.Field.OfStage() != nil {
		return c.stageValue(t)
	}
	return t.Alias() + "." + t.Field.Col()
}

// ofStage compiles a condition on a flag that follows from the stage of its record.
func (c *compiler) ofStage(t fieldpath.Target, param, value string) (string, *crm.Error) {
	is, known := map[string]string{"yes": "1", "true": "1", "no": "0", "false": "0"}[strings.ToLower(value)]
	if !known {
		return "", crm.Errorf(crm.InvalidValue, "%s cannot be %s; write %[1]s=yes or %[1]s=no.", norm.Quote(param), norm.Quote(value)).On(param)
	}
	return c.stageValue(t) + " = " + is, nil
}

// stageValue returns SQL of the value of a field that follows from the stage of its record.
func (c *compiler) stageValue(t fieldpath.Target) string {
	return c.env.StageValue(t, t.Alias(), c.once)
}

// StageValue returns SQL of the value of a field that follows from the stage of its record, or of the place of the
// stage. arg adds an argument and returns its placeholder.
func (env Env) StageValue(t fieldpath.Target, alias string, arg func(any) string) string {
	e := t.Entity
	rec := stages.Record{Pipeline: FoldedSQL(alias, e.Field(crm.FieldPipeline)), Stage: FoldedSQL(alias, e.Field(crm.FieldStage)), Since: alias + "." + e.Field(crm.FieldStageSince).Col(),
		Flow: env.Flow, Kind: e.Name, Arg: arg}
	return rec.Value(t.Field, func(name string) string { return alias + "." + e.Field(name).Col() }, env.Now.UnixMilli())
}

// inStage compares stages with a word as writes read it: won is the stage with that outcome, and a former name that of
// today. Records that have the word itself, which are in no pipeline, are found too.
func (c *compiler) inStage(t fieldpath.Target, param, word string) string {
	names, other := c.env.Flow.Meant(t.Entity.Name, word)
	if len(names) == 0 || len(names) == 1 && names[0] == word {
		return c.addColumnPath(t, " = "+c.arg(word))
	}
	if other {
		c.remarks = append(c.remarks, norm.Quote(param)+"="+norm.Quote(word)+" also finds "+strings.Join(names, ", ")+": in pipelines it means that")
	}
	test := c.addColumnPath(t, " IN ("+c.list(append(names, word))+")")
	c.candidates.sorted = false // the index has one name after the other
	return test
}

// sortBy completes an order whose values no column has: that of stages is by their places, if there are pipelines,
// and that of days by the time.
func (c *compiler) sortBy(e *crm.Entity, o Order) Order {
	f := o.Field
	switch {
	case f.OfStage() != nil && f.OfStage().Ages():
		return Order{Field: e.Field(crm.FieldStageSince), Desc: !o.Desc}
	case f.OfStage() != nil, f.Name == crm.FieldStage && e.HasStages() && c.env.Flow.Has(e.Name):
		o.by, o.at = c.stageValue(fieldpath.Target{Entity: e, Field: f}), c.env.Moment()
	}
	return o
}

// placeOf returns the position of a record in an order whose values no column has.
func (o Order) placeOf(r crm.Record) (m position) {
	m.key = r.Key
	r.At = o.at
	if v := r.Shown(o.Field.Name); o.Field.OfStage() != nil {
		m.unset, m.n = !v.Set(), v.Int
		return m
	}
	s := r.StageAt()
	if m.unset = s == nil; s != nil {
		m.n = s.Place
	}
	return m
}
