package aggregate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query/fieldpath"
	"crmkit/store/engine"
)

// lookup is the join of the record to which a path leads.
type lookup struct{ path, alias, text string }

// maxHops is the number of the last alias that conditions and values have for the steps of a path.
const maxHops = 3

// pairs are the values that a record has in several rows: those of all groups that lead through one link, so that the
// groups of a line are of one record at its other end.
type pairs struct {
	path   string // to the rows, the same for all that share them
	name   string // of the first group
	record string // SQL of the record
	from   string // SQL of the rows
	values []string
	key    string // of the record, outside of the rows
}

// text returns the SQL of the join. A record is once in it for each combination of values; rows without any are those of
// records that have no value at all.
func (p *pairs) text() string {
	columns, some := make([]string, len(p.values)), make([]string, len(p.values))
	for i, value := range p.values {
		columns[i], some[i] = fmt.Sprintf("%s AS v%d", value, i), fmt.Sprintf("d.v%d IS NOT NULL", i)
	}
	return fmt.Sprintf(" LEFT JOIN (SELECT d.* FROM (SELECT DISTINCT %s AS rec, %s FROM %s) d WHERE %s) p%s ON p%s.rec = %s",
		p.record, strings.Join(columns, ", "), p.from, strings.Join(some, " OR "), p.name, p.name, p.key)
}

// through returns the SQL of a value that a path has in a record, outside of the inner part. The records on the way are
// joined, once for all groups, so that PostgreSQL can look up all of them together.
func (s *statement) through(hops []fieldpath.Hop, final func(at place) string) string {
	at, path := records, ""
	for i, h := range hops {
		path += "." + h.Field.Name
		known := slices.IndexFunc(s.lookups, func(l lookup) bool { return l.path == path })
		if known < 0 {
			from := at.alias + "." + h.Field.Col()
			if i == 0 {
				from = s.add("k"+strconv.Itoa(len(s.lookups)), from)
			}
			to := "r" + strconv.Itoa(maxHops+1+len(s.lookups))
			known, s.lookups = len(s.lookups), append(s.lookups, lookup{path, to,
				fmt.Sprintf(" LEFT JOIN %s %s ON %s.key = %s AND %s", s.tables.Records(h.To), to, to, from, engine.NoIndex(to+".workspace_id = $1"))})
		}
		at = place{s.lookups[known].alias, at.depth + 1}
	}
	return final(at)
}

// manyStep is the step of a path that leads to several records.
type manyStep struct {
	before []fieldpath.Hop
	step   fieldpath.Hop
	after  []fieldpath.Hop
	from   *crm.Entity // whose records have the step
}

// path names the step and those before it.
func (m *manyStep) path() (path string) {
	for _, h := range append(slices.Clip(m.before), m.step) {
		if h.Link != nil {
			path += "." + h.Link.Name
		} else {
			path += "." + h.Field.Name
		}
	}
	return path
}

// several returns the SQL of a value of which a record may have several, outside of the inner part.
func (s *statement) several(name string, m manyStep, final func(at place) string) string {
	to, rows := records.next(), pairs{path: m.path(), name: name}
	at := to
	if l := m.step.Link; l != nil {
		if m.step.To == l.Via {
			at.alias = "l1" // the field is one of the tie
		}
		by, end := l.Via.Field(l.From).Col(), l.Via.Field(l.To).Col()
		rows.record = "l1." + by
		rows.from = fmt.Sprintf("%s WHERE %s.key = l1.%s AND l1.workspace_id = $1 AND l1.%s IS NOT NULL AND %s",
			engine.JoinInOrder(s.tables.Records(l.Via)+" l1", s.tables.Records(l.End)+" "+to.alias), to.alias, end, by, engine.NoIndex(to.alias+".workspace_id = $1"))
	} else {
		rows.record = "t.key"
		rows.from = fmt.Sprintf("%s WHERE %s.key IN (t.%s, t.%s) AND t.workspace_id = $1 AND %s",
			engine.JoinInOrder(s.tables.Records(m.from)+" t", s.tables.Records(m.step.To)+" "+to.alias), to.alias, m.step.Field.Col(), m.step.Alternate.Col(), engine.NoIndex(to.alias+".workspace_id = $1"))
	}
	return s.join(rows, m.before, s.value(m.after, at, final))
}

// labels returns the SQL of a label, outside of the inner part.
func (s *statement) labels(name string, t fieldpath.Target) string {
	side, names := s.tables.Beside("tags", t.Entity)
	return s.join(pairs{path: "labels of " + name, name: name, record: "g.record", from: fmt.Sprintf("%s WHERE g.name_id = n.key AND n.workspace_id = $1 AND n.kind = '%s'",
		engine.JoinInOrder(names+" n", side+" g"), t.Entity.TagKind(t.Field))}, t.Hops, "n.name")
}

// join returns the SQL of a value of the rows of the records to which some steps lead.
func (s *statement) join(rows pairs, steps []fieldpath.Hop, value string) string {
	at := slices.IndexFunc(s.joins, func(p *pairs) bool { return p.path == rows.path })
	if at < 0 {
		rows.key = s.add(rows.name, s.value(steps, records, func(at place) string { return at.alias + ".key" }))
		at, s.joins = len(s.joins), append(s.joins, &rows)
	}
	p := s.joins[at]
	p.values = append(p.values, value)
	return fmt.Sprintf("p%s.v%d", p.name, len(p.values)-1)
}
