package store

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/cache"
)

// mapping is how an entity is stored: its columns and its most used statements, made once from
// the schema.
type mapping struct {
	entity       *crm.Entity
	layout       *cache.Layout
	persistent   []int // positions of the fields that have a column
	labels       []int // positions of the references, whose names are joined
	columns      string
	from         string
	fetch        string // one record by scope and key
	fetchChecked string // the same, behind whether the workspace has a rest of a delete
	byID         string // one record by scope and random id
	insert       string
	lastUsedSQL  string      // of tokens: see overlayText
	sealer       *crm.Sealer // of ids that follow from the key, where the column has none; else nil
}

func newMapping(e *crm.Entity) *mapping {
	t := &mapping{entity: e, layout: cache.NewLayout(e), from: e.TableName() + " t"}
	columns := []string{"t.key"}
	if e.RandomID {
		columns = append(columns, "t.id")
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.Stored() {
			continue
		}
		t.persistent = append(t.persistent, i)
		columns = append(columns, "t."+f.Col())
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.IsReference() {
			continue
		}
		alias := fmt.Sprintf("j%d", len(t.labels)+1)
		t.labels = append(t.labels, i)
		columns = append(columns, alias+"."+e.Target(f).LabelField)
		t.from += fmt.Sprintf(" LEFT JOIN %s %s ON %s.key = t.%s AND %s.workspace_id = t.workspace_id", e.Target(f).TableName(), alias, alias, f.Col(), alias)
	}
	t.columns = strings.Join(columns, ", ")
	t.fetch = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND t.key = $2", t.columns, t.from, e.ScopeColumn())
	t.fetchChecked = "SELECT EXISTS (" + pendingDeletes + "), " + strings.TrimPrefix(t.fetch, "SELECT ")
	t.byID = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND t.id = $2", t.columns, t.from, e.ScopeColumn())
	if e.Sealed {
		t.byID = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND (t.id = $2 OR t.key = $3 AND t.id IS NULL)", t.columns, t.from, e.ScopeColumn())
	}
	t.insert, t.lastUsedSQL = t.insertText(), t.lastUsedText()
	return t
}

func (t *mapping) insertText() string {
	columns := []string{"key", "workspace_id"}
	for _, i := range t.persistent {
		columns = append(columns, fieldColumns(&t.entity.Fields[i])...)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.entity.TableName(), strings.Join(columns, ", "), placeholders(1, len(columns)))
}

// fieldColumns returns the columns of a field: its own and the folded one, if it has that.
func fieldColumns(f *crm.Field) []string {
	if f.HasFoldColumn() {
		return []string{f.Col(), f.Col() + "_fold"}
	}
	return []string{f.Col()}
}

// columnValues returns the values of fieldColumns.
func columnValues(f *crm.Field, v crm.Value) []any {
	if f.HasFoldColumn() {
		if !v.Set() {
			return []any{nil, nil}
		}
		fold := f.Type.Fold(f, v.Text)
		if fold == v.Text && !f.KeepsFold() {
			return []any{v.Text, nil}
		}
		return []any{v.Text, fold}
	}
	return []any{columnValue(v)}
}

// columnValue returns the SQL argument of a value.
func columnValue(v crm.Value) any {
	switch v.Kind {
	case crm.TextKind:
		return v.Text
	case crm.IntKind, crm.TimeKind, crm.RefKind:
		return v.Int
	case crm.ListKind:
		return norm.QuoteList(v.List())
	case crm.ObjectKind:
		return string(norm.AppendObject(nil, v.Members()))
	}
	return nil
}

// NullText returns the SQL argument of a string, NULL if it is empty.
func NullText(s string) any { return columnValue(crm.Str(s)) }

func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// row receives the columns of a mapping. It can be scanned again and again.
type row struct {
	table *mapping
	cells []any
	dest  []any
}

func (t *mapping) newRow() *row {
	n := 1 + len(t.persistent) + len(t.labels)
	if t.entity.RandomID {
		n++
	}
	r := &row{table: t, cells: make([]any, n), dest: make([]any, n)}
	for i := range r.cells {
		r.dest[i] = &r.cells[i]
	}
	return r
}

// record returns the record of the last scanned row, or an error that names the row.
func (r *row) record() (rec crm.Record, err error) {
	if err := decoding(func() { rec = r.decoded() }); err != nil {
		return rec, r.damaged(err)
	}
	return rec, nil
}

func (r *row) decoded() crm.Record {
	t := r.table
	rec := crm.NewRecord(t.entity)
	rec.Key = r.cells[0].(int64)
	cells := r.cells[1:]
	if t.entity.RandomID {
		rec.ID, cells = t.randomID(rec.Key, cells[0]), cells[1:]
	} else {
		rec.ID = crm.RecordID(t.entity.Prefix, rec.Key)
	}
	for i, at := range t.persistent {
		f := &t.entity.Fields[at]
		if text, ok := cells[i].(string); ok && f.Type.Kind() == crm.ObjectKind && !t.entity.RandomID && (len(text) < 2 || text[0] != '{') {
			panic("an object is written as " + norm.Quote(text))
		}
		rec.Values[at] = loaded(f.Type.Kind(), cells[i])
		if list := rec.Values[at].List(); f.Rollup != nil && len(list) > crm.MaxTags { // of an earlier version
			rec.Values[at] = crm.Labels(list[:crm.MaxTags])
		}
	}
	for i, at := range t.labels {
		if name, ok := cells[len(t.persistent)+i].(string); ok {
			rec.Labels[at] = name
		}
	}
	return rec
}

// randomID returns the id of a row of an entity with random ids.
func (t *mapping) randomID(key int64, cell any) string {
	if id, ok := cell.(string); ok || t.sealer == nil {
		return id
	}
	return t.sealer.ID(key)
}

// loaded returns the value of a cell in a column of a kind, Null if no such column holds it.
func loaded(kind crm.Kind, cell any) crm.Value {
	switch c := cell.(type) {
	case int64:
		if kind == crm.TextKind {
			kind = crm.IntKind
		}
		return crm.Value{Kind: kind, Int: c}
	case string:
		switch kind {
		case crm.ListKind:
			list, ok := norm.ParseStrings(c)
			if !ok {
				panic("a list is written as " + norm.Quote(c))
			}
			return crm.Labels(list)
		case crm.ObjectKind:
			return crm.Members(norm.ParseObject(c))
		}
		return crm.Value{Kind: crm.TextKind, Text: c}
	}
	return crm.Value{}
}

func tagList(text string) []string {
	list, _ := norm.ParseStrings(text)
	return list
}
