// Package visits keeps in which stages records were, and for how long: the table stage_visits. A
// list of visits follows from the stages and times that the log of a record has, by the rule
// pipeline.Move.Follow; it is kept so that an answer about thousands of records reads no log.
//
// The visits of a record are written in the transaction that changes its stage. They stay when the
// record is deleted, since it may come back, and nothing reads them until then; a purge deletes
// them.
package visits

import (
	"context"
	"slices"

	"crmkit/crm"
	"crmkit/crm/pipeline"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Max is how many visits of a record are kept, the last ones. So they are bounded by the records; they are no part of
// the storage of a workspace, which has the same words in the log.
const Max = 500

// columns are the columns of a visit, without those that name the record.
const columns = "COALESCE(v.pipeline, ''), v.stage, COALESCE(v.entered_at, 0), COALESCE(v.left_at, 0), v.actor"

// ofRecord is SQL of the visits of a record: $1 is the workspace, $2 the kind, $3 the key.
const ofRecord = "SELECT " + columns + ", v.n FROM stage_visits v WHERE v.workspace_id = $1 AND v.kind = $2 AND v.record = $3 ORDER BY v.n"

// scanVisit reads a row of columns.
func scanVisit(scan func(...any) error, more ...any) (v pipeline.Visit, err error) {
	err = scan(append([]any{&v.Pipeline, &v.Stage, &v.Entered, &v.Left, &v.By}, more...)...)
	return v, err
}

// stateOf returns where a record is. The words of a record that has no stage say nothing.
func stateOf(rec crm.Record) (s pipeline.State) {
	if stage := rec.Value(crm.FieldStage); stage.Set() {
		s = pipeline.State{Pipeline: rec.Value(crm.FieldPipeline).Text, Stage: stage.Text, Since: rec.Value(crm.FieldStageSince).Int}
	}
	return s
}

// Update writes what a change of a record changes in its visits.
func Update(tx *txn.Tx, before, after crm.Record) error {
	if !after.Entity.HasStages() || after.Version() == 0 {
		return nil
	}
	m := pipeline.Move{From: stateOf(before), To: stateOf(after), Now: tx.Now(), By: tx.Actor.Email}
	if m.From == m.To {
		return nil
	}
	if p := tx.Actor.At(0).Flow().Of(after.Entity.Name, m.To.Pipeline); p != nil && m.From.Stage != "" && m.From.Since == m.To.Since {
		m.Renamed = p.Same(m.From.Stage, m.To.Stage)
	}
	r := record{tx, after.Entity.Name, after.Key}
	if before.Version() == 0 && after.Version() == 1 { // it is new, so it has none
		return r.insert(1, m.Follow(nil))
	}
	was, first, err := r.read()
	if err != nil {
		return err
	}
	is := m.Follow(was)
	same := 0
	for same < min(len(was), len(is)) && was[same] == is[same] {
		same++
	}
	if err := r.delete("n >= $4", first+int64(same)); err != nil {
		return err
	}
	if len(is) > Max {
		if err := r.delete("n < $4", first+int64(len(is)-Max)); err != nil {
			return err
		}
	}
	return r.insert(first+int64(same), is[same:])
}

// record is a record whose visits are written.
type record struct {
	*txn.Tx
	kind string
	key  int64
}

// read returns the visits, and the number of the first one.
func (r record) read() (list []pipeline.Visit, first int64, err error) {
	first = 1
	err = r.Rows(ofRecord, []any{r.Actor.Workspace, r.kind, r.key}, func(scan func(...any) error) error {
		var n int64
		v, err := scanVisit(scan, &n)
		if len(list) == 0 {
			first = n
		}
		list = append(list, v)
		return err
	})
	return list, first, err
}

// delete deletes visits by a condition on their number.
func (r record) delete(condition string, n int64) error {
	return r.Exec("DELETE FROM stage_visits WHERE workspace_id = $1 AND kind = $2 AND record = $3 AND "+condition, r.Actor.Workspace, r.kind, r.key, n)
}

// insert adds visits under the numbers from one on.
func (r record) insert(n int64, list []pipeline.Visit) error {
	for i, v := range list {
		err := r.Exec("INSERT INTO stage_visits (workspace_id, kind, record, n, pipeline, stage, entered_at, left_at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			r.Actor.Workspace, r.kind, r.key, n+int64(i), table.Arg(crm.Str(v.Pipeline)), v.Stage, table.NullNumber(v.Entered, 0), table.NullNumber(v.Left, 0), v.By)
		if err != nil {
			return err
		}
	}
	return nil
}

// Erase deletes the visits of a record for good.
func Erase(tx *txn.Tx, e *crm.Entity, key int64) error {
	if !e.HasStages() {
		return nil
	}
	return record{tx, e.Name, key}.delete("n >= $4", 0)
}

// Forget deletes the visits of a record to a stage that it has left.
func Forget(tx *txn.Tx, e *crm.Entity, key int64, stage string) error {
	if !e.HasStages() {
		return nil
	}
	return tx.Exec("DELETE FROM stage_visits WHERE workspace_id = $1 AND kind = $2 AND record = $3 AND stage = $4 AND left_at IS NOT NULL", tx.Actor.Workspace, e.Name, key, stage)
}

// Rows runs a read of committed rows.
type Rows func(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error

// Of returns the visits of a record, the first one first.
func Of(ctx context.Context, rows Rows, rec crm.Record) (list []pipeline.Visit, err error) {
	var n int64
	err = rows(ctx, ofRecord, []any{crm.RecordWorkspace(rec.Key), rec.Entity.Name, rec.Key}, func(scan func(...any) error) error {
		v, err := scanVisit(scan, &n)
		list = append(list, v)
		return err
	})
	return slices.Clip(list), err
}
