package past

import (
	"context"
	"fmt"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
)

// merge is an entry that changed where handles lead.
type merge struct {
	of     ref
	winner int64   // of a merge: the record that it became a part of; of a restore: that it led to until then, or 0
	led    []int64 // of a merge: records that led to it before
	undoes bool    // it is a restore
}

// noteMerge notes what an entry did to handles.
func (j *journal) noteMerge(of ref, e entry) {
	m := merge{of: of, undoes: e.action == "restore"}
	side := e.to
	if m.undoes {
		side = e.from
	}
	if to, is := j.record(changelog.MergedIntoOf(side)); is && to.entity == of.entity {
		m.winner = to.key
	}
	for _, id := range changelog.LedBy(e.from) {
		if key, fault := crm.ParseID(of.entity, j.workspace, id); fault == crm.IDOK {
			m.led = append(m.led, key)
		}
	}
	if m.winner != 0 {
		j.merges = append(j.merges, m)
	}
}

// leads is where handles led at the place, where that is not as it is now; 0: to the record itself.
type leads map[ref]int64

// readLeads reads where the handles led that merges since have changed.
func (j *journal) readLeads(ctx context.Context, v *snapshot.Tx) (leads, error) {
	now := leads{}
	for e, keys := range j.mergedKeys() {
		text := fmt.Sprintf("SELECT m.record, m.winner FROM merged m WHERE m.workspace_id = $1 AND m.kind = $2 AND (m.record IN ("+engine.KeysFromJSON+") OR m.winner IN ("+engine.KeysFromJSON+"))", 3, 3)
		err := v.Rows(ctx, text, []any{j.workspace, e.Name, keysJSON(keys)}, func(scan func(...any) error) error {
			var record, winner int64
			err := scan(&record, &winner)
			now[ref{e, record}] = winner
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, m := range j.merges {
		if !m.undoes {
			now[m.of] = 0
			for _, key := range m.led {
				now[ref{m.of.entity, key}] = m.of.key
			}
			continue
		}
		for record, winner := range now { // what led to it came back with it
			if record.entity == m.of.entity && winner == m.of.key {
				now[record] = m.winner
			}
		}
		now[m.of] = m.winner
	}
	return now, nil
}

// mergedKeys returns the records of merges since, by kind.
func (j *journal) mergedKeys() map[*crm.Entity][]int64 {
	keys := map[*crm.Entity][]int64{}
	for _, m := range j.merges {
		keys[m.of.entity] = append(keys[m.of.entity], m.of.key, m.winner)
	}
	return keys
}
