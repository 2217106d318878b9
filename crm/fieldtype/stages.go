package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// DaysInStage is for how many whole days a record is in its stage.
//
// Like the other types of this file it has no column, because its value changes with the time
// and with the pipeline, when no record changes. Filters and orders compute it in SQL.
var DaysInStage crm.Type = daysInStage{}

type daysInStage struct{ integerType }

func (daysInStage) String() string { return "days" }

func (daysInStage) Computed() bool { return true }

func (daysInStage) Show(rec crm.Record, _ int) crm.Value {
	since := rec.Value(crm.FieldStageSince)
	if rec.At == nil || !since.Set() {
		return crm.Value{}
	}
	return crm.Number(pipeline.Days(since.Int, rec.At.Now))
}

// Weighted is a number times the probability of the stage of its record, see pipeline.Stage.Weighted.
var Weighted crm.Type = weighted{}

type weighted struct{ integerType }

func (weighted) String() string { return "weighted integer" }

func (weighted) Computed() bool { return true }

func (weighted) Show(rec crm.Record, i int) crm.Value {
	number := rec.Value(rec.Entity.Fields[i].OfStage().Number)
	n, ok := rec.StageAt().Weighted(number.Int)
	if !ok || !number.Set() {
		return crm.Value{}
	}
	return crm.Number(n)
}

// WonPercent is 100 for a record that was won and 0 for one that was lost; unset while it is open. So its average
// is the rate of those won.
var WonPercent crm.Type = wonPercent{}

type wonPercent struct{ integerType }

func (wonPercent) String() string { return "percent" }

func (wonPercent) Computed() bool { return true }

func (wonPercent) Show(rec crm.Record, i int) crm.Value {
	switch rec.Value(rec.Entity.Fields[i].OfStage().Outcome).Text {
	case pipeline.Won:
		return crm.Number(100)
	case pipeline.Lost:
		return crm.Number(0)
	}
	return crm.Value{}
}

// DaysOpen is for how many whole days a record was open: until it was closed, or until now.
var DaysOpen crm.Type = daysOpen{}

type daysOpen struct{ integerType }

func (daysOpen) String() string { return "days until closed" }

func (daysOpen) Computed() bool { return true }

func (daysOpen) Show(rec crm.Record, i int) crm.Value {
	if rec.At == nil {
		return crm.Value{}
	}
	of, end := rec.Entity.Fields[i].OfStage(), rec.At.Now
	if closed := rec.Value(of.End); closed.Set() {
		end = closed.Int
	}
	return crm.Number(pipeline.Days(rec.Value(of.Start).Int, end))
}

// Stale tells whether a record is in its stage for longer than the pipeline says; unset, if the
// pipeline says nothing of the stage. Filters take yes and no.
var Stale crm.Type = staleType{}

type staleType struct{ base }

func (staleType) String() string { return "stale flag" }

func (staleType) Kind() crm.Kind { return crm.FlagKind }

func (staleType) Computed() bool { return true }

func (staleType) Comparison() crm.Comparison { return crm.Comparison{By: crm.ByFlag, MayBeUnset: true} }

func (staleType) Show(rec crm.Record, _ int) crm.Value {
	if rec.At == nil {
		return crm.Value{}
	}
	stale, known := rec.StageAt().Stale(rec.Value(crm.FieldStageSince).Int, rec.At.Now)
	if !known {
		return crm.Value{}
	}
	return crm.Bool(stale)
}

func (staleType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	return crm.Input{}, crm.Errorf(crm.ReadOnlyField, "%s follows from the stage and cannot be set to %s; leave it out.", f.Name, norm.ShowJSON(json)).On(f.Name)
}

func (staleType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return shown.Set() && strings.TrimSpace(json) == map[int64]string{0: "false", 1: "true"}[shown.Int]
}

func (staleType) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "boolean"} }

// Stages are the stages of a pipeline, stored as one text of JSON in the form that
// pipeline.WriteStages writes. They are read and written as a whole, because each is checked
// against the others. No filter takes them.
//
// It accepts the list itself, and the text that answers show.
var Stages crm.Type = stagesType{}

type stagesType struct{ base }

func (stagesType) String() string { return "stages" }

func (stagesType) Comparison() crm.Comparison { return crm.Comparison{By: crm.ByNothing} }

func (stagesType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	list, wrong := pipeline.ReadStages(text)
	if wrong != "" {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s: %s. GET /help/pipelines has an example.", f.Name, wrong).On(f.Name)
	}
	return crm.Str(pipeline.WriteStages(list)), nil
}

func (t stagesType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if text, is := norm.Unquote(json); is {
		json = text
	}
	v, err := t.Parse(r, f, json)
	return crm.Input{Field: f, Value: v}, err
}

func (t stagesType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	return crm.Decoded{JSON: c.JSON, Whole: true}, nil
}

func (stagesType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	if text, is := norm.Unquote(json); is {
		json = text
	}
	list, wrong := pipeline.ReadStages(json)
	return wrong == "" && pipeline.WriteStages(list) == shown.Text
}

func (stagesType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Sent: []string{"string", "array"}}
}
