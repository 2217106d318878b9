package words

import (
	"context"
	"fmt"
	"math"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/spelling"
	"crmkit/store/table"
)

// pageRows is how many records are read at once. maxUnwritten is how many counts are collected
// before they are written, so that the memory does not grow with the database.
const (
	pageRows     = 2000
	maxUnwritten = 100_000
)

// Rebuild counts the words of all records anew, in the transaction of the connection. Nothing else
// may write to the database meanwhile: the caller has locked all heads, or is its only user.
func Rebuild(ctx context.Context, c engine.Conn, schema *crm.Schema) error {
	if err := c.Send("DELETE FROM words"); err != nil {
		return err
	}
	r := &rebuild{conn: c}
	for _, e := range schema.Entities {
		if err := r.count(ctx, e); err != nil {
			return fmt.Errorf("counting the words of %s: %w", e.Plural, err)
		}
	}
	return r.write()
}

// rebuild is a count that runs.
type rebuild struct {
	conn    engine.Conn
	changes Changes
}

func (r *rebuild) write() error {
	changes := r.changes
	r.changes = nil
	return changes.Write(r.conn.Send)
}

// count counts the words of the records of an entity, in the order of their keys. Records that are
// being deleted are in no workspace.
func (r *rebuild) count(ctx context.Context, e *crm.Entity) error {
	source := spelling.SourceOf(e)
	if e.IsView() || len(source.Fields) == 0 {
		return nil
	}
	columns := []string{"key", "workspace_id"}
	for _, f := range source.Fields {
		columns = append(columns, f.Col())
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE key > $1 AND workspace_id > 0 ORDER BY key LIMIT %d", strings.Join(columns, ", "), e.Plural, pageRows)
	for last, n := int64(math.MinInt64), pageRows; n == pageRows; {
		n = 0
		err := r.conn.Rows(ctx, text, []any{last}, func(scan func(...any) error) (err error) {
			n++
			last, err = r.countRow(e, source, scan)
			return err
		})
		if err == nil && len(r.changes) > maxUnwritten {
			err = r.write()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countRow counts the words of the row at hand, and returns its key.
func (r *rebuild) countRow(e *crm.Entity, source spelling.Source, scan func(...any) error) (key int64, err error) {
	var workspace int64
	cells := make([]any, len(source.Fields))
	dest := []any{&key, &workspace}
	for i := range cells {
		dest = append(dest, &cells[i])
	}
	if err := scan(dest...); err != nil {
		return key, err
	}
	none, rec := crm.NewRecord(e), crm.NewRecord(e)
	err = table.Decode(func() {
		for i, f := range source.Fields {
			rec.Set(f.Name, table.Load(f.Type.Kind(), cells[i]))
		}
	})
	if err != nil {
		return key, &table.DamagedRow{Handle: e.Name + "/" + crm.RecordID(e.Prefix, key), Cause: err}
	}
	r.changes = r.changes.Add(workspace, e.Name, source.Changes(none, rec))
	return key, nil
}
