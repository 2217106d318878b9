package duplicates

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// Writer runs statements in a transaction.
type Writer interface {
	Exec(text string, args ...any) error
}

// Place is where the keys of a record are written, and what is known of others there.
type Place struct {
	Writer
	Known   *Known
	Country string
}

// Update writes what a change of a record changes in its keys. A record with nothing set has none.
func Update(w Place, before, after crm.Record) error {
	e := after.Entity
	if !alike.Knows(e) || sameFields(before, after) {
		return nil
	}
	card := alike.Of(after, w.Country)
	was, is := alike.Of(before, "").Keys(), card.Keys()
	for _, key := range was {
		if slices.ContainsFunc(is, func(k alike.Key) bool { return k.Hash == key.Hash }) {
			continue
		}
		if err := w.Exec(deleteKey, crm.RecordWorkspace(after.Key), e.Name, key.Hash, after.Key); err != nil {
			return err
		}
	}
	is = slices.DeleteFunc(is, func(key alike.Key) bool { return slices.Contains(was, key) })
	var rows []keyRow
	for _, key := range is {
		row := alike.Row{Key: key, Record: after.Key}
		rows = append(rows, keyRow{crm.RecordWorkspace(after.Key), e.Name, row})
		w.Known.add(row)
	}
	w.Known.setCard(card, w.Country)
	if err := insert(w.Exec, rows); err != nil || after.Version() > 0 {
		return err
	}
	return forget(w, after)
}

const deleteKey = "DELETE FROM duplicate_keys WHERE workspace_id = $1 AND kind = $2 AND hash = $3 AND record = $4"

// sameFields reports whether two states of a record have the same values in all fields from which keys
// are computed.
func sameFields(before, after crm.Record) bool {
	for _, name := range alike.Fields(after.Entity) {
		if at := after.Entity.Index(name); !before.Values[at].Equal(after.Values[at]) {
			return false
		}
	}
	return true
}

// keyRow is a row of duplicate_keys.
type keyRow struct {
	workspace int64
	kind      string
	alike.Row
}

// rowsAtOnce is the most rows that one statement adds.
const rowsAtOnce = 25

// insert adds rows, or replaces the sketches of those that are there.
func insert(exec func(string, ...any) error, rows []keyRow) error {
	for part := range slices.Chunk(rows, rowsAtOnce) {
		var text strings.Builder
		text.WriteString("INSERT INTO duplicate_keys (workspace_id, kind, hash, record, sketch) VALUES ")
		args := make([]any, 0, 5*len(part))
		for i, row := range part {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(" + table.Placeholders(len(args)+1, 5) + ")")
			args = append(args, row.workspace, row.kind, row.Hash, row.Record, row.Sketch)
		}
		text.WriteString(" ON CONFLICT (workspace_id, kind, hash, record) DO UPDATE SET sketch = excluded.sketch")
		if err := exec(text.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// pageRows is how many records Rebuild reads at once.
const pageRows = 500

// Rebuild computes the keys of all records anew, in the transaction of the connection. Nothing else may
// write to the database meanwhile.
func Rebuild(ctx context.Context, c engine.Conn, entities []crm.Entity) error {
	if err := c.Send("DELETE FROM duplicate_keys"); err != nil {
		return err
	}
	for i := range entities {
		if e := &entities[i]; alike.Knows(e) {
			if err := rebuild(ctx, c, e); err != nil {
				return fmt.Errorf("computing the keys of %s: %w", e.Plural, err)
			}
		}
	}
	return nil
}

// rebuild adds the keys of the records of a kind, in the order of their own keys. Records that are being
// deleted are in no workspace.
func rebuild(ctx context.Context, c engine.Conn, e *crm.Entity) error {
	r := newReader(e)
	text := fmt.Sprintf("SELECT %s FROM %s t WHERE t.key > $1 AND t.workspace_id > 0 ORDER BY t.key LIMIT %d", r.columns, e.Plural, pageRows)
	last := int64(math.MinInt64)
	for {
		var rows []keyRow
		n := 0
		err := c.Rows(ctx, text, []any{last}, func(scan func(...any) error) error {
			rec, err := r.record(scan)
			n, last = n+1, rec.Key
			if err != nil {
				return nil // a damaged record has no keys
			}
			for _, key := range alike.Of(rec, "").Keys() {
				rows = append(rows, keyRow{crm.RecordWorkspace(rec.Key), e.Name, alike.Row{Key: key, Record: rec.Key}})
			}
			return nil
		})
		if err == nil {
			err = insert(c.Send, rows)
		}
		if err != nil || n < pageRows {
			return err
		}
	}
}

// reader reads those fields of records that cards have.
type reader struct {
	entity  *crm.Entity
	fields  []int  // positions in the entity
	columns string // the key, and the columns of the fields, of the table t
}

func newReader(e *crm.Entity) reader {
	r := reader{entity: e, columns: "t.key"}
	for _, name := range alike.Fields(e) {
		r.fields = append(r.fields, e.Index(name))
		r.columns += ", t." + e.Field(name).Col()
	}
	return r
}

// record reads the row at hand. With an error the record has its key.
func (r reader) record(scan func(...any) error) (rec crm.Record, err error) {
	rec = crm.NewRecord(r.entity)
	cells := make([]any, len(r.fields))
	dest := []any{&rec.Key}
	for i := range cells {
		dest = append(dest, &cells[i])
	}
	if err := scan(dest...); err != nil {
		return rec, err
	}
	rec.ID = crm.RecordID(r.entity.Prefix, rec.Key)
	err = table.Decode(func() {
		for i, at := range r.fields {
			rec.Values[at] = table.Load(r.entity.Fields[at].Type.Kind(), cells[i])
		}
	})
	return rec, err
}
