package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// A dry run of many rows must not hold the writer until the last, and must yet say of each
// row what a run in earnest says, where earlier rows count: they made the record that it
// updates, took its e-mail, or used up the plan. So it goes in steps. Each runs in a
// transaction of its own that is taken back, and what it did is remembered. A later step
// puts records of earlier ones into its transaction when a statement is about to look for
// them, and only those; the statements themselves are the same as ever.

// DryRun is a series of writes to one workspace that are all taken back, each run as if
// those before it had been kept. It is not safe for concurrent use.
type DryRun struct {
	base    map[*crm.Entity]int64 // the last number of each kind that is given out in earnest, as this step found it
	made    map[*crm.Entity]int64 // how many records of each kind earlier steps made
	byKey   map[dryRunKey]*dryRunRecord
	claimed map[string][]*dryRunRecord // who had or has what a claim says
	notes   map[importNote]int64
	bytes   int64 // of storage that earlier steps took
	memory  int64 // bytes of memory that the ghosts take, about
	limit   int64 // of those, with which no further step begins
	logged  bool  // something, so that the log knows who did it

	step     int
	start    counters // as this step found it
	records  []dryRunChange
	noted    []importNote // in this step, with their keys in keys
	keys     []int64
	restored []*dryRunRecord // in this step
}

// dryRunRecord is a record as the steps before left it. Records that they made have numbers from
// ghostNumbers on, for the next real ones may be given to others meanwhile.
type dryRunRecord struct {
	dryRunKey
	isNew  bool
	cells  []any    // by field, with the numbers of ghosts; unchanged where it is as in earnest
	before []string // its claims in earnest
	claims []string // its claims now
	step   int      // that it was put into last
}

// unchanged stands for the cell of a field that no step changed.
type unchanged struct{}

type dryRunKey struct {
	entity *crm.Entity
	key    int64
}

// dryRunNumbers are above those of all records.
const dryRunNumbers = 1 << 39

type dryRunChange struct{ before, after crm.Record }

// importNote is a row of the table imported.
type importNote struct {
	source string
	entity *crm.Entity
	id     string
}

// NewDryRun returns one to which no step was taken yet. When what it remembers takes most
// bytes, the next step is refused with ErrRehearsed.
func NewDryRun(most int64) *DryRun {
	return &DryRun{limit: most, made: map[*crm.Entity]int64{}, byKey: map[dryRunKey]*dryRunRecord{}, claimed: map[string][]*dryRunRecord{}, notes: map[importNote]int64{}}
}

// ErrDryRunFull says that a rehearsal remembers as much as it may.
var ErrDryRunFull = errors.New("the steps so far changed as much as a rehearsal remembers")

// DryRunStep runs fn like Write, as the next step of a rehearsal, and takes back what it did.
// A step that fails leaves the rehearsal as it was. No other write is in its transaction.
func (s *Store) DryRunStep(ctx context.Context, actor crm.Actor, r *DryRun, fn func(*Tx) error) error {
	if r.memory >= r.limit {
		return ErrDryRunFull
	}
	return s.submit(&job{ctx: ctx, actor: actor, dryRun: r, done: make(chan struct{}), run: func(tx *Tx) error {
		if err := r.begin(tx); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return r.end(tx)
	}})
}

// Made reports whether a record of the last step is one that the rehearsal made, so that
// its id is nobody's.
func (r *DryRun) Made(rec crm.Record) bool {
	return crm.RecordNumber(rec.Key) > r.base[rec.Entity]
}

// runDryRun runs a step of a rehearsal and takes it back. What others have changed is left
// for the next write to meet: nothing that is committed here would bring memory in step.
func (w *writer) runDryRun(j *job) error {
	ctx := context.Background()
	if err := w.conn.BeginWrite(); err != nil {
		return w.jobError("transaction", err)
	}
	err := w.start(w.own(ctx))
	if err == nil && !j.abandoned() {
		err = w.runOne(j, w.runInSavepoint)
	}
	_ = w.conn.Rollback() // fails where SQLite did it by itself
	clear(w.origins)
	j.after, j.commitErr = nil, nil
	if err != nil && j.err == nil {
		return w.jobError("transaction", err)
	}
	return nil
}

