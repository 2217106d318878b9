package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
)

// tablesText reads the columns of the tables of the schema, with their place in the key from 1 on, 0 of
// others.
const tablesText = `SELECT k.relname, a.attname, format_type(a.atttypid, NULL), COALESCE(array_position(i.indkey::int[], a.attnum::int), -1) + 1
	FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = k.oid
	LEFT JOIN pg_catalog.pg_index i ON i.indrelid = k.oid AND i.indisprimary
	WHERE n.nspname = current_schema() AND k.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY k.relname COLLATE "C", a.attnum`

// Tables implements engine.Whole.
func (w *Whole) Tables(ctx context.Context) (list []engine.Table, err error) {
	places := map[string]map[int]int{}
	err = w.Rows(ctx, tablesText, nil, func(scan func(...any) error) error {
		var table, kind string
		var c engine.Column
		var place int
		err := scan(&table, &c.Name, &kind, &place)
		c.Text = kind == "text"
		if len(list) == 0 || list[len(list)-1].Name != table {
			list = append(list, engine.Table{Name: table})
			places[table] = map[int]int{}
		}
		t := &list[len(list)-1]
		if place > 0 {
			places[table][place] = len(t.Columns)
		}
		t.Columns = append(t.Columns, c)
		return err
	})
	for i := range list {
		key := places[list[i].Name]
		for place := range len(key) {
			list[i].Key = append(list[i].Key, key[place+1])
		}
	}
	return list, err
}

// partsText reads the indexes that belong to no constraint, then the references.
const partsText = `SELECT t.relname, x.relname, pg_get_indexdef(i.indexrelid), 'index'
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
	WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
	UNION ALL SELECT t.relname, c.conname, pg_get_constraintdef(c.oid), 'reference'
	FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
	WHERE n.nspname = current_schema() AND c.contype = 'f' ORDER BY 4, 1, 2`

// Parts implements engine.Whole.
func (w *Whole) Parts(ctx context.Context) (list []engine.Part, err error) {
	err = w.Rows(ctx, partsText, nil, func(scan func(...any) error) error {
		var p engine.Part
		var text, kind string
		err := scan(&p.Table, &p.Name, &text, &kind)
		p.Drop, p.Make = "DROP INDEX "+engine.Quote(p.Name), text
		if kind == "reference" {
			alter := "ALTER TABLE " + engine.Quote(p.Table)
			p.Drop, p.Make = alter+" DROP CONSTRAINT "+engine.Quote(p.Name), alter+" ADD CONSTRAINT "+engine.Quote(p.Name)+" "+text
		}
		list = append(list, p)
		return err
	})
	return list, err
}

// Run implements engine.Whole.
func (w *Whole) Run(ctx context.Context, text string) error {
	err := w.script(ctx, text)
	if isLocked(err) {
		err = fmt.Errorf("servers read from %s; stop them first", w.Name())
	}
	return err
}

// Read implements engine.Whole. It reads the rows as PostgreSQL sends them, because there are many.
func (w *Whole) Read(ctx context.Context, t engine.Table, after []any, each func(row []any) error) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	key := make([][]byte, len(after))
	for i, value := range after {
		key[i] = fmt.Append(nil, value)
	}
	reader := w.conn.PgConn().ExecParams(ctx, t.ReadText(len(after)), key, nil, nil, nil)
	row := make([]any, len(t.Columns))
	for reader.NextRow() {
		err := decode(t, reader.Values(), row)
		if err == nil {
			err = each(row)
		}
		if err != nil {
			_ = w.Conn.Close() // the rest of the rows is on its way
			return err
		}
	}
	_, err := reader.Close()
	return named(ctx, w.dropBroken(err))
}

// ready sends what waits, and opens the connection if it is not open.
func (w *Whole) ready(ctx context.Context) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.db.trips.Add(1)
	return w.connect(ctx)
}

// decode reads values in the form of texts.
func decode(t engine.Table, values [][]byte, row []any) (err error) {
	for i, v := range values {
		switch {
		case v == nil:
			row[i] = nil
		case t.Columns[i].Text:
			row[i] = string(v)
		default:
			if row[i], err = strconv.ParseInt(string(v), 10, 64); err != nil {
				return fmt.Errorf("%s of the table %s: %w", t.Columns[i].Name, t.Name, err)
			}
		}
	}
	return nil
}

// copyEscapes are the characters that have a meaning in the text format of COPY
// (postgresql.org/docs/current/sql-copy.html).
var copyEscapes = strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r", "\t", "\\t")

// Insert implements engine.Whole. COPY is several times as fast as INSERT.
func (w *Whole) Insert(ctx context.Context, t engine.Table, rows [][]any) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	var text strings.Builder
	for _, row := range rows {
		for i, value := range row {
			if i > 0 {
				text.WriteByte('\t')
			}
			switch value := value.(type) {
			case nil:
				text.WriteString(`\N`)
			case int64:
				text.WriteString(strconv.FormatInt(value, 10))
			default:
				_, _ = copyEscapes.WriteString(&text, value.(string)) // a Builder returns no error
			}
		}
		text.WriteByte('\n')
	}
	_, err := w.conn.PgConn().CopyFrom(ctx, strings.NewReader(text.String()), "COPY "+t.Head()+" FROM STDIN")
	return nameRow(named(ctx, w.dropBroken(err)))
}

// copyLine matches the place of an error of COPY, such as "COPY contacts, line 12, column name".
var copyLine = regexp.MustCompile(`^COPY [^,]+, line (\d+)`)

// nameRow returns an error of COPY with the row that it is about.
func nameRow(err error) error {
	var known *pgconn.PgError
	if !errors.As(err, &known) {
		return err
	}
	if line := copyLine.FindStringSubmatch(known.Where); line != nil {
		if number, fault := strconv.Atoi(line[1]); fault == nil {
			return &engine.RowError{Row: number - 1, Err: err}
		}
	}
	return err
}
