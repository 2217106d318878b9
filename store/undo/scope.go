package undo

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// Scope says what is undone. One of Group, Run and Entry is set.
type Scope struct {
	Group  int64  `json:"group,omitempty"`
	Run    int64  `json:"run,omitempty"`
	Entry  int64  `json:"entry,omitempty"`  // the number of one entry
	Delete string `json:"delete,omitempty"` // of a group only the delete of the record with this handle, and what followed from it
	Done   int64  `json:"done,omitempty"`   // with Delete: the number of its entry, if the record is there again
	From   int64  `json:"from,omitempty"`   // the number of the first entry that is looked at
	End    int64  `json:"end"`              // the number of the last entry of the log that is looked at

	In   int64    `json:"in,omitempty"`   // the group of Entry
	Name []string `json:"name,omitempty"` // the name and the value by which the log says what is undone, besides its group
}

// where returns the condition on the entries l that a scope has, and its arguments, of which the first has a given
// number. The first entry of a group does not name the group, see page.
func (s Scope) where(workspace int64, arg int) (text string, args []any) {
	switch {
	case s.Entry != 0:
		return fmt.Sprintf("l.key = $%d", arg), []any{crm.RecordKey(workspace, s.Entry)}
	case s.Run != 0:
		return fmt.Sprintf("l.run = $%d", arg), []any{s.Run}
	}
	text, args = fmt.Sprintf("l.change_group = $%d", arg), []any{s.Group}
	only, more := s.only(workspace, arg+1)
	return text + only, append(args, more...)
}

// only returns the further condition of Delete on the entries of a group, and its arguments.
func (s Scope) only(workspace int64, arg int) (text string, args []any) {
	if s.Delete == "" {
		return "", nil
	}
	return fmt.Sprintf(" AND (l.target = $%d AND l.key <> $%d OR l.after LIKE '%%' || $%d || '%%')", arg, arg+1, arg+2),
		[]any{s.Delete, crm.RecordKey(workspace, s.Done), `"` + changelog.CauseName + `":"` + s.Delete + `"`}
}

// takes reports whether an entry, for which the condition of the scope holds, is in it: a pattern takes more than
// it should, since the underscore of ids stands for any character.
func (s Scope) takes(e entry) bool {
	return s.Delete == "" || e.target == s.Delete || e.cause == s.Delete
}

// first returns a number before which the scope has no entry.
func (s Scope) first() int64 { return max(s.Group, s.Run, s.Entry, s.From) }

// entry is an entry of the log, as it is stored.
type entry struct {
	number         int64
	group, run     int64 // to which it belongs; run is 0 if it has none
	action, target string
	version        int64
	from, to       []crm.Member
	cause          string // the handle of the record whose delete, merge or return is the reason; empty: there is none
}

// kind returns the kind of the record that the entry is about, and its key; nil: it is about no record.
func (e entry) kind(tx *store.Tx) (*crm.Entity, int64) { return recordOf(tx, e.target) }

// recordOf returns the kind and the key of the record with a handle, or nil.
func recordOf(tx *store.Tx, handle string) (*crm.Entity, int64) {
	kind, id, _ := strings.Cut(handle, "/")
	e := tx.Schema().ByName(kind)
	if e == nil || e.IsView() {
		return nil, 0
	}
	key, fault := crm.ParseID(e, tx.Actor.Workspace, id)
	if fault != crm.IDOK {
		return nil, 0
	}
	return e, key
}

// has reports whether a change group, with its run, is in the scope.
func (s Scope) has(group, run int64) bool {
	return s.Group != 0 && s.Group == group || s.Run != 0 && s.Run == run
}

// span is a part of the log: entries with numbers below Below, and not below From.
type span struct {
	From  int64 `json:"from"`
	Below int64 `json:"below"`
}

// page returns the last entries of a scope in a part of the log, the last one first: as many as fit into a
// page, at most most.
func page(tx *store.Tx, s Scope, in span, most int) (list []entry, err error) {
	in.From, in.Below = max(in.From, s.first()), min(in.Below, s.End+1)
	r := pageReader{tx: tx, scope: s}
	condition, args := s.where(tx.Actor.Workspace, 4)
	if err := r.read(condition, append([]any{in.From, in.Below}, args...), most); err != nil {
		return nil, err
	}
	if first := s.Group; !r.full && first != 0 && len(r.list) < most && first >= in.From && first < in.Below {
		only, args := s.only(tx.Actor.Workspace, 5)
		err = r.read("l.key = $4 AND l.change_group IS NULL"+only, append([]any{in.From, in.Below, crm.RecordKey(tx.Actor.Workspace, first)}, args...), 1)
	}
	return r.list, err
}

// pageReader reads entries.
type pageReader struct {
	tx    *store.Tx
	scope Scope
	list  []entry
	bytes int
	full  bool // the next entry does not fit into the page
}

