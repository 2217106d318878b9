// Package refold computes the folded forms of a whole file anew, and the digests of plain forms,
// after a version that folds text in another way (norm.Fold) or more text. An upgrade runs it once, in its transaction: readers and writers
// of the file come after it, so they never see two forms of the same text.
//
// It writes only the forms that differ. It reads some hundred rows at a time, so its memory does not
// grow with the file. A value that is not a text is damaged, and stays as it is.
package refold

import (
	"context"
	"fmt"
	"math"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// foldedRows are the rows of a table with columns that have the folded form of others.
type foldedRows struct {
	name    string
	keys    []string // the whole numbers of its primary key
	columns []foldedColumn
	where   string // a condition on the rows; empty: all
}

// foldedColumn is a column with a text, and the column with its folded form or the digest of its
// plain form.
type foldedColumn struct {
	value, fold string
	form        func(text string) any // the SQL argument of the folded form; panics if the text is damaged
	items       string                // the kind of the items in list_values, if those are folded too
}

// Run computes all folded forms, in the transaction of the connection.
func Run(ctx context.Context, c engine.Conn, entities []crm.Entity) error {
	for _, t := range foldedTables(entities) {
		if err := t.walk(ctx, c); err != nil {
			return fmt.Errorf("folding %s: %w", t.name, err)
		}
	}
	return foldImported(ctx, c)
}

// foldedTables returns the tables with folded forms: of the entities, of their labels and custom
// values, and of the views.
func foldedTables(entities []crm.Entity) []foldedRows {
	name := foldedColumn{value: "name", fold: "name_fold", form: func(text string) any { return norm.Fold(text) }}
	plainName := foldedColumn{value: "name", fold: "name_plain", form: table.PlainUnlessSame}
	text := func(name string) foldedColumn {
		return foldedColumn{value: name, fold: name + "_fold", form: table.FoldUnlessSame}
	}
	address := func(name string) foldedColumn {
		return foldedColumn{value: name, fold: name + "_fold", form: table.FoldHostsUnlessSame}
	}
	list := []foldedRows{
		{name: "workspaces", keys: []string{"number"}, columns: []foldedColumn{name, plainName, text("time_zone"), text("country")}},
		{name: "tokens", keys: []string{"key"}, columns: []foldedColumn{name, plainName}},
		{name: "members", keys: []string{"key"}, columns: []foldedColumn{address("email"), address("invited_by")}},
		{name: "origins", keys: []string{"key"}, columns: []foldedColumn{address("actor"), text("addr")}},
		// A handle is its own folded form. An index finds the other targets, which are addresses.
		{name: "log", keys: []string{"key"}, columns: []foldedColumn{text("target")}, where: "key IN (SELECT l.key FROM log l WHERE l.target LIKE '%@%')"},
		{name: "names", keys: []string{"key"}, columns: []foldedColumn{{value: "name", fold: "fold", form: table.FoldUnlessSame}}},
		{name: "custom_values", keys: []string{"name_id", "record"}, columns: []foldedColumn{{value: "text", fold: "fold", form: table.FoldUnlessSame}}},
	}
	for i := range entities {
		if t := foldedEntity(&entities[i]); len(t.columns) > 0 {
			list = append(list, t)
		}
	}
	return list
}

// foldedEntity returns the table of an entity with its folded forms.
func foldedEntity(e *crm.Entity) foldedRows {
	t := foldedRows{name: e.Plural, keys: []string{"key"}}
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.Stored() || !f.HasFoldColumn() {
			continue
		}
		column := foldedColumn{value: f.Col(), fold: f.Col() + "_fold", form: func(text string) any { return table.FieldValues(f, table.Load(f.Type.Kind(), text))[1] }}
		if f.HasItems() && f.ComparesFolds() {
			column.items = e.ItemKind(f)
		}
		if t.columns = append(t.columns, column); f.HasPlainColumn() {
			t.columns = append(t.columns, foldedColumn{value: f.Col(), fold: f.Col() + "_plain", form: table.PlainUnlessSame})
		}
	}
	return t
}

// pageRows is how many rows are read at once.
const pageRows = 500

