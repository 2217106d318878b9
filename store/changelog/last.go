package changelog

import (
	"slices"

	"crmkit/crm/norm"
)

// Last is an entry that says who changed a record last.
type Last struct{ Action, By string }

// maxLast is how many entries of a record LastOf reads.
const maxLast = 50

// Rows reads every row of a statement.
type Rows func(text string, args []any, each func(scan func(...any) error) error) error

// LastOf returns the last entry of a record in which a field changed, or the record was made or
// deleted; without a field the last one. found is false if there is none among the latest entries.
func LastOf(rows Rows, workspace int64, handle, field string) (last Last, found bool, err error) {
	err = rows(`SELECT l.action, COALESCE(o.actor, ''), COALESCE(l.before, ''), COALESCE(l.after, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
		WHERE l.workspace_id = $1 AND l.target = $2 AND l.action IN ('create', 'restore', 'update', 'delete', 'merge') ORDER BY l.key DESC LIMIT $3`, []any{workspace, handle, maxLast}, func(scan func(...any) error) error {
		var one Last
		var before, after string
		if err := scan(&one.Action, &one.By, &before, &after); err != nil || found {
			return err
		}
		if field == "" || one.Action != "update" || names(before, field) || names(after, field) {
			last, found = one, true
		}
		return nil
	})
	return last, found, err
}

// names reports whether the members of an entry have one of a field.
func names(members, field string) bool {
	return slices.ContainsFunc(norm.ParseObject(members), func(m norm.Member) bool { return m.Name == field || m.Name == DigestMark+field })
}
