package visits

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/store/txn"
)

// MaxStays is how many stays in a stage are read, those that began last.
const MaxStays = 2000

// Stage names the stays in one stage: of records of a kind, in a pipeline, under any of some names. Records have a name in
// any case and with or without accents, as in all that is said of stages; the words that they have are found first,
// so that an index finds the rest.
type Stage struct {
	Entity   *crm.Entity
	Pipeline *pipeline.Pipeline
	Names    []string // the one that it has and those that it had
	Default  bool     // records that name no pipeline are in it
}

// spelled returns names, and the words that are one of them in another spelling.
func spelled(names, words []string) []string {
	list, folds := slices.Clone(names), map[string]bool{}
	for _, name := range names {
		folds[norm.Fold(name)] = true
	}
	for _, word := range words {
		if folds[norm.Fold(word)] && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

// stagesText reads the words of the visits of a kind, each with one step into the index of stages.
var stagesText = fmt.Sprintf(`WITH RECURSIVE w(word, n) AS (
		SELECT (SELECT MIN(v.stage) FROM stage_visits v WHERE v.workspace_id = $1 AND v.kind = $2), 1
		UNION ALL SELECT (SELECT MIN(v.stage) FROM stage_visits v WHERE v.workspace_id = $1 AND v.kind = $2 AND v.stage > w.word), w.n + 1 FROM w WHERE w.word IS NOT NULL AND w.n <= %d)
	SELECT word FROM w WHERE word IS NOT NULL`, maxUsed)

// Stays returns, for each of some stages of a pipeline, the last stays of the records that are there, of those whose
// begin is known.
func Stays(ctx context.Context, rows Rows, workspace int64, stages []Stage) (lists [][]pipeline.Stay, err error) {
	var words []string
	if len(stages) == 0 {
		return nil, nil
	}
	err = rows(ctx, stagesText, []any{workspace, stages[0].Entity.Name}, func(scan func(...any) error) error {
		words = append(words, "")
		return scan(&words[len(words)-1])
	})
	if err != nil {
		return nil, err
	}
	s := stages[0]
	pipelines, err := inUse(rows.in(ctx), workspace, s.Entity, crm.FieldPipeline)
	if err != nil {
		return nil, err
	}
	named := norm.QuoteList(spelled([]string{s.Pipeline.Name}, wordsOf(pipelines)))
	for _, s := range stages {
		var list []pipeline.Stay
		for _, word := range spelled(s.Names, words) {
			stays, err := s.under(ctx, rows, []any{workspace, s.Entity.Name, word, named, crm.Bool(s.Default).Int})
			if list = append(list, stays...); err != nil {
				return nil, err
			}
		}
		slices.SortStableFunc(list, func(a, b pipeline.Stay) int { return cmp.Compare(b.Entered, a.Entered) })
		lists = append(lists, list[:min(len(list), MaxStays)])
	}
	return lists, nil
}

// under returns the last stays under one word. args are those of the statement.
func (s Stage) under(ctx context.Context, rows Rows, args []any) (list []pipeline.Stay, err error) {
	text := fmt.Sprintf(`SELECT v.record, v.entered_at, COALESCE(v.left_at, 0), COALESCE(t.stage, '') FROM stage_visits v JOIN %s t ON t.key = v.record
		WHERE v.workspace_id = $1 AND t.workspace_id = $1 AND v.kind = $2 AND v.stage = $3 AND v.entered_at IS NOT NULL
		AND (v.pipeline IN (SELECT value FROM items_of($4)) OR v.pipeline IS NULL AND $5 = 1) ORDER BY v.entered_at DESC LIMIT %d`, s.Entity.Plural, MaxStays)
	err = rows(ctx, text, args, func(scan func(...any) error) error {
		var stay pipeline.Stay
		var now string
		err := scan(&stay.Record, &stay.Entered, &stay.Left, &now)
		if is := s.Pipeline.Find(now); is != nil {
			stay.Is = is.Is
		}
		list = append(list, stay)
		return err
	})
	return list, err
}

// Holding returns the keys of the records that have one of the names as their stage now, at most a number
// of them.
func (s Stage) Holding(tx *txn.Tx, most int) (keys []int64, err error) {
	used, err := inUse(tx.Rows, tx.Actor.Workspace, s.Entity, crm.FieldStage)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`SELECT t.key FROM %s t WHERE t.workspace_id = $1 AND t.stage IN (SELECT value FROM items_of($2))
		AND (COALESCE(t.pipeline_fold, t.pipeline) = $3 OR t.pipeline IS NULL AND $4 = 1) ORDER BY t.key LIMIT $5`, s.Entity.Plural)
	args := []any{tx.Actor.Workspace, norm.QuoteList(spelled(s.Names, wordsOf(used))), norm.Fold(s.Pipeline.Name), crm.Bool(s.Default).Int, most}
	err = tx.Rows(text, args, func(scan func(...any) error) error {
		keys = append(keys, 0)
		return scan(&keys[len(keys)-1])
	})
	return keys, err
}

// Used is a stage and how many records have it.
type Used struct {
	Stage string
	N     int64
}

// maxUsed is how many words in use are read, the most frequent ones.
const maxUsed = 1000

// InUse returns the stages that records of a kind have. The counts are kept, so it reads no record.
func InUse(ctx context.Context, rows Rows, workspace int64, e *crm.Entity) (list []Used, err error) {
	return inUse(rows.in(ctx), workspace, e, crm.FieldStage)
}

// run is a read, of committed rows or in a transaction.
type run func(text string, args []any, each func(scan func(...any) error) error) error

// in returns the read with a context.
func (r Rows) in(ctx context.Context) run {
	return func(text string, args []any, each func(scan func(...any) error) error) error {
		return r(ctx, text, args, each)
	}
}

// inUse returns the words of a field that records of a kind have.
func inUse(rows run, workspace int64, e *crm.Entity, field string) (list []Used, err error) {
	text := fmt.Sprintf("SELECT value, n FROM values_in_use WHERE workspace_id = $1 AND kind = $2 AND field = $3 ORDER BY n DESC, value LIMIT %d", maxUsed)
	err = rows(text, []any{workspace, e.Name, field}, func(scan func(...any) error) error {
		list = append(list, Used{})
		return scan(&list[len(list)-1].Stage, &list[len(list)-1].N)
	})
	return list, err
}

// wordsOf returns the words in use.
func wordsOf(used []Used) (words []string) {
	for _, u := range used {
		words = append(words, u.Stage)
	}
	return words
}