// walk folds the rows in the order of their keys.
func (t foldedRows) walk(ctx context.Context, c engine.Conn) error {
	last := make([]any, len(t.keys))
	for i := range last {
		last[i] = int64(math.MinInt64)
	}
	columns := t.keys
	for _, column := range t.columns {
		columns = append(columns[:len(columns):len(columns)], column.value, column.fold)
	}
	keys := strings.Join(t.keys, ", ")
	where := fmt.Sprintf("(%s) > (%s)", keys, table.Placeholders(1, len(last)))
	if t.where != "" {
		where += " AND " + t.where
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %d", strings.Join(columns, ", "), t.name, where, keys, pageRows)
	for {
		var page [][]any
		err := c.Rows(ctx, text, last, func(scan func(...any) error) error {
			row, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				dest[i] = &row[i]
			}
			page = append(page, row)
			return scan(dest...)
		})
		if err == nil {
			err = t.write(c, page)
		}
		if err != nil || len(page) < pageRows {
			return err
		}
		last = page[len(page)-1][:len(t.keys)]
	}
}

// write writes the folded forms of rows that have other ones.
func (t foldedRows) write(c engine.Conn, page [][]any) error {
	for _, row := range page {
		var sets []string
		var args []any
		for i, column := range t.columns {
			value, fold := row[len(t.keys)+2*i], row[len(t.keys)+2*i+1]
			text, isText := value.(string)
			var form any
			if !isText || table.Decode(func() { form = column.form(text) }) != nil || form == fold { // unset, damaged, or right
				continue
			}
			args = append(args, form)
			sets = append(sets, fmt.Sprintf("%s = $%d", column.fold, len(args)))
			if err := column.replaceItems(c, row[0], fold, form); err != nil {
				return err
			}
		}
		if len(sets) == 0 {
			continue
		}
		text := fmt.Sprintf("UPDATE %s SET %s WHERE (%s) = (%s)", t.name, strings.Join(sets, ", "), strings.Join(t.keys, ", "), table.Placeholders(len(args)+1, len(t.keys)))
		if _, err := c.Exec(text, append(args, row[:len(t.keys)]...)...); err != nil {
			return err
		}
	}
	return nil
}

// replaceItems replaces the items of a record in list_values, which are those of its folded form.
// A record that is being deleted may have none there.
func (column foldedColumn) replaceItems(c engine.Conn, key, fold, form any) error {
	record, isRecord := key.(int64)
	was, _ := fold.(string)
	is, _ := form.(string)
	if column.items == "" || !isRecord {
		return nil
	}
	had := int64(0)
	for item := range strings.SplitSeq(was, "\t") {
		n, err := c.Exec(table.DeleteItem, crm.RecordWorkspace(record), column.items, item, record)
		if err != nil {
			return err
		}
		had += n
	}
	for item := range strings.SplitSeq(is, "\t") {
		if had == 0 {
			break
		}
		if _, err := c.Exec(table.InsertItem, crm.RecordWorkspace(record), column.items, item, record); err != nil {
			return err
		}
	}
	return nil
}

// importedName is the row of a record that an import found or made by its name.
type importedName struct {
	workspace      int64
	kind, id, fold string
	record         int64
}

// foldImported folds the names under which imports remember records. Of two names that became
// equal, the first keeps its record.
func foldImported(ctx context.Context, c engine.Conn) error {
	last := importedName{workspace: math.MinInt64}
	for {
		var page []importedName
		text := fmt.Sprintf("SELECT workspace_id, kind, id, record FROM imported WHERE source = 'name' AND (workspace_id, kind, id) > ($1, $2, $3) ORDER BY workspace_id, kind, id LIMIT %d", pageRows)
		err := c.Rows(ctx, text, []any{last.workspace, last.kind, last.id}, func(scan func(...any) error) error {
			var n importedName
			err := scan(&n.workspace, &n.kind, &n.id, &n.record)
			n.fold = norm.Fold(n.id)
			page = append(page, n)
			return err
		})
		for _, n := range page {
			if err == nil && n.fold != n.id {
				err = n.replace(c)
			}
		}
		if err != nil || len(page) < pageRows {
			return err
		}
		last = page[len(page)-1]
	}
}

// replace replaces the row by one with the folded name, and corrects the bytes that the workspace
// stores.
func (n importedName) replace(c engine.Conn) error {
	added, err := c.Exec("INSERT INTO imported (workspace_id, source, kind, id, record) VALUES ($1, 'name', $2, $3, $4) ON CONFLICT DO NOTHING", n.workspace, n.kind, n.fold, n.record)
	if err != nil {
		return err
	}
	if _, err := c.Exec("DELETE FROM imported WHERE workspace_id = $1 AND source = 'name' AND kind = $2 AND id = $3", n.workspace, n.kind, n.id); err != nil {
		return err
	}
	grew := added*int64(table.Bytes("name", n.kind, n.fold)) - int64(table.Bytes("name", n.kind, n.id))
	_, err = c.Exec("UPDATE usage SET n = n + $1 WHERE workspace_id = $2 AND kind = 'storage'", grew, n.workspace)
	return err
}
