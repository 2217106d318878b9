package aggregate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/query/aggregate"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/snapshot"
)

// Reader reads numbers of one workspace at one moment.
type Reader struct {
	Tx        *snapshot.Tx
	Entity    *crm.Entity // of the records
	Workspace int64
	Tables    Tables
	Zone      *time.Location
	// Prepare is called with a statement before it is run; nil: nothing is.
	Prepare func(text string, args []any) error
}

// Lines are what was read.
type Lines struct {
	Table  *aggregate.Table
	Total  int64                                                    // records
	Labels func(lines []aggregate.Line) ([]map[int64]string, error) // see Reader.labels
}

// Read reads the lines of a question about some records.
//
// Errors: invalid_filter if the times of a group have too many units.
func (r *Reader) Read(ctx context.Context, q *aggregate.Question, rows list.Rows) (in Lines, err error) {
	units := make([][]int64, len(q.Groups))
	for i := range q.Groups {
		if units[i], err = r.units(ctx, &q.Groups[i], rows); err != nil {
			return in, err
		}
	}
	s := r.statement(rows)
	s.env = q.Env
	text := s.text(q, rows, units)
	in.Table, in.Labels = aggregate.NewTable(q), func(lines []aggregate.Line) ([]map[int64]string, error) { return r.labels(ctx, q, lines) }
	err = r.rows(ctx, text, s.args, func(scan func(...any) error) error {
		line, err := scanLine(q, units, scan)
		if err == nil {
			in.Total += line.Count
			in.Table.Add(line)
		}
		return err
	})
	if err == nil && q.IsMany() {
		in.Total, err = r.count(ctx, rows)
	}
	return in, err
}

// statement returns a new statement about some records.
func (r *Reader) statement(rows list.Rows) *statement {
	return &statement{tables: r.Tables, entity: r.Entity, args: slices.Clone(rows.Args)}
}

// count returns how many records there are.
func (r *Reader) count(ctx context.Context, rows list.Rows) (n int64, err error) {
	s := r.statement(rows)
	err = r.rows(ctx, "SELECT COUNT(*) FROM "+s.inner(rows), s.args, func(scan func(...any) error) error { return scan(&n) })
	return n, err
}

// rows runs a statement.
func (r *Reader) rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	if r.Prepare != nil {
		if err := r.Prepare(text, args); err != nil {
			return err
		}
	}
	return r.Tx.Rows(ctx, text, args, each)
}

// text returns the statement. It finds all lines before it returns one, since only then the end of the context
// stops it.
func (s *statement) text(q *aggregate.Question, rows list.Rows, units [][]int64) string {
	var outer, places []string
	for i := range q.Groups {
		column := s.group(&q.Groups[i], i)
		if q.Groups[i].Unit != "" {
			column = s.unit(column, units[i])
		}
		outer = append(outer, fmt.Sprintf("%s AS c%d", column, i))
		places = append(places, fmt.Sprint(i+1))
	}
	outer = append(outer, "COUNT(*)")
	for i := range q.Measures {
		outer = append(outer, s.measure(&q.Measures[i], i)...)
	}
	for i := len(q.Groups); i < len(outer); i++ {
		outer[i] += fmt.Sprintf(" AS c%d", i)
	}
	text := "SELECT " + strings.Join(outer, ", ") + " FROM " + s.inner(rows)
	if len(places) > 0 {
		text += " GROUP BY " + strings.Join(places, ", ")
	}
	return "WITH s AS MATERIALIZED (" + text + ") SELECT * FROM s"
}

// units returns when the units of a group begin that have the times of some records; nil for a group that is no unit.
func (r *Reader) units(ctx context.Context, g *aggregate.Group, rows list.Rows) (starts []int64, err error) {
	if g.Unit == "" {
		return nil, nil
	}
	zone := g.ZoneIn(r.Zone)
	if f := g.Target.Field; f.RangeIndexed && len(g.Target.Hops) == 0 && !r.Tx.Filtered() && len(rows.Texts) == 1 {
		// SQLite uses an index of the rows that have a time only if the condition says so.
		text := "SELECT (SELECT MIN(t.%[1]s) FROM %[2]s t WHERE t.workspace_id = $1 AND t.%[1]s IS NOT NULL), (SELECT MAX(t.%[1]s) FROM %[2]s t WHERE t.workspace_id = $1 AND t.%[1]s IS NOT NULL)"
		first, last, err := r.span(ctx, fmt.Sprintf(text, f.Col(), g.Target.Entity.TableName()), rows.Args[:1])
		if err != nil || first == nil {
			return nil, err
		}
		if starts, _, ok := g.Unit.Bounds(zone, *first, *last); ok {
			return starts, nil
		}
	}
	s := r.statement(rows)
	column := s.group(g, 0)
	first, last, err := r.span(ctx, "WITH s AS MATERIALIZED (SELECT MIN("+column+") AS a, MAX("+column+") AS b FROM "+s.inner(rows)+") SELECT a, b FROM s", s.args)
	if err != nil || first == nil {
		return nil, err
	}
	starts, _, ok := g.Unit.Bounds(zone, *first, *last)
	if !ok {
		return nil, tooManyUnits(g, zone, [2]int64{*first, *last})
	}
	return starts, nil
}

// span reads the first and the last time; nil if there is none.
func (r *Reader) span(ctx context.Context, text string, args []any) (first, last *int64, err error) {
	err = r.rows(ctx, text, args, func(scan func(...any) error) error { return scan(&first, &last) })
	return first, last, err
}

// tooManyUnits is the error of times that have more units than an answer has lines.
func tooManyUnits(g *aggregate.Group, zone *time.Location, span [2]int64) *crm.Error {
	return crm.Errorf(crm.InvalidFilter, "%s goes from %s to %s, which is more than %d %ss. Group by a longer unit, or add a filter like %s=gte:%s.",
		g.Name, g.Unit.Label(zone, span[0]), g.Unit.Label(zone, span[1]), aggregate.MaxLines, g.Unit, g.Path, aggregate.Day.Label(zone, span[1]-int64(180*24*time.Hour/time.Millisecond))).On("group")
}

// labels returns the names of the records that are groups of some lines, by the group and the key.
func (r *Reader) labels(ctx context.Context, q *aggregate.Question, lines []aggregate.Line) ([]map[int64]string, error) {
	names := make([]map[int64]string, len(q.Groups))
	for i := range q.Groups {
		to := q.Groups[i].Leads()
		if to == nil {
			continue
		}
		names[i] = map[int64]string{}
		var keys []int64
		for _, l := range lines {
			if len(l.Keys) > 0 && l.Keys[i].Set() {
				keys = append(keys, l.Keys[i].Int)
			}
		}
		slices.Sort(keys)
		text := fmt.Sprintf("SELECT t.key, t.%s FROM %s t WHERE %s AND t.key IN ("+engine.KeysFromJSON+")", to.Field(to.LabelField).Col(), r.Tables.Records(to), engine.NoIndex("t.workspace_id = $1"), 2)
		err := r.rows(ctx, text, []any{r.Workspace, list.KeysJSON(slices.Compact(keys))}, func(scan func(...any) error) error {
			var key int64
			var name *string
			err := scan(&key, &name)
			if name != nil {
				names[i][key] = *name
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
