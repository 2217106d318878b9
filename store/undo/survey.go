package undo

import (
	"context"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/duplicates"
	"crmkit/store/engine"
	"crmkit/store/identify"
)

// Survey is what a scope has.
type Survey struct {
	Entries int64          // entries about records
	Erased  int64          // of these, those whose values a purge has erased
	Actions map[string]int // entries by their action, but for those which say what an undo undoes
	Author  string         // the e-mail of the user who made the first change
	Run     string         // the name of the run of the first change; empty: it has none
	Group   int64          // that of the first change, if it is not its first change; 0: it is
	Running bool           // what follows from a delete or a merge of the scope is not done yet
	End     int64          // the number of the last entry of the log
	First   bool           // the log has its first entry
}

// Removes returns how many records an undo may delete, or merge again.
func (s Survey) Removes() int { return s.Actions["create"] + s.Actions["restore"] }

// AtMost returns how many changes of each result an undo makes if it keeps nothing.
func (s Survey) AtMost() map[string]int {
	return map[string]int{Updated: s.Actions["update"] + s.Actions[duplicates.Dismissed] + s.Actions[duplicates.Listed],
		Restored: s.Actions["delete"] + s.Actions["merge"], Deleted: s.Removes()}
}

// recordActions are the actions of entries that can be undone.
var recordActions = map[string]bool{"create": true, "update": true, "delete": true, "merge": true, "restore": true, duplicates.Dismissed: true, duplicates.Listed: true,
	identify.Completed: true, identify.Reopened: true}

// Look surveys a scope of the actor's workspace.
func Look(ctx context.Context, s *store.Store, actor crm.Actor, of Scope) (found Survey, err error) {
	found.Actions = map[string]int{}
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		w := actor.Workspace
		if _, err := engine.Found(v.Row(ctx, "SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'", []any{w}, &found.End)); err != nil {
			return err
		}
		first := crm.RecordKey(w, of.first())
		if found.First, err = engine.Found(v.Row(ctx, `SELECT COALESCE(l.change_group, 0), COALESCE(o.actor, ''), COALESCE(r.name, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
			LEFT JOIN runs r ON r.workspace_id = l.workspace_id AND r.first = l.run WHERE l.workspace_id = $1 AND l.key = $2`, []any{w, first}, &found.Group, &found.Author, &found.Run)); err != nil {
			return err
		}
		condition, more := of.where(w, 3)
		text := "SELECT l.action, COUNT(*), COUNT(CASE WHEN " + changelog.IsErasedSQL + " THEN 1 END) FROM log l WHERE l.workspace_id = $1 AND " + condition + " GROUP BY l.action UNION ALL SELECT l.action, 1, CASE WHEN " + changelog.IsErasedSQL + " THEN 1 ELSE 0 END FROM log l WHERE l.key = $2 AND l.change_group IS NULL"
		if of.Group == 0 { // only the first entry of a group does not name it
			first = 0
		}
		args := append([]any{w, first}, more...)
		return v.Rows(ctx, text, args, func(scan func(...any) error) error {
			var action string
			var n int
			var erased int64
			err := scan(&action, &n, &erased)
			if action == Began || action == Ended {
				return err
			}
			if found.Actions[action] += n; recordActions[action] {
				found.Entries, found.Erased = found.Entries+int64(n), found.Erased+erased
			}
			return err
		})
	})
	if err == nil {
		found.Running, err = running(ctx, s, actor, of)
	}
	return found, err
}

// running reports whether steps of the scope are to follow.
func running(ctx context.Context, s *store.Store, actor crm.Actor, of Scope) (is bool, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		text := "SELECT EXISTS (SELECT 1 FROM cascades c WHERE c.workspace_id = $1 AND c.gone > 0 AND c.change_group = $2)"
		args := []any{actor.Workspace, of.Group}
		if of.Group == 0 {
			text = "SELECT EXISTS (SELECT 1 FROM cascades c JOIN log l ON l.key = $2 + c.change_group WHERE c.workspace_id = $1 AND c.gone > 0 AND l.run = $3)"
			args = []any{actor.Workspace, crm.RecordKey(actor.Workspace, 0), of.Run}
		}
		return v.Row(ctx, text, args, &is)
	})
	return is, err
}

