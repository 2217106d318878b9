package table

import (
	"fmt"

	"crmkit/crm"
)

// A record that was merged into another one is not in its table any more. The table merged says
// which record has its values now.

// Winner reads to which record the record $3 of the kind $2 in the workspace $1 leads, and when it was
// made.
const Winner = "SELECT winner, created_at FROM merged WHERE workspace_id = $1 AND kind = $2 AND record = $3"

// Leading is SQL of the record that a reference leads to: itself, or the one that it was merged into.
// workspace and key are SQL.
func Leading(workspace, kind, key string) string {
	return fmt.Sprintf("COALESCE((SELECT m.winner FROM merged m WHERE m.workspace_id = %s AND m.kind = '%s' AND m.record = %s), %s)", workspace, kind, key, key)
}

// AllOf is SQL of the keys under which references to a record of a kind are stored until they have
// followed a merge: its own, and those of the records that were merged into it.
func AllOf(workspace, kind, key string) string {
	return allOf(workspace, key, " AND m.kind = '"+kind+"'")
}

func allOf(workspace, key, condition string) string {
	return fmt.Sprintf("(SELECT CAST(%s AS BIGINT) UNION ALL SELECT m.record FROM merged m WHERE m.workspace_id = %s AND m.winner = %s%s)", key, workspace, key, condition)
}

// DoubleTies returns SQL of the keys of at most $4 ties of the record $2 that the record $3 has too.
func DoubleTies(ref crm.Reference, names []string) string {
	same := fmt.Sprintf("o.workspace_id = $1 AND o.key <> a.key AND o.%s IN %s", ref.Field.Col(), AllOf("$1", ref.From.Target(ref.Field).Name, "$3"))
	for _, name := range names {
		if name != ref.Field.Name {
			same += fmt.Sprintf(" AND o.%s = a.%s", ref.From.Field(name).Col(), ref.From.Field(name).Col())
		}
	}
	return fmt.Sprintf("SELECT a.key FROM %s a WHERE UNINDEXED a.workspace_id = $1 AND a.%s = $2 AND EXISTS (SELECT 1 FROM %s o WHERE %s) ORDER BY a.key LIMIT $4",
		ref.From.Plural, ref.Field.Col(), ref.From.Plural, same)
}

// Followed is a record that a client named and that was merged into another one.
type Followed struct {
	Entity   *crm.Entity
	From, To int64
}

// Remark says so to the client.
func (f Followed) Remark() string {
	return crm.RecordID(f.Entity.Prefix, f.From) + " was merged into " + crm.RecordID(f.Entity.Prefix, f.To)
}

// Lead makes the handle of a record, and those of records merged into it, lead to another one. args are the
// workspace, the kind, and the keys of both.
func Lead(exec func(text string, args ...any) error, rec crm.Record, args []any) error {
	if err := exec("UPDATE merged SET winner = $4 WHERE workspace_id = $1 AND kind = $2 AND winner = $3", args...); err != nil {
		return err
	}
	return exec("INSERT INTO merged (workspace_id, kind, record, winner, created_at) VALUES ($1, $2, $3, $4, $5)", append(args, rec.Value(crm.FieldCreatedAt).Int)...)
}

// Unlead makes the handle of a record, and of those that were parts of it and still lead where it does, lead to it
// again.
func Unlead(exec func(text string, args ...any) error, workspace int64, rec crm.Record, led []int64) error {
	const one = "workspace_id = $1 AND kind = $2 AND record = "
	args := []any{workspace, rec.Entity.Name, rec.Key}
	for _, key := range led {
		if err := exec("UPDATE merged SET winner = $3 WHERE "+one+"$4 AND winner = (SELECT winner FROM merged WHERE "+one+"$3)", append(args, key)...); err != nil {
			return err
		}
	}
	return exec("DELETE FROM merged WHERE "+one+"$3", args...)
}
