package txn

import (
	"time"

	"crmkit/crm"
	"crmkit/store/table"
)

// origin is a row of the table origins: who made changes, with which token, from which
// address.
type origin struct {
	workspace          int64
	actor, token, addr string
}

// args returns the columns of the row without its key.
func (o origin) args() []any {
	return []any{o.workspace, table.NullText(o.token), table.NullText(o.actor), table.NullText(o.addr)}
}

// findOrigin is the statement that finds the key of the row.
const findOrigin = `SELECT key FROM origins WHERE workspace_id = $1 AND token_id IS NOT DISTINCT FROM $2 AND actor IS NOT DISTINCT FROM $3
	AND addr IS NOT DISTINCT FROM $4`

// maxOrigins is how many origins the writer remembers.
const maxOrigins = 4096

// Origin returns the key of the row in origins for the actor of the transaction.
func (tx *Tx) Origin() (key int64, err error) {
	a := tx.Actor
	known := tx.writer.origins
	id := origin{a.Workspace, a.Email, a.TokenID, a.Addr}
	if key, there := known[id]; there {
		return key, nil
	}
	args := id.args()
	found, err := tx.Row(findOrigin, args, &key)
	if err == nil && !found {
		if key, err = tx.NextKey("origins"); err == nil {
			folds := []any{table.FoldHostsUnlessSame(a.Email), table.FoldUnlessSame(a.Addr)}
			err = tx.Exec("INSERT INTO origins (workspace_id, token_id, actor, addr, key, actor_fold, addr_fold) VALUES ($1, $2, $3, $4, $5, $6, $7)", append(append(args, key), folds...)...)
		}
		if err == nil {
			err = tx.AddBytes(int64(table.Bytes(args...)))
		}
	}
	if err != nil {
		return 0, err
	}
	if len(known) >= maxOrigins {
		clear(known)
	}
	known[id] = key
	return key, nil
}

// Group is a change group: the entries of one write, or of several that belong together. It is
// the number of its first entry in the workspace; 0 means no group.
type Group int64

// group is the change group of a transaction, in one workspace.
type group struct {
	workspace int64
	first     int64
	joined    bool   // an earlier transaction began it
	run       *int64 // the run of a joined group, 0 if it has none; nil: it is not known yet
}

// BeginGroup returns the group of the entry that gets a number in the transaction's workspace. It begins one if the
// transaction has none.
func (tx *Tx) BeginGroup(number int64) Group {
	g := &tx.group
	if g.first == 0 || g.workspace != tx.Actor.Workspace || g.first > number {
		*g = group{workspace: tx.Actor.Workspace, first: number}
	}
	return Group(g.first)
}

// Group returns the change group of what the transaction logs. A later write can Join it after
// the transaction has logged something.
func (tx *Tx) Group() (Group, error) {
	l, err := tx.Counters()
	return tx.BeginGroup(l.Last + 1), err
}

// Logged returns the change group of what the transaction has logged in its workspace, or has joined;
// 0 if there is none.
func (tx *Tx) Logged() (Group, error) {
	g := tx.group
	if g.first == 0 || g.workspace != tx.Actor.Workspace {
		return 0, nil
	}
	l, err := tx.Counters()
	if g.first > l.Last { // what began the group was taken back
		return 0, err
	}
	return Group(g.first), err
}

// Join adds what the transaction logs from here on to a group that an earlier write of the
// same workspace began, for a change that takes several writes.
func (tx *Tx) Join(g Group) {
	tx.group = group{workspace: tx.Actor.Workspace, first: int64(g), joined: g != 0}
}

// Within has what fn logs be of a group that an earlier write of another actor began in the same workspace. What
// the transaction logs afterwards is of its own group again. The changes of fn are not noted: they belong to the earlier
// write, which may have them done at any moment by a step of its own.
func (tx *Tx) Within(g Group, of crm.Actor, fn func() error) error {
	group, actor, recording := tx.group, tx.Actor, tx.recording
	defer func() { tx.group, tx.Actor, tx.recording = group, actor, recording }()
	tx.recording = false
	tx.Join(g)
	tx.Actor.Email, tx.Actor.TokenID, tx.Actor.Addr, tx.Actor.Run = of.Email, of.TokenID, of.Addr, ""
	return fn()
}

// RunQuiet is how long a run may be unused. After that its name begins another run.
const RunQuiet = 24 * time.Hour

// run names a run.
type run struct {
	workspace, user int64
	name            string
}

// Run returns the run of the entry that gets a number: the one that the actor names, else that of the
// group that the transaction has joined. 0: it has none.
func (tx *Tx) Run(number int64) (first int64, err error) {
	if tx.Actor.Run == "" {
		return tx.joinedRun()
	}
	id := run{tx.Actor.Workspace, tx.Actor.User, tx.Actor.Run}
	if first, there := tx.writer.runs[id]; there {
		return first, nil
	}
	var lastAt int64
	found, err := tx.Row("SELECT first, last_at FROM runs WHERE workspace_id = $1 AND name = $2 AND user_id = $3 ORDER BY first DESC LIMIT 1",
		[]any{id.workspace, id.name, id.user}, &first, &lastAt)
	switch {
	case err != nil:
		return 0, err
	case found && lastAt > tx.now-RunQuiet.Milliseconds():
		err = tx.Exec("UPDATE runs SET last_at = $3 WHERE workspace_id = $1 AND first = $2", id.workspace, first, tx.now)
	default:
		first = number
		err = tx.Exec("INSERT INTO runs (workspace_id, first, user_id, name, last_at) VALUES ($1, $2, $3, $4, $5)", id.workspace, first, id.user, id.name, tx.now)
		if err == nil {
			err = tx.AddBytes(int64(table.Bytes(id.name)))
		}
	}
	if err == nil {
		tx.writer.runs[id] = first
	}
	return first, err
}

// joinedRun returns the run of the group that the transaction has joined, such as that of a delete whose
// steps follow it.
func (tx *Tx) joinedRun() (int64, error) {
	g := &tx.group
	if !g.joined || g.workspace != tx.Actor.Workspace {
		return 0, nil
	}
	if g.run == nil {
		var first int64
		if _, err := tx.Row("SELECT COALESCE(run, 0) FROM log WHERE key = $1", []any{crm.RecordKey(g.workspace, g.first)}, &first); err != nil {
			return 0, err
		}
		g.run = &first
	}
	return *g.run, nil
}
