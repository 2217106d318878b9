package view

import (
	"fmt"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/list"
)

// MergedInto returns the keys of the records that were merged into records of a kind, by the keys of
// these.
func (v *View) MergedInto(e *crm.Entity, winners []int64) (map[int64][]int64, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	into := map[int64][]int64{}
	text := "SELECT m.winner, m.record FROM merged m WHERE m.workspace_id = $1 AND m.kind = $2 AND m.winner IN (" + fmt.Sprintf(engine.KeysFromJSON, 3) + ") ORDER BY m.record"
	err = r.Rows(v.ctx, text, []any{v.actor.Workspace, e.Name, list.KeysJSON(winners)}, func(scan func(...any) error) error {
		var winner, record int64
		err := scan(&winner, &record)
		into[winner] = append(into[winner], record)
		return err
	})
	return into, err
}

// Winners returns the keys of the records that some records were merged into, by the keys of these. Of
// records that were not merged it has none.
func (v *View) Winners(e *crm.Entity, merged []int64) (map[int64]int64, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	winners := map[int64]int64{}
	text := "SELECT m.record, m.winner FROM merged m WHERE m.workspace_id = $1 AND m.kind = $2 AND m.record IN (" + fmt.Sprintf(engine.KeysFromJSON, 3) + ")"
	err = r.Rows(v.ctx, text, []any{v.actor.Workspace, e.Name, list.KeysJSON(merged)}, func(scan func(...any) error) error {
		var record, winner int64
		err := scan(&record, &winner)
		winners[record] = winner
		return err
	})
	return winners, err
}
