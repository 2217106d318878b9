package table

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
)

// leavingTable is the name of the subquery of the records of a kind that will be deleted with
// a deleted one.
func leavingTable(e *crm.Entity) string { return "leaving_" + e.Plural }

// goneSQL is the condition that a reference of the row a leads to a deleted record.
func goneSQL(e *crm.Entity, f *crm.Field) string {
	return fmt.Sprintf("a.%s IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND kind = '%s' AND gone = 1)", f.Col(), e.Target(f).Name)
}

// mergingSQL is the condition that a reference of the row a leads to a record whose merge has not
// finished.
func mergingSQL(e *crm.Entity, f *crm.Field) string {
	return fmt.Sprintf("a.%s IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND kind = '%s' AND gone = 2)", f.Col(), e.Target(f).Name)
}

// leadingSQL is the record to which a reference of the row a leads once merges have finished. An
// inherited one is that of the record it goes through.
func leadingSQL(e *crm.Entity, f *crm.Field) string {
	leads := func(of *crm.Entity, column string) string { return Leading(":workspace", of.Name, column) }
	stored := leads(e.Target(f), "a."+f.Col())
	by := f.Inherited()
	if by == nil {
		return stored
	}
	base := e.Field(by.From)
	source := ReferenceTo(e.Target(base), e.Target(f))
	through := fmt.Sprintf("(SELECT %s FROM main.%s w WHERE w.workspace_id = :workspace AND w.key = %s)", leads(e.Target(f), "w."+source.Col()), e.Target(base).Plural, leads(e.Target(base), "a."+base.Col()))
	is := fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", mergingSQL(e, base), through, stored)
	if by.Alternate == "" {
		return is
	}
	return fmt.Sprintf("NULLIF(%s, %s)", is, leads(e.Target(f), "a."+e.Field(by.Alternate).Col()))
}

// leavingSQL is the condition that the row a will be deleted with a deleted record: of a set
// of owning references some are set, and all of those lead to deleted records.
func leavingSQL(e *crm.Entity) string {
	var sets []string
	for _, names := range e.Parents.Sets() {
		var some, none []string
		for _, name := range names {
			f := e.Field(name)
			some = append(some, "a."+f.Col()+" IS NOT NULL")
			none = append(none, "(a."+f.Col()+" IS NULL OR "+goneSQL(e, f)+")")
		}
		sets = append(sets, "(("+strings.Join(some, " OR ")+") AND "+strings.Join(none, " AND ")+")")
	}
	return "(" + strings.Join(sets, " OR ") + ")"
}

// storedSQL is the record to which a reference of the row a leads if no merge has to finish.
func storedSQL(_ *crm.Entity, f *crm.Field) string { return "a." + f.Col() }

// visibleText is the SQL of the records of a kind as readers see them; lead says where a reference
// leads. Beside each reference it has a column raw_… with the stored value, for which there is an index.
func visibleText(e *crm.Entity, refs []*crm.Field, lead func(*crm.Entity, *crm.Field) string) string {
	columns := []string{"a.key", "a.workspace_id"}
	for i := range e.Fields {
		f := &e.Fields[i]
		switch {
		case slices.Contains(refs, f):
			gone := goneSQL(e, f)
			if by := f.Inherited(); by != nil {
				gone += " OR " + goneSQL(e, e.Field(by.From))
			}
			columns = append(columns, fmt.Sprintf("CASE WHEN %s THEN NULL ELSE %s END AS %s", gone, lead(e, f), f.Col()), fmt.Sprintf("a.%s AS raw_%s", f.Col(), f.Col()))
		case f.Stored():
			for _, column := range FieldColumns(f) {
				columns = append(columns, "a."+column)
			}
		}
	}
	text := "NOT MATERIALIZED (SELECT " + strings.Join(columns, ", ") + " FROM main." + e.Plural + " a"
	if len(e.Parents.Sets()) > 0 {
		text += " WHERE NOT " + leavingSQL(e)
	}
	return text + ")"
}

// referrersSQL is the SQL of the rows a that refer to a deleted record with a reference, from
// FROM on. It begins with the deleted records, which are few, and uses the index of the
// reference for each, not that of the workspace.
func referrersSQL(e *crm.Entity, f *crm.Field) string {
	return fmt.Sprintf("%s WHERE g.workspace_id = :workspace AND g.kind = '%s' AND g.gone = 1 AND a.%s = g.record AND %s",
		engine.JoinInOrder("main.cascades g", "main."+e.Plural+" a"), e.Target(f).Name, f.Col(), engine.NoIndex("a.workspace_id = :workspace"))
}

