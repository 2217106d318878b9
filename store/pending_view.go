package store

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
)

// A record to which many refer is deleted at once, and the records that refer to it change in
// later steps (cascade.go). Readers must see the final state from the first commit on. So
// while a workspace has such a pending delete, statements read each table through a subquery
// of the same name, in which references to deleted records are NULL and records that will be
// deleted are missing. A workspace without one, the usual case, costs one index lookup.

// pendingView is the SQL of these subqueries, made once from the schema.
type pendingView struct {
	workspace int64
	tables    []pendingTable
	refs      *regexp.Regexp      // comparisons of a reference with one record
	leaving   map[string][]string // by plural: statements that find records that will be deleted (plan_limit.go)
}

// pendingTable is the subquery of a table.
type pendingTable struct {
	name, text string   // with :workspace for the workspace
	needs      []string // subqueries that the text reads
}

// pendingDeletes finds whether a workspace has deleted records to which others still refer.
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

// forWorkspace returns the view of one workspace.
func (v pendingView) forWorkspace(workspace int64) *pendingView {
	v.workspace = workspace
	return &v
}

// rewrite returns a statement that reads through the view; a nil view leaves it as it is.
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

// inWorkspace inserts the workspace into SQL of a view.
func inWorkspace(text, workspace string) string {
	return strings.ReplaceAll(text, ":workspace", workspace)
}

// visibleSnapshot runs fn on a snapshot as readers of the actor's workspace see it. Entities
// that are not records have no pending deletes.
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

// referencesOf returns the stored references of a kind.
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
