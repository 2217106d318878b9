package past

import (
	"encoding/json"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
)

// Entries of versions before the present form of the log have neither the time of the last change before them, nor who made
// it, nor who made the record. The entries before them say so.

// stamp is when an entry was made, and by whom.
type stamp struct {
	at int64
	by string
}

// history are the first and the last entry of a record up to the place.
type history struct{ first, last stamp }

// stampOld sets the stamps of records whose first entry after the place is an old one.
func (p *Past) stampOld() error {
	var handles []string
	for of, st := range p.journal.states {
		if st.old && !st.absent && p.journal.needs[of.entity] {
			handles = append(handles, of.entity.Name+"/"+crm.RecordID(of.entity.Prefix, of.key))
		}
	}
	slices.Sort(handles)
	for some := range slices.Chunk(handles, keysAtOnce) {
		known, err := p.histories(some)
		if err != nil {
			return err
		}
		for handle, h := range known {
			of, _ := p.journal.record(handle)
			if rec, there := p.kind(of.entity).then[of.key]; there {
				h.put(rec)
			}
		}
	}
	return nil
}

// histories reads the histories of records, by their handles.
func (p *Past) histories(handles []string) (map[string]history, error) {
	known := map[string]history{}
	arg, _ := json.Marshal(handles) // cannot fail: a list of texts
	text := "SELECT l.target, l.at, COALESCE(o.actor, '') FROM " + engine.JoinInOrder(fmt.Sprintf("items_of($%d) v", 2), "log l") +
		" LEFT JOIN origins o ON o.key = l.origin WHERE l.workspace_id = $1 AND l.target = v.value AND l.key <= $3 ORDER BY l.key"
	return known, p.tx.Rows(p.ctx, text, []any{p.workspace, string(arg), crm.RecordKey(p.workspace, p.Number)}, func(scan func(...any) error) error {
		var handle string
		var is stamp
		if err := scan(&handle, &is.at, &is.by); err != nil {
			return err
		}
		h, later := known[handle]
		if h.last = is; !later {
			h.first = is
		}
		known[handle] = h
		return nil
	})
}

// put gives a record the stamps that its entry lacks.
func (h history) put(rec crm.Record) {
	rec.Set(crm.FieldUpdatedAt, crm.Millis(h.last.at))
	rec.Set(crm.FieldUpdatedBy, crm.Str(h.last.by))
	if !rec.Value(crm.FieldCreatedAt).Set() {
		rec.Set(crm.FieldCreatedAt, crm.Millis(h.first.at))
		rec.Set(crm.FieldCreatedBy, crm.Str(h.first.by))
	}
}