// leavingText is the SQL of the records of a kind that will be deleted with a deleted one,
// found by the indexes of their references.
func leavingText(e *crm.Entity) string {
	columns := "a.key"
	for i := range e.Fields {
		if f := &e.Fields[i]; e.CountsValues(f) {
			columns += ", a." + f.Col()
		}
	}
	var parts, seen []string
	for _, names := range e.Parents.Sets() {
		for _, name := range names {
			if f := e.Field(name); !slices.Contains(seen, name) {
				seen = append(seen, name)
				parts = append(parts, "SELECT "+columns+" FROM "+referrersSQL(e, f)+" AND "+leavingSQL(e))
			}
		}
	}
	return "MATERIALIZED (" + strings.Join(parts, " UNION ") + ")"
}

// leavingQueries returns the statements of PendingView.LeavingQueries.
func leavingQueries(e *crm.Entity) (texts []string) {
	var seen []string
	for _, name := range slices.Concat(e.Parents.Sets()...) {
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		f := e.Field(name)
		texts = append(texts, inWorkspace("SELECT a.key, "+leavingSQL(e)+" FROM "+referrersSQL(e, f)+" LIMIT $2", "$1"))
	}
	return texts
}

// leavingCounts builds the subqueries of the tables with values derived from records that will
// be deleted.
type leavingCounts struct {
	needs []string          // subqueries of the records that will be deleted
	usage string            // the cases of table usage: how many records of each kind to subtract
	uses  string            // those of values_in_use
	sides map[string]string // conditions on rows of tags and custom_values, by table
}

// add handles a kind of which records may be deleted with others: its counts must not include
// them, and neither may tags and custom values.
func (k *leavingCounts) add(e *crm.Entity) {
	rest := leavingTable(e)
	k.needs = append(k.needs, rest)
	k.usage += fmt.Sprintf(" WHEN '%s' THEN (SELECT COUNT(*) FROM %s)", e.Plural, rest)
	for i := range e.Fields {
		f := &e.Fields[i]
		switch when := fmt.Sprintf(" WHEN '%s.%s' THEN (SELECT COUNT(*) FROM %s h", e.Name, f.Name, rest); {
		case !e.CountsValues(f):
		case f.Type.Kind() == crm.ListKind:
			k.uses += when + ", items_of(h." + f.Col() + ") j WHERE j.value = u.value)"
		default:
			k.uses += when + " WHERE h." + f.Col() + " = u.value)"
		}
		if side := sideTable(f.Type.Kind()); side != "" {
			k.sides[side] += fmt.Sprintf(" AND NOT (s.record IN (SELECT key FROM %s) AND (SELECT kind FROM names n WHERE n.key = s.name_id) = '%s')", rest, e.TagKind(f))
		}
	}
}

// addGone handles the labels of deleted records that are derived from other records, and are
// deleted with those.
func (k *leavingCounts) addGone(e *crm.Entity) {
	for i := range e.Fields {
		f := &e.Fields[i]
		if f.Type.Kind() != crm.ListKind || f.Rollup() == nil {
			continue
		}
		gone := "IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND kind = '" + e.Name + "' AND gone = 1)"
		k.sides["tags"] += fmt.Sprintf(" AND NOT (s.record %s AND (SELECT kind FROM names n WHERE n.key = s.name_id) = '%s')", gone, e.TagKind(f))
		k.uses += fmt.Sprintf(" WHEN '%s.%s' THEN (SELECT COUNT(*) FROM %s WHERE n.workspace_id = :workspace AND n.kind = '%s' AND n.name = u.value AND s.name_id = n.key AND s.record %s)",
			e.Name, f.Name, engine.JoinInOrder("names n", "main.tags s"), e.TagKind(f), gone)
	}
}

// tables returns the subqueries, of those tables alone that some kind has a part in.
func (k *leavingCounts) tables() (list []pendingTable) {
	if k.usage != "" {
		list = append(list, pendingTable{name: "usage", needs: k.needs,
			text: "NOT MATERIALIZED (SELECT workspace_id, kind, last, n - CASE kind" + k.usage + " ELSE 0 END AS n, latest, astray FROM main.usage)"})
	}
	if k.uses != "" {
		list = append(list, pendingTable{name: "values_in_use", needs: k.needs,
			text: "NOT MATERIALIZED (SELECT * FROM (SELECT u.workspace_id, u.kind, u.field, u.value, u.n - CASE u.kind || '.' || u.field" + k.uses +
				" ELSE 0 END AS n FROM main.values_in_use u WHERE u.workspace_id = :workspace) left_over WHERE n > 0)"})
	}
	for _, side := range []string{"tags", "custom_values"} {
		if k.sides[side] != "" {
			list = append(list, pendingTable{name: side, needs: k.needs, text: "NOT MATERIALIZED (SELECT s.* FROM main." + side + " s WHERE TRUE" + k.sides[side] + ")"})
		}
	}
	return list
}

// sideTable returns the secondary table for fields of the type.
func sideTable(kind crm.Kind) string {
	switch kind {
	case crm.ListKind:
		return "tags"
	case crm.ObjectKind:
		return "custom_values"
	}
	return ""
}