// Latest is the last change of a record.
type Latest struct {
	Number, Group int64
	Alone         bool   // it was not part of a merge or of what followed from a delete
	Erased        string // when the record was erased, and by whom; empty: it was not
}

// LatestOf returns the last change of a record; found is false if the log has none.
func LatestOf(ctx context.Context, s *store.Store, actor crm.Actor, handle string) (last Latest, found bool, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		var key int64
		var action, before, after string
		found, err = engine.Found(v.Row(ctx, "SELECT l.key, COALESCE(l.change_group, 0), l.action, COALESCE(l.before, ''), COALESCE(l.after, '') FROM log l WHERE l.workspace_id = $1 AND l.target = $2 AND l.action IN ('create', 'update', 'delete', 'merge', 'restore') ORDER BY l.key DESC LIMIT 1",
			[]any{actor.Workspace, handle}, &key, &last.Group, &action, &before, &after))
		if err != nil || !found {
			return err
		}
		last.Number = crm.RecordNumber(key)
		if last.Group == 0 {
			last.Group = last.Number
		}
		if erased, is := changelog.ErasureOf(norm.ParseObject(after)); is {
			last.Erased = erased.String()
		}
		last.Alone = changelog.CauseOf(after) == "" && changelog.MergedIntoOf(norm.ParseObject(before)) == "" && action != "merge"
		if action != "delete" && action != "restore" || !last.Alone {
			return nil
		}
		more, err := last.others(ctx, v, cause{actor.Workspace, handle})
		last.Alone = !more
		return err
	})
	return last, found, err
}

// HasOthers reports whether the group of the change has changes of other records.
func (l Latest) HasOthers(ctx context.Context, s *store.Store, workspace int64) (some bool, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT EXISTS (SELECT 1 FROM log l WHERE l.workspace_id = $1 AND l.change_group = $2 AND l.key <> $3)",
			[]any{workspace, l.Group, crm.RecordKey(workspace, l.Number)}, &some)
	})
	return some, err
}

// cause is a record of a workspace that may be the reason for changes of others.
type cause struct {
	workspace int64
	handle    string
}

// likeText writes a text in a pattern of LIKE.
var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// others reports whether a group has, or will have, changes of which a record is the cause.
func (l Latest) others(ctx context.Context, v *store.ReadTx, of cause) (some bool, err error) {
	const logged = `SELECT 1 FROM log l WHERE l.workspace_id = $1 AND (l.change_group = $2 OR l.key = $4) AND l.after LIKE $3 ESCAPE '\'`
	const follow = "SELECT 1 FROM cascades c WHERE c.workspace_id = $1 AND c.gone > 0 AND c.change_group = $2"
	pattern := "%" + likeText.Replace(`"`+changelog.CauseName+`":"`+of.handle+`"`) + "%"
	err = v.Row(ctx, "SELECT EXISTS ("+logged+") OR EXISTS ("+follow+")", []any{of.workspace, l.Group, pattern, crm.RecordKey(of.workspace, l.Group)}, &some)
	return some, err
}

// maxChanged is of how many entries ChangedSince looks.
const maxChanged = 50_000

// ChangedSince returns how many records of the last entries of a scope were changed after them by something
// outside of it.
func ChangedSince(ctx context.Context, s *store.Store, actor crm.Actor, of Scope) (n int, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		condition, args := of.where(actor.Workspace, 2)
		column := "change_group"
		if of.Run != 0 {
			column = "run"
		}
		text := fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT DISTINCT s.target FROM (SELECT l.target, l.key FROM log l WHERE l.workspace_id = $1 AND %s ORDER BY l.key DESC LIMIT %d) s
			WHERE EXISTS (SELECT 1 FROM log n WHERE n.workspace_id = $1 AND n.target = s.target AND n.key > s.key AND n.action NOT IN ('`+Began+`', '`+Ended+`') AND COALESCE(n.%s, 0) <> $2)) t`, condition, maxChanged, column)
		return v.Row(ctx, text, append([]any{actor.Workspace}, args...), &n)
	})
	return n, err
}
