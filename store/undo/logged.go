package undo

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/engine"
)

// An undo logs what it undoes before its first write, and after the last one what it did. The first of these
// entries is the first one of its change group, so what a group undoes is found by the number of the group.
const (
	Began = "undo"
	Ended = "undone"
)

// Names of what these entries hold after the change. Clients do not see those that begin with the mark.
const (
	entryName = changelog.DigestMark + "entry" // the number of the entry, if one was undone
	endName   = changelog.DigestMark + "end"   // the number of the last entry of the log that was looked at
	keptName  = "kept"                         // how many values and records were kept
)

// target names a scope as these entries do: change/chg_… for a group and for an entry of it, run/chg_… for a run.
func (s Scope) target(workspace int64) string {
	if s.Run != 0 {
		return "run/" + changelog.GroupID(workspace, s.Run)
	}
	return "change/" + changelog.GroupID(workspace, max(s.Group, s.In))
}

// logBegin logs what is undone.
func (s *step) logBegin() error {
	to := changelog.Texts(s.scope.Name...)
	if s.scope.Entry != 0 {
		to = append(to, number(entryName, s.scope.Entry))
	}
	return s.tx.LogEntry(Began, s.scope.target(s.tx.Actor.Workspace), nil, to)
}

// logEnd logs what was done.
func (s *step) logEnd() error {
	to := changelog.Texts(s.scope.Name...)
	for _, result := range []string{Updated, Restored, Deleted, Merged} {
		if n := s.place.Counts[result]; n > 0 {
			to = append(to, number(result, int64(n)))
		}
	}
	kept := 0
	for _, n := range s.place.Fields {
		kept += n
	}
	if kept > 0 {
		to = append(to, number(keptName, int64(kept)))
	}
	to = append(to, number(endName, s.scope.End))
	if s.scope.Entry != 0 {
		to = append(to, number(entryName, s.scope.Entry))
	}
	return s.tx.LogEntry(Ended, s.scope.target(s.tx.Actor.Workspace), nil, to)
}

// number returns a member with a number.
func number(name string, n int64) crm.Member {
	return crm.Member{Name: name, JSON: strconv.FormatInt(n, 10)}
}

// numberOf returns the number of a name; 0 if there is none.
func numberOf(members []crm.Member, name string) (n int64) {
	for _, m := range members {
		if m.Name == name {
			n, _ = strconv.ParseInt(m.JSON, 10, 64)
		}
	}
	return n
}

// undone is what a change group undoes.
type undone struct {
	target string // empty: the group is no undo
	entry  int64
}

// of returns what a change group undoes.
func (s *step) of(group int64) (u undone, err error) {
	if u, known := s.undos[group]; known {
		return u, nil
	}
	var to string
	if _, err = s.tx.Row("SELECT target, COALESCE(after, '') FROM log WHERE key = $1 AND action = $2", []any{crm.RecordKey(s.tx.Actor.Workspace, group), Began}, &u.target, &to); err != nil {
		return u, err
	}
	u.entry = numberOf(norm.ParseObject(to), entryName)
	if s.undos == nil {
		s.undos = map[int64]undone{}
	}
	s.undos[group] = u
	return u, nil
}

// maxTurns is of how many undos of undos undoes looks.
const maxTurns = 16

// undoes says what a change group did about an entry. 0: it is no undo of it; 1: it undid the entry; 2: it undid
// such an undo, and thus did the entry again; 3: it undid that; and so on.
func (s *step) undoes(group int64, e entry) (turns int, err error) {
	w := s.tx.Actor.Workspace
	for turns = 1; turns <= maxTurns; turns++ {
		u, err := s.of(group)
		if err != nil || u.target == "" {
			return 0, err
		}
		if u.entry == e.number || u.entry == 0 && (u.target == Scope{Group: e.group}.target(w) || e.run != 0 && u.target == Scope{Run: e.run}.target(w)) {
			return turns, nil
		}
		_, id, _ := strings.Cut(u.target, "/")
		first, fault := changelog.ParseGroupID(w, id)
		if fault != crm.IDOK {
			return 0, nil
		}
		group = first
	}
	return 0, nil
}

