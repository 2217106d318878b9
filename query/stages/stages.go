// Package stages has the SQL of what follows from where a record is in its pipeline. It is text with
// places for arguments, and the arguments are the pipelines of a workspace: nothing is read.
//
// What it computes is what crm/pipeline computes of one record: the stage is the one of the pipeline
// whose name the record has, so a word that only means it is no stage here.
//
// The SQL is evaluated for every record of a list that is sorted or filtered by it. So it compares the
// two words of the record with those of the pipelines, one CASE in another: a join, or a table made of
// an argument, is made anew for each record.
package stages

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// Record is SQL of the values of a record that say where it is, and the pipelines that it may be in.
type Record struct {
	Pipeline, Stage string // folded
	Since           string
	Flow            *pipeline.Flow
	Kind            string
	Arg             func(any) string // adds an argument and returns its placeholder
}

// of returns SQL of a number that stages have, NULL if the record has no stage of its pipeline or that has
// no number. Records that name no pipeline are in the default one.
func (r Record) of(number func(*pipeline.Stage) (n int64, set bool)) string {
	var cases strings.Builder
	for i := 0; r.Flow.Has(r.Kind) && i < len(r.Flow.Pipelines); i++ {
		if p := &r.Flow.Pipelines[i]; p.Kind == r.Kind {
			r.appendStages(&cases, p, number)
		}
	}
	if cases.Len() == 0 {
		return "CAST(NULL AS BIGINT)"
	}
	fallback := r.Arg(norm.Fold(r.Flow.Of(r.Kind, "").Name))
	return fmt.Sprintf("CAST(CASE COALESCE(%s, %s)%s END AS BIGINT)", r.Pipeline, fallback, cases.String())
}

// appendStages appends the case of the records in a pipeline.
func (r Record) appendStages(b *strings.Builder, p *pipeline.Pipeline, number func(*pipeline.Stage) (n int64, set bool)) {
	begun := false
	for i := range p.Stages {
		n, set := number(&p.Stages[i])
		if !set {
			continue
		}
		if !begun {
			fmt.Fprintf(b, " WHEN %s THEN CASE %s", r.Arg(norm.Fold(p.Name)), r.Stage)
			begun = true
		}
		fmt.Fprintf(b, " WHEN %s THEN %d", r.Arg(norm.Fold(p.Stages[i].Name)), n)
	}
	if begun {
		b.WriteString(" END")
	}
}

// Value returns SQL of the value of a computed field at a time, or of the place of the stage for the field stage. column
// is the SQL of another field of the record.
func (r Record) Value(f *crm.Field, column func(name string) string, now int64) string {
	switch of := f.OfStage(); {
	case of == nil:
		return r.Place()
	case of.Outcome != "":
		return wonPercent(column(of.Outcome))
	case of.Start != "":
		return r.daysBetween(column(of.Start), column(of.End), now)
	case of.Number != "":
		return r.Weighted(column(of.Number))
	case f.Type.Comparison().By == crm.ByNumber:
		return r.Days(now)
	}
	return r.Stale(now)
}

// time returns SQL of a time. It is an argument, so that a question is the same statement at any time.
func (r Record) time(n int64) string { return "CAST(" + r.Arg(n) + " AS BIGINT)" }

// Place returns SQL of the place of the stage, NULL if the record has no stage of its pipeline.
func (r Record) Place() string {
	return r.of(func(s *pipeline.Stage) (int64, bool) { return s.Place, true })
}

// Stale returns SQL of whether the record is stale at a time, NULL if nothing says that.
func (r Record) Stale(now int64) string {
	after := r.of(func(s *pipeline.Stage) (int64, bool) { return s.StaleAfter, s.StaleAfter != 0 })
	return fmt.Sprintf("(CASE %s - %s > %s WHEN TRUE THEN 1 WHEN FALSE THEN 0 END)", r.time(now), r.Since, after)
}

// Weighted returns SQL of a number times the probability, rounded half to even as pipeline.Stage.Weighted does,
// NULL if one of the two is not known. The probability has a subquery of its own, and that a limit, so that
// it is computed once.
func (r Record) Weighted(number string) string {
	probability := r.of(func(s *pipeline.Stage) (int64, bool) {
		if s.Probability == nil {
			return 0, false
		}
		return *s.Probability, true
	})
	whole := fmt.Sprintf("(%s / 100 * w.p + %[1]s %% 100 * w.p / 100)", number)
	rest := fmt.Sprintf("(%s %% 100 * w.p %% 100)", number)
	rounded := fmt.Sprintf("%s + CASE WHEN %s > 50 OR %[2]s = 50 AND %[1]s %% 2 <> 0 THEN 1 WHEN %[2]s < -50 OR %[2]s = -50 AND %[1]s %% 2 <> 0 THEN -1 ELSE 0 END", whole, rest)
	return fmt.Sprintf("(SELECT %s FROM (SELECT %s AS p LIMIT 1) w)", rounded, probability)
}

// wonPercent returns SQL of 100 for the outcome won, 0 for lost, and NULL for others.
func wonPercent(outcome string) string {
	return fmt.Sprintf("CAST(CASE %s WHEN '%s' THEN 100 WHEN '%s' THEN 0 END AS BIGINT)", outcome, pipeline.Won, pipeline.Lost)
}

// daysBetween returns SQL of the whole days between two times, of which an unset second one is now.
func (r Record) daysBetween(start, end string, now int64) string {
	end = "COALESCE(" + end + ", " + r.time(now) + ")"
	return fmt.Sprintf("CAST(CASE WHEN %s > %s THEN 0 ELSE (%[2]s - %[1]s) / 86400000 END AS BIGINT)", start, end)
}

// Days returns SQL of the whole days since a time.
func (r Record) Days(now int64) string {
	at := r.time(now)
	return fmt.Sprintf("CAST(CASE WHEN %s > %s THEN 0 ELSE (%[2]s - %[1]s) / 86400000 END AS BIGINT)", r.Since, at)
}
