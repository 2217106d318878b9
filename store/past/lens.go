package past

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// Compiled conditions name the table of the list t, those of records that a path leads to r1 to r3, and links on
// the way l1 to l3; groups of numbers join records from r4 on; the aliases of the tables beside them are g, v and i
// (package query). A Lens changes the names of tables: past_contacts has the changed records as they were, at_contacts
// all as they were. Its Rewrite then adds the subqueries of these names to the statement, with the rows as arguments.

var (
	hopTable  = regexp.MustCompile(`\b(FROM|JOIN) (\w+) ([rl][123])\b`)
	linkTable = regexp.MustCompile(`\bFROM (\w+) g\b`)
	sideTable = regexp.MustCompile(`\bFROM (tags g|custom_values v) WHERE`)
	itemTable = regexp.MustCompile(`UNINDEXED (t|[rl][123])\.key IN \(SELECT i\.record FROM list_values i WHERE i\.workspace_id = \$1 AND i\.kind = '(\w+)\.`)
	rowOf     = regexp.MustCompile(`UNINDEXED (t|[rl][123])\.key`)
	nameKind  = regexp.MustCompile(`n\.kind = '(\w+)`)
	subquery  = regexp.MustCompile(`\b(past|at)_(\w+)`)
	column    = regexp.MustCompile(`\b(?:t|[rlg]\d*)\.(\w+)`)
)

// lens rewrites statements about the past.
type lens struct {
	*Past
	own bool // the records of the list are those that have changed; else the others
}

// conditions returns conditions in which the records that paths lead to are those of the past.
func (l lens) conditions(text string) string {
	text = hopTable.ReplaceAllStringFunc(text, func(part string) string {
		m := hopTable.FindStringSubmatch(part)
		return m[1] + " " + l.at(m[2]) + " " + m[3]
	})
	text = l.sides(text)
	text = itemTable.ReplaceAllStringFunc(text, func(part string) string {
		m := itemTable.FindStringSubmatch(part)
		if m[1] == "t" && !l.own || !l.hasChanged(l.reader.Schema.ByName(m[2])) {
			return part
		}
		return strings.Replace(part, "list_values i", "at_list_values_"+m[2]+" i", 1)
	})
	if len(l.leads) > 0 {
		text = strings.ReplaceAll(text, "FROM merged m", "FROM at_merged m")
	}
	return text
}

// at returns the name of a table of records as it was.
func (l lens) at(plural string) string {
	for _, e := range l.reader.Schema.Entities {
		if e.Plural == plural && l.hasChanged(e) {
			return "at_" + plural
		}
	}
	return plural
}

// hasChanged reports whether some records of a kind may not be as they were.
func (l lens) hasChanged(e *crm.Entity) bool { return e != nil && !e.IsView() && len(l.Changed(e)) > 0 }

// sides replaces the tables of labels and of keys of objects.
func (l lens) sides(text string) string {
	var b strings.Builder
	for {
		at := sideTable.FindStringSubmatchIndex(text)
		if at == nil {
			return b.String() + text
		}
		rest := text[at[1]:]
		end := nextSide(rest)
		b.WriteString(text[:at[2]])
		name := text[at[2]:at[3]]
		if kind := l.sideKind(rest[:end]); kind != "" {
			plain, alias, _ := strings.Cut(name, " ")
			name = "at_" + plain + "_" + kind + " " + alias
			rest = strings.ReplaceAll(rest[:end], "FROM names n", "FROM at_names n") + rest[end:]
		}
		b.WriteString(name + text[at[3]:at[1]])
		text = rest
	}
}

// sideKind returns the kind of records of which a condition is about labels or keys, if these are not those of the
// tables. A source of an index path names no record: it is of the list itself.
func (l lens) sideKind(condition string) string {
	row, kind := rowOf.FindStringSubmatch(condition), nameKind.FindStringSubmatch(condition)
	if row == nil || row[1] == "t" && !l.own || !l.hasChanged(l.reader.Schema.ByName(kind[1])) {
		return ""
	}
	return kind[1]
}

// nextSide returns where the next table of labels or keys begins in a text.
func nextSide(text string) int {
	if at := sideTable.FindStringIndex(text); at != nil {
		return at[0]
	}
	return len(text)
}

// links returns the source of an index path in which links are those of the past.
func (l lens) links(text string, e *crm.Entity) string {
	return l.conditions(linkTable.ReplaceAllStringFunc(text, func(part string) string {
		if plural := linkTable.FindStringSubmatch(part)[1]; plural != e.Plural {
			return "FROM " + l.at(plural) + " g"
		}
		return part
	}))
}

// Rewrite adds the subqueries that a statement names.
func (l lens) Rewrite(text string, args []any) (string, []any) {
	w := &with{lens: l, args: slices.Clone(args), done: map[string]bool{}, columns: map[string]bool{}}
	for _, m := range column.FindAllStringSubmatch(text, -1) {
		w.columns[m[1]] = true
	}
	for _, m := range subquery.FindAllString(text, -1) {
		w.add(m)
	}
	if len(w.list) == 0 {
		return text, args
	}
	list := "WITH " + strings.Join(w.list, ", ")
	if rest, more := strings.CutPrefix(text, "WITH "); more {
		return list + ", " + rest, w.args
	}
	return list + " " + text, w.args
}