// begin makes the transaction look as if the steps before had been kept, as far as numbers
// and caps go. References are checked at its end, which it does not reach.
func (r *DryRun) begin(tx *Tx) (err error) {
	r.step++
	r.records, r.noted, r.keys, r.restored, r.base = nil, nil, nil, nil, map[*crm.Entity]int64{}
	if err := tx.conn.DeferReferences(); err != nil {
		return err
	}
	err = tx.Rows("SELECT kind, last FROM usage WHERE workspace_id = $1", []any{tx.Actor.Workspace}, func(scan func(...any) error) error {
		var kind string
		var last int64
		err := scan(&kind, &last)
		for _, e := range tx.store.Schema.Entities {
			if e.Plural == kind {
				r.base[e] = last
			}
		}
		return err
	})
	for e, n := range r.made {
		if err == nil {
			err = tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES ($1, $2, $3, $3, 0, 0)
				ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + $3, n = usage.n + $3`, tx.Actor.Workspace, e.Plural, n)
		}
	}
	if err == nil {
		r.start, err = tx.counters()
	}
	if err == nil && r.logged {
		_, err = tx.origin()
	}
	if err != nil {
		return err
	}
	l, err := tx.counters()
	l.bytes = r.start.bytes + r.bytes
	tx.setCounters(l)
	return err
}

// end remembers what the step did.
func (r *DryRun) end(tx *Tx) error {
	if err := tx.checkDeadline(); err != nil { // the step may have taken it for the fault of a part
		return err
	}
	l, err := tx.counters()
	if err != nil {
		return err
	}
	r.bytes, r.logged = l.bytes-r.start.bytes, r.logged || l.last > r.start.last
	for _, c := range r.records {
		r.remember(tx, c)
	}
	for i, n := range r.noted {
		r.notes[n] = r.stableKey(n.entity, r.keys[i])
	}
	r.records = nil
	return nil
}

// stableKey returns a key with the number of a ghost, where it is one; here with the number
// that the ghost has in this step.
func (r *DryRun) stableKey(e *crm.Entity, key int64) int64 {
	return r.renumber(key, r.base[e], dryRunNumbers)
}

func (r *DryRun) currentKey(e *crm.Entity, key int64) int64 {
	return r.renumber(key, dryRunNumbers, r.base[e])
}

func (r *DryRun) renumber(key, from, to int64) int64 {
	if n := crm.RecordNumber(key); n > from {
		return crm.RecordKey(crm.RecordWorkspace(key), n-from+to)
	}
	return key
}

// remember takes over what a record was made to be.
func (r *DryRun) remember(tx *Tx, c dryRunChange) {
	e := c.after.Entity
	id := dryRunKey{e, r.stableKey(e, c.after.Key)}
	g := r.byKey[id]
	if g == nil {
		g = &dryRunRecord{dryRunKey: id, isNew: c.before.Key == 0, cells: slices.Repeat([]any{unchanged{}}, len(e.Fields))}
		if r.byKey[id] = g; g.isNew {
			r.made[e]++
		} else {
			g.before = r.claimsOf(c.before)
		}
		r.claim(g, g.before)
	} else {
		r.memory -= g.size()
	}
	g.claims = r.claimsOf(c.after)
	r.claim(g, g.claims)
	for _, i := range g.changed(c, tx.store.mappings[e].persistent) {
		v := c.after.Values[i]
		if to := e.Target(&e.Fields[i]); to != nil && v.Set() {
			v = crm.Key(r.stableKey(to, v.Int))
		}
		g.cells[i] = columnValue(v)
	}
	r.memory += g.size()
}

// changed returns the fields to remember of a change: of a record that is there those that
// it changed, and the whole of each unique value that it changed a part of.
func (g *dryRunRecord) changed(c dryRunChange, all []int) []int {
	if g.isNew {
		return all
	}
	list := crm.Changed(c.before.Values, c.after.Values)
	for _, names := range g.entity.Keys() {
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(list, g.entity.Index(name)) }) {
			for _, name := range names {
				list = append(list, g.entity.Index(name))
			}
		}
	}
	return list
}

// size is about how much memory a ghost takes.
func (g *dryRunRecord) size() int64 {
	n := 16*len(g.cells) + byteCount(g.cells...)
	for _, claim := range slices.Concat(g.before, g.claims) {
		n += len(claim)
	}
	return int64(n)
}

func (r *DryRun) claim(g *dryRunRecord, claims []string) {
	for _, c := range claims {
		if !slices.Contains(r.claimed[c], g) {
			r.claimed[c] = append(r.claimed[c], g)
		}
	}
}

// claimsOf returns by what a record is found: its unique values, and its name.
func (r *DryRun) claimsOf(rec crm.Record) (list []string) {
	for _, names := range rec.Entity.Keys() {
		if values := valuesOf(rec, names); !slices.ContainsFunc(values, func(v crm.Value) bool { return !v.Set() }) {
			list = append(list, r.claimTo(rec.Entity, names, values))
		}
	}
	if f := rec.Entity.Field(rec.Entity.LabelField); f.HasFoldColumn() {
		list = append(list, nameClaim(rec.Entity, rec.Value(f.Name).Text))
	}
	return list
}

func (r *DryRun) claimTo(e *crm.Entity, names []string, values []crm.Value) string {
	parts := []string{e.Name}
	for i, name := range names {
		v := values[i]
		if to := e.Target(e.Field(name)); to != nil {
			v = crm.Key(r.stableKey(to, v.Int))
		}
		parts = append(parts, name, fmt.Sprint(columnValue(v)))
	}
	return strings.Join(parts, "\x00")
}

func nameClaim(e *crm.Entity, name string) string { return e.Name + "\x00\x00" + norm.Fold(name) }
