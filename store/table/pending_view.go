package table

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
)

// A record to which many others refer is deleted at once, and the others change in later steps
// (store/cascade.go). Readers must see the final state from the first commit on. So while a
// workspace has a pending delete, statements read each table through a subquery of the same
// name. In it, references to deleted records are NULL, those to merged records lead to the ones
// that have their values, and records that will be deleted are missing. Without a pending delete, the usual case, a read costs one index lookup more.

// PendingView is the SQL of these subqueries, made once from the schema. It does not change, so
// all goroutines use the same one.
type PendingView struct {
	workspace int64
	merging   bool // a merge has not finished
	tables    []pendingTable
	refs      *regexp.Regexp      // comparisons of a reference with one record
	through   map[string]string   // by the column of an inherited reference, that of the one it goes through
	leaving   map[string][]string // by plural: see LeavingQueries
}

// pendingTable is the subquery of a table.
type pendingTable struct {
	name, text string   // with :workspace for the workspace
	merging    string   // the text while a merge has not finished; empty: the same
	needs      []string // subqueries that the text reads
}

// PendingDeletes is SQL that returns a row if the workspace $1 has deleted or merged records to
// which others still refer, and PendingMerges if it has merged ones.
const PendingDeletes = "SELECT 1 FROM cascades WHERE workspace_id = $1 AND gone > 0 LIMIT 1"

const PendingMerges = "SELECT 1 FROM cascades WHERE workspace_id = $1 AND gone = 2 LIMIT 1"

// NewPendingView returns the view of a schema, for no workspace yet; see ForWorkspace. Tables of
// entities without references are read as they are, because no delete changes them later.
func NewPendingView(schema *crm.Schema) *PendingView {
	v, k := &PendingView{leaving: map[string][]string{}, through: map[string]string{}}, leavingCounts{sides: map[string]string{}}
	var refs []string
	for _, e := range schema.Entities {
		k.addGone(e)
		own := References(e)
		if e.IsView() || len(own) == 0 {
			continue
		}
		for _, f := range own {
			if !slices.Contains(refs, f.Col()) {
				refs = append(refs, f.Col())
			}
			if by := f.Inherited(); by != nil {
				v.through[f.Col()] = e.Field(by.From).Col()
			}
		}
		v.tables = append(v.tables, pendingTable{name: e.Plural, text: visibleText(e, own, storedSQL), merging: visibleText(e, own, leadingSQL)})
		if len(e.Parents.Sets()) > 0 {
			v.tables = append(v.tables, pendingTable{name: leavingTable(e), text: leavingText(e)})
			v.leaving[e.Plural] = leavingQueries(e)
			k.add(e)
		}
	}
	v.tables = append(v.tables, k.tables()...)
	v.refs = regexp.MustCompile(`(\b\w+\.)?\b(` + strings.Join(refs, "|") + `) = (\$\d+\b|[tr]\d?\.key\b|COALESCE\(\(SELECT [^()]*\), \$\d+\))`)
	return v
}

// ForWorkspace returns the view of one workspace, in which no merge is pending.
func (v PendingView) ForWorkspace(workspace int64) *PendingView {
	v.workspace = workspace
	return &v
}

// Merging returns the view for a workspace in which a merge is pending.
func (v PendingView) Merging() *PendingView {
	v.merging = true
	return &v
}

// Rewrite returns a statement that reads through the view. A nil view leaves it as it is. It
// finds tables by their names in the text. A statement that names the schema, such as
// "FROM main.usage", reads the table itself. A comparison of a reference with an argument, with the
// record to which an argument leads, or with that of another table, also compares the stored column, so that it uses the index
// of the reference.
func (v *PendingView) Rewrite(text string) string {
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
		switch {
		case wanted[t.name] && v.merging && t.merging != "":
			list = append(list, t.name+" AS "+t.merging)
		case wanted[t.name]:
			list = append(list, t.name+" AS "+t.text)
		}
	}
	if len(list) == 0 {
		return text
	}
	if v.merging {
		text = v.compareMerging(text)
	} else {
		text = v.refs.ReplaceAllString(text, "($1$2 = $3 AND ${1}raw_$2 = $3)")
	}
	with := "WITH " + inWorkspace(strings.Join(list, ", "), strconv.FormatInt(v.workspace, 10))
	if rest, more := strings.CutPrefix(text, "WITH "); more {
		return with + ", " + rest
	}
	return with + " " + text
}

// compareMerging returns a statement in which comparisons of references with one record also compare
// stored columns. SQLite would use an index of the workspace instead, since the stored column may have
// several values, which is why that is ruled out.
func (v *PendingView) compareMerging(text string) string {
	for _, part := range v.refs.FindAllStringSubmatch(text, -1) {
		scope := part[1] + "workspace_id = $1"
		text = strings.ReplaceAll(strings.ReplaceAll(text, engine.NoIndex(scope), scope), " "+scope, " "+engine.NoIndex(scope))
	}
	return v.refs.ReplaceAllStringFunc(text, v.compareStored)
}

// compareStored returns a comparison of a reference with one record, and of its stored column with
// that record and those that were merged into it. An inherited reference is not that of the row
// while the record that it goes through is merged.
func (v *PendingView) compareStored(text string) string {
	part := v.refs.FindStringSubmatch(text)
	alias, column, key := part[1], part[2], part[3]
	stored := alias + "raw_" + column + " IN " + allOf(":workspace", key, "")
	if base := v.through[column]; base != "" {
		stored = "(" + stored + " OR " + alias + "raw_" + base + " IN (SELECT record FROM main.cascades WHERE workspace_id = :workspace AND gone = 2))"
	}
	return inWorkspace("("+text+" AND "+stored+")", strconv.FormatInt(v.workspace, 10))
}

// LeavingQueries returns statements that find records which refer to a deleted record, for a kind
// that is named by its plural: one statement for each owning reference of the kind. Each
// returns at most $2 rows of the workspace $1, with the key and whether the record will be
// deleted too.
func (v *PendingView) LeavingQueries(plural string) []string { return v.leaving[plural] }

// inWorkspace inserts the workspace into SQL of a view.
func inWorkspace(text, workspace string) string {
	return strings.ReplaceAll(text, ":workspace", workspace)
}

// References returns the stored references of a kind, in the order of its fields.
func References(e *crm.Entity) (refs []*crm.Field) {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.IsReference() && f.Stored() {
			refs = append(refs, f)
		}
	}
	return refs
}