// part says which rows a subquery has.
type part string

const (
	changed part = "past" // those of records that have changed
	all     part = "at"   // those and the rows of the table of records that have not
)

// with collects subqueries.
type with struct {
	lens
	list    []string
	args    []any
	done    map[string]bool
	columns map[string]bool // that the statement reads
}

// arg adds an argument and returns its placeholder number.
func (w *with) arg(v any) int {
	w.args = append(w.args, v)
	return len(w.args)
}

// add adds a subquery, after those that it reads.
func (w *with) add(name string) {
	if w.done[name] {
		return
	}
	w.done[name] = true
	kind, rest, _ := strings.Cut(name, "_")
	of := part(kind)
	if of == all {
		w.add("past_" + rest)
	}
	for _, side := range []struct {
		prefix string
		add    func(e *crm.Entity, of part)
	}{{"tags_", w.tags}, {"custom_values_", w.members}, {"list_values_", w.items}} {
		if kind, is := strings.CutPrefix(rest, side.prefix); is {
			side.add(w.reader.Schema.ByName(kind), of)
			return
		}
	}
	switch rest {
	case "names":
		w.nameRows(of)
		return
	case "merged":
		w.merged(of)
		return
	}
	for _, e := range w.reader.Schema.Entities {
		if e.Plural == rest && !e.IsView() {
			w.records(e, of)
		}
	}
}

// cells are the columns of a subquery of rows, each with its type.
type cells [][2]string

// rows adds a subquery that has rows of values.
func (w *with) rows(name string, columns cells, rows [][]any) {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf("CAST(v.value ->> %d AS %s) AS %s", i, c[1], c[0])
		if c[1] == "TEXT" {
			list[i] = fmt.Sprintf("CAST(v.value ->> %d AS TEXT) BYTEWISE AS %s", i, c[0])
		}
	}
	w.list = append(w.list, fmt.Sprintf("%s AS MATERIALIZED (SELECT %s FROM rows_of($%d) v)", name, strings.Join(list, ", "), w.arg(rowsJSON(rows))))
}

// union adds a subquery that has rows of a table, and those of a subquery of rows.
func (w *with) union(name, columns, condition string) {
	_, rest, _ := strings.Cut(name, "_")
	plain := rest
	for _, side := range []string{"tags", "custom_values", "list_values"} {
		if strings.HasPrefix(rest, side+"_") {
			plain = side
		}
	}
	w.list = append(w.list, fmt.Sprintf("%s AS NOT MATERIALIZED (SELECT %s FROM main.%s w WHERE %s UNION ALL SELECT %s FROM past_%s w)", name, columns, plain, condition, columns, rest))
}

// records adds the subqueries of the records of a kind.
func (w *with) records(e *crm.Entity, of part) {
	t := w.reader.Tables[e]
	columns, at := cells{{"key", "BIGINT"}, {"workspace_id", "BIGINT"}}, [][2]int{}
	for _, i := range t.Stored {
		for n, name := range t.FieldColumns(i) {
			if w.columns[name] {
				columns, at = append(columns, [2]string{name, columnType(&e.Fields[i], n)}), append(at, [2]int{i, n})
			}
		}
	}
	if of == all {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = "w." + c[0]
		}
		w.union("at_"+e.Plural, strings.Join(names, ", "), fmt.Sprintf("w.key NOT IN ("+engine.KeysFromJSON+")", w.arg(keysJSON(w.Changed(e)))))
		return
	}
	var rows [][]any
	for _, key := range sorted(w.kind(e).then) {
		rec, row := w.kind(e).then[key], []any{key, w.workspace}
		for _, place := range at {
			row = append(row, t.AppendValues(nil, place[0], rec.Values[place[0]])[place[1]])
		}
		rows = append(rows, row)
	}
	w.rows("past_"+e.Plural, columns, rows)
}

// columnType returns the type of a column of a field: its own is the first one, the others are texts.
func columnType(f *crm.Field, n int) string {
	switch f.Type.Kind() {
	case crm.IntKind, crm.TimeKind, crm.RefKind:
		if n == 0 {
			return "BIGINT"
		}
	}
	return "TEXT"
}

// items adds the subqueries of the items of lists.
func (w *with) items(e *crm.Entity, of part) {
	columns := cells{{"workspace_id", "BIGINT"}, {"kind", "TEXT"}, {"value", "TEXT"}, {"record", "BIGINT"}}
	if of == all {
		w.union("at_list_values_"+e.Name, "w.workspace_id, w.kind, w.value, w.record", fmt.Sprintf("w.record NOT IN ("+engine.KeysFromJSON+")", w.arg(keysJSON(w.Changed(e)))))
		return
	}
	var rows [][]any
	for _, key := range sorted(w.kind(e).then) {
		for i := range e.Fields {
			f := &e.Fields[i]
			if !f.HasItems() {
				continue
			}
			for _, item := range table.ItemForms(f, w.kind(e).then[key].Values[i]) {
				rows = append(rows, []any{w.workspace, e.ItemKind(f), item, key})
			}
		}
	}
	w.rows("past_list_values_"+e.Name, columns, rows)
}
