package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
)

// A record to which many refer is deleted at once, and what refers to it follows in steps
// (cascade.go). Readers see the end of it from the first commit on: while a workspace has
// such a rest, their statements read each table through a subquery of its name, in which
// references to what is gone are unset and records that go with it are not there. The usual
// workspace has none, which costs a look into an index.

// pendingView is that SQL, composed once from the schema.
type pendingView struct {
	workspace int64
	tables    []pendingTable
	refs      *regexp.Regexp      // comparisons of references with one record
	leaving   map[string][]string // statements that find what goes with what is gone, by plural (room.go)
}

// pendingTable is a table as readers see it.
type pendingTable struct {
	name, text string   // the workspace in it is :workspace
	needs      []string // further subqueries that the text reads
}

// pendingDeletes finds whether a workspace has records that are gone and yet referred to.
const pendingDeletes = "SELECT 1 FROM cascades WHERE workspace_id = $1 AND gone = 1 LIMIT 1"

func newPendingView(schema *crm.Schema) *pendingView {
	v, k := &pendingView{leaving: map[string][]string{}}, leavingCounts{sides: map[string]string{}}
	var refs []string
	for _, e := range schema.Entities {
		k.addGone(e)
		own := referencesOf(e)
		if e.RandomID || e.Table != "" || len(own) == 0 {
			continue
		}
		for _, f := range own {
			if !slices.Contains(refs, f.Col()) {
				refs = append(refs, f.Col())
			}
		}
		v.tables = append(v.tables, pendingTable{name: e.Plural, text: visibleText(e, own)})
		if len(ownershipSets(e)) > 0 {
			v.tables = append(v.tables, pendingTable{name: leavingTable(e), text: leavingText(e)})
			v.leaving[e.Plural] = leavingQueries(e)
			k.add(e)
		}
	}
	v.tables = append(v.tables, k.tables()...)
	v.refs = regexp.MustCompile(`(\b\w+\.)?\b(` + strings.Join(refs, "|") + `) = (\$\d+)\b`)
	return v
}

// leavingTable is the name of the subquery of the records of a kind that go with what is gone.
func leavingTable(e *crm.Entity) string { return "veiled_" + e.Plural }

// leavingCounts composes the tables in which something is kept of the records that go with
// what is gone.
type leavingCounts struct {
	needs       []string
	usage, uses string
	sides       map[string]string
}

func (k *leavingCounts) add(e *crm.Entity) {
	rest := leavingTable(e)
	k.needs = append(k.needs, rest)
	k.usage += fmt.Sprintf(" WHEN '%s' THEN (SELECT COUNT(*) FROM %s)", e.Plural, rest)
	for i := range e.Fields {
		f := &e.Fields[i]
		switch when := fmt.Sprintf(" WHEN '%s.%s' THEN (SELECT COUNT(*) FROM %s h", e.Name, f.Name, rest); {
		case !e.CountsValues(f):
		case f.Type.Kind() == crm.ListKind:
			k.uses += when + ", json_each(h." + f.Col() + ") j WHERE j.value = u.value)"
		default:
			k.uses += when + " WHERE h." + f.Col() + " = u.value)"
		}
		if side := sideTable(f.Type.Kind()); side != "" {
			k.sides[side] += fmt.Sprintf(" AND NOT (s.record IN (SELECT key FROM %s) AND (SELECT kind FROM names n WHERE n.key = s.name_id) = '%s')", rest, e.TagKind(f))
		}
	}
}

// addGone adds the labels of records that are gone, which are kept of the others and go
// with those.
func (k *leavingCounts) addGone(e *crm.Entity) {
	for i := range e.Fields {
		f := &e.Fields[i]
		if f.Type.Kind() != crm.ListKind || f.Rollup == nil {
			continue
		}
		gone := "IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND kind = '" + e.Name + "' AND gone = 1)"
		k.sides["tags"] += fmt.Sprintf(" AND NOT (s.record %s AND (SELECT kind FROM names n WHERE n.key = s.name_id) = '%s')", gone, e.TagKind(f))
		k.uses += fmt.Sprintf(" WHEN '%s.%s' THEN (SELECT COUNT(*) FROM names n CROSS JOIN main.tags s WHERE n.workspace_id = :workspace AND n.kind = '%s' AND n.name = u.value AND s.name_id = n.key AND s.record %s)",
			e.Name, f.Name, e.TagKind(f), gone)
	}
}

func (k *leavingCounts) tables() (list []pendingTable) {
	if k.usage != "" {
		list = append(list, pendingTable{name: "usage", needs: k.needs,
			text: "NOT MATERIALIZED (SELECT workspace_id, kind, last, n - CASE kind" + k.usage + " ELSE 0 END AS n, latest, astray FROM main.usage)"})
	}
	if k.uses != "" {
		list = append(list, pendingTable{name: "values_in_use", needs: k.needs,
			text: "NOT MATERIALIZED (SELECT * FROM (SELECT u.workspace_id, u.kind, u.field, u.value, u.n - CASE u.kind || '.' || u.field" + k.uses +
				" ELSE 0 END AS n FROM main.values_in_use u WHERE u.workspace_id = :workspace) WHERE n > 0)"})
	}
	for _, side := range []string{"tags", "custom_values"} {
		if k.sides[side] != "" {
			list = append(list, pendingTable{name: side, needs: k.needs, text: "NOT MATERIALIZED (SELECT s.* FROM main." + side + " s WHERE TRUE" + k.sides[side] + ")"})
		}
	}
	return list
}

