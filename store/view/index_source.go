package view

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/table"
	"crmkit/store/textindex"
	"crmkit/store/txn"
)

// indexSource reads the tables for the text index.
type indexSource struct{ *Reads }

// RunIndexer fills the indexes of large workspaces until the database stops.
func (s *Reads) RunIndexer() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		select {
		case <-s.db.Stopping():
		case <-ctx.Done():
		}
	}()
	s.indexes.Run(ctx)
}

// maxAhead is how many indexes are filled before a search asks for them.
const maxAhead = 100

// FillAhead has the text of large workspaces read into memory before somebody searches
// it, the largest first. It returns at once.
func (s *Reads) FillAhead(ctx context.Context) error {
	var largest []textindex.Key
	err := s.db.Read(ctx, func(v *txn.ReadTx) error {
		return v.Rows(ctx, "SELECT workspace_id, kind FROM usage WHERE last > $1 AND n > 0 ORDER BY n DESC LIMIT $2", []any{s.indexes.InlineRecords(), maxAhead}, func(scan func(...any) error) error {
			var workspace int64
			var kind string
			err := scan(&workspace, &kind)
			at := slices.IndexFunc(s.schema.Entities, func(e *crm.Entity) bool { return e.Plural == kind })
			if at >= 0 && s.indexes.Indexes(s.schema.Entities[at]) {
				largest = append(largest, textindex.Key{Workspace: workspace, Entity: s.schema.Entities[at]})
			}
			return err
		})
	})
	s.indexes.FillAhead(largest)
	return err
}

// LastNumber returns the last record number of the kind that was given out.
func (s indexSource) LastNumber(ctx context.Context, of textindex.Key) (last int64, err error) {
	err = s.db.Read(ctx, func(v *txn.ReadTx) error {
		return v.Rows(ctx, LastNumber, []any{of.Workspace, of.Entity.Plural}, func(scan func(...any) error) error { return scan(&last) })
	})
	return last, err
}

// Rows reads a page, in the turn of the search that fills the index. Otherwise it takes one
// that belongs to no workspace: those of the workspace may all be held by searches that
// wait for this index.
func (s indexSource) Rows(ctx context.Context, page textindex.Page, each func(textindex.Row)) error {
	ctx, end, err := s.db.Turn(ctx, crm.Actor{})
	if err != nil {
		return err
	}
	defer end()
	var damaged *table.DamagedRow // which the index logs, and once, not at each try
	err = s.db.Read(ctx, func(v *txn.ReadTx) error {
		err := indexRows(ctx, v, page, each)
		if errors.As(err, &damaged) {
			return nil
		}
		return err
	})
	if damaged != nil {
		return damaged
	}
	return err
}

// indexRows reads the rows of a page.
func indexRows(ctx context.Context, v *txn.ReadTx, page textindex.Page, each func(textindex.Row)) error {
	own, refs := page.Fields.Own, page.Fields.Refs
	cells := make([]any, 2+len(own)+len(refs))
	dest := make([]any, len(cells))
	for i := range cells {
		dest[i] = &cells[i]
	}
	row := textindex.Row{Own: make([]string, len(own)), Refs: make([]int64, len(refs))}
	args := []any{page.Workspace, crm.RecordKey(page.Workspace, page.First), crm.RecordKey(page.Workspace, page.End)}
	return v.Rows(ctx, indexText(page.Fields), args, func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		err := table.Decode(func() {
			row.Key, row.UpdatedAt = cells[0].(int64), cells[1].(int64)
			for i, f := range own {
				row.Own[i] = foldOfCell(f, cells[2+i])
			}
			for i := range refs {
				row.Refs[i], _ = cells[2+len(own)+i].(int64)
			}
			each(row)
		})
		if key, ok := cells[0].(int64); err != nil && ok {
			return &table.DamagedRow{Handle: page.Entity.Name + "/" + crm.RecordID(page.Entity.Prefix, key), Cause: err}
		}
		return err
	})
}

// indexText is the SQL of a page, whose workspace and first and last keys are its
// arguments.
func indexText(fields textindex.Fields) string {
	columns := []string{"t.key", "t." + crm.FieldUpdatedAt}
	for _, f := range fields.Own {
		if f.HasFoldColumn() {
			columns = append(columns, query.FoldedSQL("t", f))
		} else {
			columns = append(columns, "t."+f.Col())
		}
	}
	for _, f := range fields.Refs {
		columns = append(columns, "t."+f.Col())
	}
	return fmt.Sprintf("SELECT %s FROM %s t WHERE %s AND t.key >= $2 AND t.key < $3", strings.Join(columns, ", "), fields.Entity.TableName(), engine.NoIndex("t.workspace_id = $1"))
}

// foldOfCell returns the folded form of a searched field. The cell has it if there is a column for it.
func foldOfCell(f *crm.Field, cell any) string {
	text, _ := cell.(string)
	switch {
	case f.HasFoldColumn():
		return text
	case f.Type.Kind() == crm.ListKind:
		return f.FoldOf(crm.Labels(table.Strings(text)))
	}
	return f.FoldOf(crm.Str(text))
}
