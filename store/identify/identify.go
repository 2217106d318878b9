// Package identify finds the records that the rows of an import mean: by the ids under which
// earlier rows were imported, and by names. It decides nothing: package importer knows what a row
// says about a record that was found.
package identify

import (
	"fmt"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/dryrun"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Lookups are the lookups of a transaction, and its notes of what was imported.
type Lookups struct{ tx *txn.Tx }

// In returns the lookups of a transaction.
func In(tx *txn.Tx) Lookups { return Lookups{tx} }

// ImportMapping returns the key of the record that was imported under the id, 0 if there is
// none. The record may have been deleted since.
func (l Lookups) ImportMapping(source string, e *crm.Entity, id string) (key int64, err error) {
	if key = l.tx.DryRun().Imported(dryrun.Import{Source: source, Entity: e, ID: id}); key != 0 {
		return key, nil
	}
	_, err = l.tx.Row("SELECT record FROM imported WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4",
		[]any{l.tx.Actor.Workspace, source, e.Name, id}, &key)
	return key, err
}

// ImportedAnywhere returns the keys of records, at most two, that were imported under the id from
// sources that begin with a prefix. It looks at no more than maxSources of them.
func (l Lookups) ImportedAnywhere(prefix string, e *crm.Entity, id string) (keys []int64, err error) {
	err = l.tx.Rows(`WITH RECURSIVE sources (name, n) AS (
			SELECT min(source), 1 FROM imported WHERE workspace_id = $1 AND source >= $2 AND source < $3
			UNION ALL SELECT (SELECT min(i.source) FROM imported i WHERE i.workspace_id = $1 AND i.source > sources.name AND i.source < $3), n + 1
			FROM sources WHERE name IS NOT NULL AND n < $6)
		SELECT DISTINCT i.record FROM sources CROSS JOIN imported i WHERE i.workspace_id = $1 AND i.source = sources.name AND i.kind = $4 AND i.id = $5 LIMIT 2`,
		[]any{l.tx.Actor.Workspace, prefix, prefix + "\U0010ffff", e.Name, id, maxSources}, func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
	return keys, err
}

// maxSources is how many sources of a workspace one lookup of an id reads. Each is one step in
// the index.
const maxSources = 500

// SaveImportMapping stores which record an imported id became.
func (l Lookups) SaveImportMapping(source string, e *crm.Entity, id string, key int64) error {
	l.tx.DryRun().NoteImport(dryrun.Import{Source: source, Entity: e, ID: id}, key)
	args := []any{l.tx.Actor.Workspace, source, e.Name, id, key}
	n, err := l.tx.Affect("INSERT INTO imported (workspace_id, source, kind, id, record) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, source, kind, id) DO NOTHING", args...)
	switch {
	case err != nil:
		return err
	case n > 0:
		return l.tx.GrowStorage(int64(table.Bytes(source, e.Name, id)))
	}
	return l.tx.Exec("UPDATE imported SET record = $5 WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4", args...)
}

// KeysNamed returns the keys of at most so many records that have one of the names as their label,
// ignoring case and accents. The entity's label must be required.
func (l Lookups) KeysNamed(e *crm.Entity, most int, names ...string) ([]int64, error) {
	text, args, err := l.named(e, "", most, names)
	if err != nil {
		return nil, err
	}
	return l.keys(text, args...)
}

// KeysNamedOf returns the keys of at most so many records that have one of the names and refer to
// others as the inputs state. It looks at no more than maxNamesakes.
func (l Lookups) KeysNamedOf(e *crm.Entity, refs []crm.Input, most int, names ...string) ([]int64, error) {
	columns := ""
	for _, in := range refs {
		columns += ", t." + in.Field.Col()
	}
	text, args, err := l.named(e, columns, maxNamesakes, names)
	if err != nil {
		return nil, err
	}
	text = "SELECT n.key FROM (" + text + ") n WHERE TRUE"
	for _, in := range refs {
		args = append(args, in.Value.Int)
		text += fmt.Sprintf(" AND n.%s = $%d", in.Field.Col(), len(args))
	}
	return l.keys(fmt.Sprintf("%s LIMIT %d", text, most), args...)
}

// maxNamesakes is how many records of one name a lookup by name and references reads.
const maxNamesakes = 500

// named returns the statement that reads keys, and further columns, of records with one of the
// names, and its arguments.
func (l Lookups) named(e *crm.Entity, columns string, most int, names []string) (text string, args []any, err error) {
	args = []any{l.tx.Actor.Workspace}
	for _, name := range names {
		if err := l.tx.DryRun().RestoreNamesakes(e, name, most); err != nil {
			return "", nil, err
		}
		args = append(args, norm.Fold(name))
	}
	return fmt.Sprintf("SELECT t.key%s FROM %s t WHERE t.workspace_id = $1 AND %s IN (%s) LIMIT %d", columns, e.TableName(), query.FoldedSQL("t", e.Field(e.LabelField)), table.Placeholders(2, len(names)), most), args, nil
}

// keys reads a column of keys.
func (l Lookups) keys(text string, args ...any) (keys []int64, err error) {
	err = l.tx.Rows(text, args, func(scan func(...any) error) error {
		keys = append(keys, 0)
		return scan(&keys[len(keys)-1])
	})
	return keys, err
}

// A record that a row only named is open until a row completes it. The log has an entry for that, so that an
// undo makes it open again, and the file that is corrected and imported again completes the same record.
const (
	Done        = "name:done" // the source under which a completed record is mapped, by its name
	Completed   = "import.complete"
	Reopened    = "import.reopen"
	CompletedAs = "completed_as" // the member of such an entry with the id under Done; no field has this name
)

// Reopen makes a completed record open again, and reports whether it was completed under the id.
func (l Lookups) Reopen(e *crm.Entity, id string, key int64) (was bool, err error) {
	n, err := l.tx.Affect("DELETE FROM imported WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4 AND record = $5", l.tx.Actor.Workspace, Done, e.Name, id, key)
	if err != nil || n == 0 {
		return false, err
	}
	return true, l.tx.AddBytes(-int64(table.Bytes(Done, e.Name, id)))
}
