// Package stages has the SQL of what follows from where a record is in its pipeline. It is text with
// places for arguments, and the arguments are the pipelines of a workspace: nothing is read.
//
// What it computes is what crm/pipeline computes of one record: the stage is the one of the pipeline
// whose name the record has, so a word that only means it is no stage here.
package stages

import (
	"fmt"
	"strconv"

	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
)

// Record is SQL of the values of a record that say where it is.
type Record struct {
	Pipeline, Stage string // folded
	Since           string
}

// Rows returns the stages of a kind as the argument of all statements: for each the folded names of
// pipeline and stage, its place, its probability, and after which time records in it are stale. Those of
// the default pipeline are there for records that name none, too.
func Rows(flow *pipeline.Flow, kind string) string {
	list := []byte{'['}
	if flow != nil {
		fallback := flow.Of(kind, "")
		for i := range flow.Pipelines {
			p := &flow.Pipelines[i]
			if p.Kind != kind {
				continue
			}
			list = appendStages(list, norm.Fold(p.Name), p)
			if p == fallback {
				list = appendStages(list, "", p)
			}
		}
	}
	return string(append(list, ']'))
}

// appendStages appends the stages of a pipeline under a name.
func appendStages(list []byte, name string, p *pipeline.Pipeline) []byte {
	for _, s := range p.Stages {
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = norm.AppendQuoted(append(list, '['), name)
		list = norm.AppendQuoted(append(list, ','), norm.Fold(s.Name))
		list = strconv.AppendInt(append(list, ','), s.Place, 10)
		list = append(list, ",null,"...)
		if s.Probability != nil {
			list = strconv.AppendInt(list[:len(list)-len("null,")], *s.Probability, 10)
			list = append(list, ',')
		}
		if s.StaleAfter == 0 {
			list = append(list, "null]"...)
			continue
		}
		list = append(strconv.AppendInt(list, s.StaleAfter, 10), ']')
	}
	return list
}

// of returns SQL of a value of the stage of the record. rows is the placeholder of Rows.
func (r Record) of(rows, value string) string {
	return fmt.Sprintf("(SELECT %s FROM rows_of(%s) w WHERE w.value ->> 0 = COALESCE(%s, '') AND w.value ->> 1 = %s)", value, rows, r.Pipeline, r.Stage)
}

// The columns of a stage as numbers.
const (
	place       = "CAST(w.value ->> 2 AS BIGINT)"
	probability = "CAST(w.value ->> 3 AS BIGINT)"
	staleAfter  = "CAST(w.value ->> 4 AS BIGINT)"
)

// Place returns SQL of the place of the stage, NULL if the record has no stage of its pipeline.
func (r Record) Place(rows string) string { return r.of(rows, place) }

// Stale returns SQL of whether the record is stale at a time, NULL if nothing says that. now is a placeholder.
func (r Record) Stale(rows, now string) string {
	return r.of(rows, "CASE WHEN "+now+" - "+r.Since+" > "+staleAfter+" THEN 1 WHEN "+staleAfter+" IS NOT NULL AND "+r.Since+" IS NOT NULL THEN 0 END")
}

// Weighted returns SQL of a number times the probability, rounded half to even as pipeline.Stage.Weighted does,
// NULL if one of the two is not known.
func (r Record) Weighted(rows, number string) string {
	whole := fmt.Sprintf("(%s / 100 * %s + %s %% 100 * %s / 100)", number, probability, number, probability)
	rest := fmt.Sprintf("(%s %% 100 * %s %% 100)", number, probability)
	return r.of(rows, fmt.Sprintf("%s + CASE WHEN %s > 50 OR %s = 50 AND %s %% 2 <> 0 THEN 1 WHEN %s < -50 OR %s = -50 AND %s %% 2 <> 0 THEN -1 ELSE 0 END",
		whole, rest, rest, whole, rest, rest, whole))
}

// Days returns SQL of the whole days since a time. now is a placeholder.
func (r Record) Days(now string) string {
	return fmt.Sprintf("(CASE WHEN %s > %s THEN 0 ELSE (%s - %s) / 86400000 END)", r.Since, now, now, r.Since)
}
