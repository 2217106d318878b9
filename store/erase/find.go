package erase

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/changelog"
)

// The log says which other records were about a person alone. They were deleted with the person, or before,
// and only their entries still name it. No index has these names, so the whole log is searched, in pages.

// finder searches a log for records that were about others alone.
type finder struct {
	rows      changelog.Rows
	schema    *crm.Schema
	workspace int64
	of        []Target // the record, and those that were merged into it
}

// newFinder returns the finder for a record, with at most maxParts of those that were merged into it.
func newFinder(rows changelog.Rows, schema *crm.Schema, t Target) (f finder, err error) {
	f = finder{rows: rows, schema: schema, workspace: crm.RecordWorkspace(t.Key), of: []Target{t}}
	parts, err := partsOf(rows, f.workspace, t)
	f.of = append(f.of, parts...)
	return f, err
}

// found is a record that was about the ones of a finder alone.
type found struct {
	Target
	number       int64 // of the entry that says so
	tellsOfMerge bool  // it was made by a merge, to record it
}

// page returns the records that entries with numbers from first on, and below another number, tell of.
func (f finder) page(first, below int64) (list []found, err error) {
	args := []any{crm.RecordKey(f.workspace, first), crm.RecordKey(f.workspace, below)}
	var names []string
	for _, t := range f.of {
		args = append(args, "%"+crm.RecordID(t.Entity.Prefix, t.Key)+`"%`)
		names = append(names, fmt.Sprintf("before LIKE $%d OR after LIKE $%d", len(args), len(args)))
	}
	text := "SELECT key, action, target, COALESCE(before, ''), COALESCE(after, '') FROM log WHERE key >= $1 AND key < $2 AND action IN ('create', 'delete', 'merge') AND (" +
		strings.Join(names, " OR ") + ") ORDER BY key"
	err = f.rows(text, args, func(scan func(...any) error) error {
		var key int64
		var action, handle, before, after string
		if err := scan(&key, &action, &handle, &before, &after); err != nil {
			return err
		}
		t, is := f.target(handle)
		if is && !slices.Contains(f.of, t) && f.tells(t, action, toldBy(before, after)) {
			list = append(list, found{t, crm.RecordNumber(key), action == "create"})
		}
		return nil
	})
	return list, err
}

// target returns the record with a handle.
func (f finder) target(handle string) (t Target, is bool) {
	kind, id, _ := strings.Cut(handle, "/")
	if t.Entity = f.schema.ByName(kind); t.Entity == nil || t.Entity.IsView() {
		return t, false
	}
	key, fault := crm.ParseID(t.Entity, f.workspace, id)
	t.Key = key
	return t, fault == crm.IDOK
}

// tells reports whether an entry says that its record was about the ones of the finder alone: it went with one of
// them, it recorded a merge of one, or it had no other.
func (f finder) tells(t Target, action string, says told) bool {
	if slices.ContainsFunc(f.of, func(of Target) bool { return of.Handle() == says.cause }) {
		return true
	}
	if action == "create" {
		return false
	}
	rec := crm.NewRecord(t.Entity)
	rec.Key = t.Key
	changelog.PutAll(rec, says.values)
	return f.alone(rec)
}

// alone reports whether a record would be deleted with the ones of the finder.
func (f finder) alone(rec crm.Record) bool {
	var lost []crm.Reference
	without := rec.Clone()
	for _, of := range f.of {
		for _, ref := range f.schema.ReferencesTo(of.Entity) {
			if ref.From == rec.Entity && rec.Value(ref.Field.Name).Int == of.Key {
				without.Set(ref.Field.Name, crm.Value{})
				lost = append(lost, ref)
			}
		}
	}
	return slices.ContainsFunc(lost, func(ref crm.Reference) bool { return ref.Orphans(without) })
}