// sideTable returns the table that holds the items of a field of the type beside its record.
func sideTable(kind crm.Kind) string {
	switch kind {
	case crm.ListKind:
		return "tags"
	case crm.ObjectKind:
		return "custom_values"
	}
	return ""
}

// referencesOf returns the references that records of a kind hold.
func referencesOf(e *crm.Entity) (refs []*crm.Field) {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.IsReference() && f.Stored() {
			refs = append(refs, f)
		}
	}
	return refs
}

// ownershipSets returns the sets of references with the last of which a record is deleted.
func ownershipSets(e *crm.Entity) (sets [][]string) {
	for _, names := range [][]string{e.Parents, e.AtLeastOne} {
		if len(names) > 0 {
			sets = append(sets, names)
		}
	}
	return sets
}

// goneSQL is the condition that a reference of the row a leads to what is gone.
func goneSQL(e *crm.Entity, f *crm.Field) string {
	return fmt.Sprintf("a.%s IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND kind = '%s' AND gone = 1)", f.Col(), e.Target(f).Name)
}

// leavingSQL is the condition that the row a goes with what is gone: of a set of bonds it
// has some, and none that leads anywhere.
func leavingSQL(e *crm.Entity) string {
	var sets []string
	for _, names := range ownershipSets(e) {
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

// visibleText is the SQL of the records of a kind as readers see them. Beside each reference
// stands what the table has, by which an index leads to the rows.
func visibleText(e *crm.Entity, refs []*crm.Field) string {
	columns := []string{"a.key", "a.workspace_id"}
	for i := range e.Fields {
		f := &e.Fields[i]
		switch {
		case slices.Contains(refs, f):
			gone := goneSQL(e, f)
			if f.InheritedFrom != "" {
				gone += " OR " + goneSQL(e, e.Field(f.InheritedFrom))
			}
			columns = append(columns, fmt.Sprintf("CASE WHEN %s THEN NULL ELSE a.%s END AS %s", gone, f.Col(), f.Col()), fmt.Sprintf("a.%s AS raw_%s", f.Col(), f.Col()))
		case f.Stored():
			for _, column := range fieldColumns(f) {
				columns = append(columns, "a."+column)
			}
		}
	}
	text := "NOT MATERIALIZED (SELECT " + strings.Join(columns, ", ") + " FROM main." + e.Plural + " a"
	if len(ownershipSets(e)) > 0 {
		text += " WHERE NOT " + leavingSQL(e)
	}
	return text + ")"
}

// leavingText is the SQL of the records of a kind that go with what is gone, found by the
// indexes of their references.
func leavingText(e *crm.Entity) string {
	columns := "a.key"
	for i := range e.Fields {
		if f := &e.Fields[i]; e.CountsValues(f) {
			columns += ", a." + f.Col()
		}
	}
	var parts, seen []string
	for _, names := range ownershipSets(e) {
		for _, name := range names {
			if f := e.Field(name); !slices.Contains(seen, name) {
				seen = append(seen, name)
				parts = append(parts, fmt.Sprintf("SELECT %s FROM main.cascades g CROSS JOIN main.%s a WHERE g.workspace_id = :workspace AND g.kind = '%s' AND g.gone = 1 AND a.%s = g.record AND +a.workspace_id = :workspace AND %s",
					columns, e.Plural, e.Target(f).Name, f.Col(), leavingSQL(e)))
			}
		}
	}
	return "MATERIALIZED (" + strings.Join(parts, " UNION ") + ")"
}

// forWorkspace returns the veil of a workspace.
func (v pendingView) forWorkspace(workspace int64) *pendingView {
	v.workspace = workspace
	return &v
}

// rewrite returns a statement as it reads through the veil; without one, as it is.
func (v *pendingView) rewrite(text string) string {
	if v == nil {
		return text
	}
	wanted := map[string]bool{}
	for _, t := range v.tables {
		if strings.Contains(text, t.name) {
			wanted[t.name] = true
			for _, name := range t.needs {
				wanted[name] = true
			}
		}
	}
	var list []string
	for _, t := range v.tables {
		if wanted[t.name] {
			list = append(list, t.name+" AS "+t.text)
		}
	}
	if len(list) == 0 {
		return text
	}
	text = v.refs.ReplaceAllString(text, "($1$2 = $3 AND ${1}raw_$2 = $3)")
	with := "WITH " + inWorkspace(strings.Join(list, ", "), strconv.FormatInt(v.workspace, 10))
	if rest, more := strings.CutPrefix(text, "WITH "); more {
		return with + ", " + rest
	}
	return with + " " + text
}

// inWorkspace returns SQL of the veil with what stands for the workspace in it.
func inWorkspace(text, workspace string) string {
	return strings.ReplaceAll(text, ":workspace", workspace)
}

// visibleSnapshot gives fn a snapshot as readers of the actor's workspace see it. What is not about
// records, by the entity, has no veil.
func (s *Store) visibleSnapshot(ctx context.Context, actor crm.Actor, e *crm.Entity, fn func(*ReadTx) error) error {
	if e.RandomID {
		return s.Snapshot(ctx, fn)
	}
	return s.Snapshot(ctx, func(v *ReadTx) error {
		some, err := v.conn.Exists(pendingDeletes, actor.Workspace)
		switch {
		case err != nil:
			return err
		case some:
			return fn(&ReadTx{v.conn, s.pendingView.forWorkspace(actor.Workspace)})
		}
		return fn(v)
	})
}
