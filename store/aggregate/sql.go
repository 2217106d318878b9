package aggregate

import (
	"fmt"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/query/aggregate"
	"crmkit/query/fieldpath"
	"crmkit/store/engine"
	"crmkit/store/list"
)

// Tables names the tables of the moment that is asked for.
type Tables interface {
	// Records returns the name of the table of the records of a kind.
	Records(e *crm.Entity) string
	// Beside returns the name of the table tags or custom_values for the records of a kind, and that of the
	// table names.
	Beside(table string, e *crm.Entity) (side, names string)
}

// Present are the tables as they are.
type Present struct{}

// Records implements Tables.
func (Present) Records(e *crm.Entity) string { return e.TableName() }

// Beside implements Tables.
func (Present) Beside(table string, _ *crm.Entity) (side, names string) { return table, "names" }

// statement is a statement under construction. Its inner part has a row for each record x, with the columns g0,
// g1 for groups and m0, m1 for measures.
type statement struct {
	tables  Tables
	entity  *crm.Entity // of the records
	env     query.Env   // of what follows from stages
	args    []any
	columns []string // of the inner part
	lookups []lookup // of records to which groups lead
	joins   []*pairs // of tables in which a record has several rows
}

// arg adds an argument and returns its placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// add adds a column to the inner part and returns its name outside.
func (s *statement) add(name, sql string) string {
	s.columns = append(s.columns, sql+" AS "+name)
	return "x." + name
}

// inner returns the SQL of the rows.
func (s *statement) inner(rows list.Rows) string {
	columns := strings.Join(s.columns, ", ")
	if columns == "" {
		columns = "1"
	}
	parts := make([]string, len(rows.Texts))
	for i, text := range rows.Texts {
		parts[i] = "SELECT " + columns + " FROM " + text
	}
	text := "(" + strings.Join(parts, " UNION ALL ") + ") x"
	for _, l := range s.lookups {
		text += l.text
	}
	for _, p := range s.joins {
		text += p.text()
	}
	return text
}

// place is a table in the text of a statement.
type place struct {
	alias string
	depth int // of the next alias
}

// records is the place of the records that are counted.
var records = place{"t", 1}

// next returns the place of the records that a reference leads to. Statements about the past find columns by these
// aliases (store/past).
func (p place) next() place { return place{"r" + strconv.Itoa(p.depth), p.depth + 1} }

// value returns the SQL of the value that a path has in a record, with one value at each step.
func (s *statement) value(hops []fieldpath.Hop, at place, final func(at place) string) string {
	if len(hops) == 0 {
		return final(at)
	}
	to := at.next()
	return fmt.Sprintf("(SELECT %s FROM %s %s WHERE %s.key = %s.%s AND %s)", s.value(hops[1:], to, final), s.tables.Records(hops[0].To), to.alias,
		to.alias, at.alias, hops[0].Field.Col(), engine.NoIndex(to.alias+".workspace_id = $1"))
}

// Forms of values under own keys, as SQL on the table custom_values with the alias v.
var (
	// asKey is a text that is the same for equal values: the key of a number, or the text, of which at most 201
	// characters count. The first character says which.
	asKey      = "CASE WHEN v.number IS NULL THEN '=' || SUBSTR(v.text, 1, 201) ELSE '#' || v.number END"
	asText     = "'=' || SUBSTR(v.text, 1, 201)"
	asTime     = "v.time"
	asNumber   = millionths("v.number")
	notANumber = "CASE WHEN v.number IS NULL THEN 1 END"
)