// read reads entries for which a condition on the arguments from $4 on holds. The other arguments are the numbers between which they are.
func (r *pageReader) read(condition string, args []any, most int) error {
	w := r.tx.Actor.Workspace
	text := fmt.Sprintf("SELECT l.key, COALESCE(l.change_group, 0), COALESCE(l.run, 0), l.action, l.target, COALESCE(l.version, 0), COALESCE(l.before, ''), COALESCE(l.after, '') FROM log l WHERE l.workspace_id = $1 AND l.key >= $2 AND l.key < $3 AND %s ORDER BY l.key DESC LIMIT %d",
		condition, most)
	args = append([]any{w, crm.RecordKey(w, args[0].(int64)), crm.RecordKey(w, args[1].(int64))}, args[2:]...)
	return r.tx.Rows(text, args, func(scan func(...any) error) error {
		var e entry
		var key int64
		var before, after string
		if err := scan(&key, &e.group, &e.run, &e.action, &e.target, &e.version, &before, &after); err != nil || r.full {
			return err
		}
		r.bytes += len(before) + len(after)
		if r.full = r.bytes > maxPage && len(r.list) > 0; !r.full {
			e.number, e.from, e.to, e.cause = crm.RecordNumber(key), norm.ParseObject(before), norm.ParseObject(after), changelog.CauseOf(after)
			if e.group == 0 {
				e.group = e.number
			}
			if r.scope.takes(e) {
				r.list = append(r.list, e)
			}
		}
		return nil
	})
}

// maxPage is the most bytes of values that a page has in memory.
const maxPage = 8 << 20

// goneSince returns the number of the entry of a scope, before another one, with which a record was deleted or
// merged; 0: there is none.
func goneSince(tx *store.Tx, s Scope, handle string, before int64) (int64, error) {
	w := tx.Actor.Workspace
	condition, more := s.where(w, 6)
	only, _ := s.only(w, 7) // the same arguments
	var key int64
	args := append([]any{w, handle, crm.RecordKey(w, before), crm.RecordKey(w, s.first()), crm.RecordKey(w, max(s.Group, s.Run, s.Entry))}, more...)
	_, err := tx.Row("SELECT l.key FROM log l WHERE l.workspace_id = $1 AND l.target = $2 AND l.action IN ('delete', 'merge') AND l.key < $3 AND l.key >= $4 AND ("+condition+" OR l.key = $5"+only+") ORDER BY l.key DESC LIMIT 1",
		args, &key)
	return crm.RecordNumber(key), err
}

// nextOf returns the first entry of a scope after another one that is about the same record and has one of some actions.
func nextOf(tx *store.Tx, s Scope, e entry, actions string) (next entry, found bool, err error) {
	w := tx.Actor.Workspace
	condition, more := s.where(w, 5)
	var key int64
	var before string
	found, err = tx.Row("SELECT l.key, COALESCE(l.before, '') FROM log l WHERE l.workspace_id = $1 AND l.target = $2 AND l.key > $3 AND l.key <= $4 AND l.action IN ("+actions+") AND "+condition+" ORDER BY l.key LIMIT 1",
		append([]any{w, e.target, crm.RecordKey(w, e.number), crm.RecordKey(w, s.End)}, more...), &key, &before)
	return entry{number: crm.RecordNumber(key), target: e.target, from: norm.ParseObject(before)}, found, err
}

// hasEarlier reports whether a scope has an entry about the record of another one before it.
func hasEarlier(tx *store.Tx, s Scope, e entry) (has bool, err error) {
	w := tx.Actor.Workspace
	condition, args := s.where(w, 6)
	_, err = tx.Row("SELECT EXISTS (SELECT 1 FROM log l WHERE l.workspace_id = $1 AND l.target = $2 AND l.key < $3 AND l.key >= $4 AND ("+condition+" OR l.key = $5))",
		append([]any{w, e.target, crm.RecordKey(w, e.number), crm.RecordKey(w, s.first()), crm.RecordKey(w, s.first())}, args...), &has)
	return has, err
}

// Newer is what was logged after the end of a scope.
type Newer struct {
	Entries int64    // of all records
	Records []string // handles of some records of the scope that were changed
}

// maxNewer is how many newer entries are looked at.
const maxNewer = 20_000

// NewerThan says what was logged after the end of a scope, and of its records names at most most that were
// changed. If there are more than maxNewer entries it names none, and many is true.
func NewerThan(tx *store.Tx, s Scope, most int) (found Newer, many bool, err error) {
	l, err := tx.Counters()
	if found.Entries = l.Last - s.End; err != nil || found.Entries <= 0 {
		return found, false, err
	}
	if found.Entries > maxNewer {
		return found, true, nil
	}
	w := tx.Actor.Workspace
	condition, args := s.where(w, 4)
	err = tx.Rows(fmt.Sprintf(`SELECT DISTINCT n.target FROM log n WHERE n.workspace_id = $1 AND n.key > $2 AND n.action IN ('create', 'update', 'delete', 'merge', 'restore')
		AND EXISTS (SELECT 1 FROM log l WHERE l.workspace_id = $1 AND l.target = n.target AND l.key <= $2 AND l.key >= $3 AND (%s OR l.key = $3)) LIMIT %d`, condition, most),
		append([]any{w, crm.RecordKey(w, s.End), crm.RecordKey(w, s.first())}, args...), func(scan func(...any) error) error {
			found.Records = append(found.Records, "")
			return scan(&found.Records[len(found.Records)-1])
		})
	return found, false, err
}