// Earlier is an undo that took back all of a scope, and was not taken back itself.
type Earlier struct {
	Group int64
	By    string // the e-mail of its user
	At    int64  // in milliseconds
	Kept  int    // values and records that it left as they were
}

// String says by whom, when and as which change group a workspace has the undo.
func (e Earlier) String(workspace int64) string {
	return fmt.Sprintf("by %s, on %s: change %s", cmp.Or(norm.ShowEmail(e.By), "the server"), time.UnixMilli(e.At).UTC().Format(time.RFC3339), changelog.GroupID(workspace, e.Group))
}

// maxEarlier is how many undos of a scope are looked at.
const maxEarlier = 50

// EarlierOf returns the last undo of a scope that is in effect; its Group is 0 if there is none.
func EarlierOf(ctx context.Context, s *store.Store, actor crm.Actor, of Scope) (found Earlier, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		w := actor.Workspace
		last, run, err := lastOf(ctx, v, w, of)
		if err != nil || last == 0 {
			return err
		}
		targets := []any{of.target(w), of.target(w)}
		if run != 0 {
			targets[1] = Scope{Run: run}.target(w)
		}
		var list []Earlier
		err = v.Rows(ctx, `SELECT l.key, COALESCE(l.change_group, 0), l.at, COALESCE(o.actor, ''), l.target, COALESCE(l.after, '') FROM log l LEFT JOIN origins o ON o.key = l.origin
			WHERE l.workspace_id = $1 AND l.target IN ($2, $3) AND l.action = $4 ORDER BY l.key DESC LIMIT $5`, []any{w, targets[0], targets[1], Ended, maxEarlier}, func(scan func(...any) error) error {
			var e Earlier
			var key int64
			var target, after string
			err := scan(&key, &e.Group, &e.At, &e.By, &target, &after)
			to := norm.ParseObject(after)
			e.Kept = int(numberOf(to, keptName))
			if one := numberOf(to, entryName); numberOf(to, endName) >= last && (one == 0 || one == of.Entry) {
				list = append(list, e)
			}
			return err
		})
		for i := 0; i < len(list) && err == nil && found.Group == 0; i++ {
			var back bool
			if back, err = takenBack(ctx, v, w, list[i].Group); err == nil && !back {
				found = list[i]
			}
		}
		return err
	})
	return found, err
}

// lastOf returns the number of the last entry of a scope, and the run of its first one; 0: there is none.
func lastOf(ctx context.Context, v *store.ReadTx, workspace int64, of Scope) (last, run int64, err error) {
	condition, args := of.where(workspace, 2)
	var key int64
	text := fmt.Sprintf("SELECT l.key FROM log l WHERE l.workspace_id = $1 AND %s ORDER BY l.key DESC LIMIT 1", condition)
	if _, err := engine.Found(v.Row(ctx, text, append([]any{workspace}, args...), &key)); err != nil {
		return 0, 0, err
	}
	var first int64
	_, err = engine.Found(v.Row(ctx, "SELECT l.key, COALESCE(l.run, 0) FROM log l WHERE l.key = $1", []any{crm.RecordKey(workspace, of.first())}, &first, &run))
	return max(crm.RecordNumber(key), crm.RecordNumber(first)), run, err
}

// takenBack reports whether an undo, or a part of it, was undone.
func takenBack(ctx context.Context, v *store.ReadTx, workspace, group int64) (is bool, err error) {
	var run int64
	if _, err = engine.Found(v.Row(ctx, "SELECT COALESCE(l.run, 0) FROM log l WHERE l.key = $1", []any{crm.RecordKey(workspace, group)}, &run)); err != nil {
		return false, err
	}
	targets := []any{Scope{Group: group}.target(workspace), Scope{Group: group}.target(workspace)}
	if run != 0 {
		targets[1] = Scope{Run: run}.target(workspace)
	}
	err = v.Row(ctx, "SELECT EXISTS (SELECT 1 FROM log l WHERE l.workspace_id = $1 AND l.target IN ($2, $3) AND l.action = $4 AND l.key > $5)",
		[]any{workspace, targets[0], targets[1], Began, crm.RecordKey(workspace, group)}, &is)
	return is, err
}