// field returns the SQL of the value of a field of a record. form is that of a value under an own key.
func (s *statement) field(t fieldpath.Target, form string) func(at place) string {
	return func(at place) string {
		switch of := t.Field.FlagOf(); {
		case t.Key != "":
			side, names := s.tables.Beside("custom_values", t.Entity)
			return fmt.Sprintf("(SELECT %s FROM %s v WHERE v.name_id = (SELECT n.key FROM %s n WHERE n.workspace_id = $1 AND n.kind = '%s' AND n.name = %s) AND v.record = %s)",
				form, side, names, t.Entity.TagKind(t.Field), s.arg(t.Key), engine.NoIndex(at.alias+".key"))
		case of != nil:
			return fmt.Sprintf("CAST(CASE WHEN %s.%s IS NULL THEN 0 ELSE 1 END AS BIGINT)", at.alias, t.Entity.Field(of.Time).Col())
		case t.Field.OfStage() != nil:
			return "CAST(" + s.env.StageValue(t, at.alias, s.arg) + " AS BIGINT)"
		case t.Field.IsIdentity():
			return at.alias + ".key"
		}
		return at.alias + "." + t.Field.Col()
	}
}

// group returns the SQL of the value of a group, outside of the inner part.
func (s *statement) group(g *aggregate.Group, n int) string {
	form := asKey
	switch {
	case g.Unit != "":
		form = asTime
	case aggregate.IsText(g.Member):
		form = asText
	}
	name, t, from := fmt.Sprintf("g%d", n), g.Target, s.entity
	for i, h := range t.Hops {
		if h.Link != nil || h.Alternate != nil {
			return s.several(name, manyStep{t.Hops[:i], h, t.Hops[i+1:], from}, s.field(t, form))
		}
		from = h.To
	}
	switch {
	case t.Alternate != nil:
		h := fieldpath.Hop{Field: t.Field, Alternate: t.Alternate, To: t.Entity.Target(t.Field)}
		return s.several(name, manyStep{t.Hops, h, nil, t.Entity}, func(at place) string { return at.alias + ".key" })
	case t.Field.Type.Comparison().By == crm.ByLabel:
		return s.labels(name, t)
	}
	if len(t.Hops) > 0 {
		return s.through(t.Hops, s.field(t, form))
	}
	return s.add(name, s.field(t, form)(records))
}

// measure adds the columns of a measure to the inner part, and returns what the outer part computes.
func (s *statement) measure(m *aggregate.Measure, n int) []string {
	form := asKey
	switch {
	case m.IsDecimal():
		form = asNumber
	case m.IsTime():
		form = asTime
	case aggregate.IsText(m.Member):
		form = asText
	}
	column := s.add(fmt.Sprintf("m%d", n), s.value(m.Target.Hops, records, s.field(m.Target, form)))
	count, least, most := "COUNT("+column+")", "MIN("+column+")", "MAX("+column+")"
	list := []string{count, least, most}
	switch m.Func {
	case aggregate.Distinct:
		return []string{"COUNT(DISTINCT " + column + ")"}
	case aggregate.Sum, aggregate.Avg:
		list = []string{count, sumOf(column + " / 4294967296"), sumOf(column + " % 4294967296")}
	}
	if m.IsDecimal() {
		other := s.add(fmt.Sprintf("o%d", n), s.value(m.Target.Hops, records, s.field(m.Target, notANumber)))
		list = append(list, most, "COUNT("+other+")")
	}
	return list
}

// sumOf returns the SQL of a sum that is a whole number of 64 bits in both engines.
func sumOf(sql string) string { return "CAST(COALESCE(SUM(" + sql + "), 0) AS BIGINT)" }

// unit returns the SQL of the place of the unit that has a time, from 0 on: a tree of comparisons, of which each row
// takes about ten for a thousand units.
func (s *statement) unit(column string, starts []int64) string {
	if len(starts) == 0 {
		return "CAST(NULL AS BIGINT)"
	}
	bounds := make([]string, len(starts))
	for i := 1; i < len(starts); i++ {
		bounds[i] = s.arg(starts[i])
	}
	return "CAST(CASE WHEN " + column + " IS NULL THEN NULL ELSE " + tree(column, bounds, 0) + " END AS BIGINT)"
}

// tree returns the SQL of the place of a time among bounds, of which the first one has the place at.
func tree(column string, bounds []string, at int) string {
	if len(bounds) == 1 {
		return strconv.Itoa(at)
	}
	half := len(bounds) / 2
	return "CASE WHEN " + column + " < " + bounds[half] + " THEN " + tree(column, bounds[:half], at) + " ELSE " + tree(column, bounds[half:], at+half) + " END"
}
