package table

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/engine"
)

// Table is how an entity is stored: its columns and its most used statements. It does not
// change after New, except for Sealer, which the store sets when it knows the secret.
type Table struct {
	Entity       *crm.Entity
	Layout       *cache.Layout
	Stored       []int       // positions of the fields that have a column
	storage      []storage   // of each field
	References   []int       // positions of the references, whose labels are joined
	Columns      string      // of a record, for a Row
	From         string      // the table t, and the joined tables with the labels of references
	Fetch        string      // the record with the scope $1 and the key $2
	FetchChecked string      // the same, after a column that says whether the workspace has pending deletes
	ByID         string      // the record with the scope $1 and the random id $2
	Insert       string      // of a new record: key, workspace, the values of Stored
	LastUsed     string      // of tokens: see lastUsedText; else empty
	Sealer       *crm.Sealer // makes the id of a row from its key if the row has no id; nil: all rows have one
}

// New returns the table of an entity. The entity must not change after that.
func New(e *crm.Entity) *Table {
	t := &Table{Entity: e, Layout: cache.NewLayout(e), From: e.TableName() + " t"}
	columns := []string{"t.key"}
	if e.IsView() {
		columns = append(columns, "t.id")
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		t.storage = append(t.storage, storageOf(f))
		if !f.Stored() {
			continue
		}
		t.Stored = append(t.Stored, i)
		columns = append(columns, "t."+f.Col())
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if !f.IsReference() {
			continue
		}
		alias := fmt.Sprintf("j%d", len(t.References)+1)
		t.References = append(t.References, i)
		columns = append(columns, alias+"."+e.Target(f).LabelField)
		t.From += fmt.Sprintf(" LEFT JOIN %s %s ON %s.key = t.%s AND %s.workspace_id = t.workspace_id", e.Target(f).TableName(), alias, alias, f.Col(), alias)
	}
	t.Columns = strings.Join(columns, ", ")
	t.Fetch = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND t.key = $2", t.Columns, t.From, e.ScopeColumn())
	t.FetchChecked = "SELECT EXISTS (" + PendingDeletes + "), " + strings.TrimPrefix(t.Fetch, "SELECT ")
	t.ByID = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND t.id = $2", t.Columns, t.From, e.ScopeColumn())
	if e.Storage.SealedIDs {
		t.ByID = fmt.Sprintf("SELECT %s FROM %s WHERE t.%s = $1 AND (t.id = $2 OR t.key = $3 AND t.id IS NULL)", t.Columns, t.From, e.ScopeColumn())
	}
	t.Insert, t.LastUsed = t.insertText(), t.lastUsedText()
	return t
}

// insertText returns the SQL of Insert.
func (t *Table) insertText() string {
	columns := []string{"key", "workspace_id"}
	for _, i := range t.Stored {
		columns = append(columns, FieldColumns(&t.Entity.Fields[i])...)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.Entity.TableName(), strings.Join(columns, ", "), Placeholders(1, len(columns)))
}

// LastUsedField is the field of tokens with the time of their last use. Package store writes uses
// late, so reads add those that are not written yet.
const LastUsedField = "last_used_at"

// lastUsedText returns SQL of the records of a user as a table in which last_used_at is the
// later of the row and an argument, whose number is %d. It is empty for entities without that
// field.
func (t *Table) lastUsedText() string {
	if t.Entity.Field(LastUsedField) == nil {
		return ""
	}
	columns := "t.key, t.id, t." + t.Entity.ScopeColumn()
	for _, i := range t.Stored {
		for _, column := range FieldColumns(&t.Entity.Fields[i]) {
			if column != LastUsedField {
				columns += ", t." + column
			}
		}
	}
	return "(SELECT " + columns + ", CASE WHEN u.value > t.last_used_at THEN u.value ELSE t.last_used_at END AS last_used_at FROM " +
		t.Entity.TableName() + " t LEFT JOIN (" + engine.PairsFromJSON + ") u ON u.key = t.id WHERE " + ScopeSQL(t.Entity) + ")"
}

// ScopeSQL is the condition that keeps a list within the actor's scope, which is the argument $1:
// a workspace, or a user for entities of a user. It begins with the column.
func ScopeSQL(e *crm.Entity) string { return "t." + e.ScopeColumn() + " = $1" }
