package past

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
	"crmkit/store/table"
)

// Reader reads the past of workspaces.
type Reader struct {
	Schema *crm.Schema
	Tables map[*crm.Entity]*table.Table
	Limits Limits
}

// span is the part of a log whose changes are taken back.
type span struct {
	place Place
	last  int64 // the number of its last entry
}

// kind are the records of a kind that have changed since, or follow from others that have.
type kind struct {
	now, then map[int64]crm.Record          // as they are, and as they were; those that are and were there
	labels    map[int64]map[string][]string // by record and field: all labels, where the record shows some only
}

// Past is a workspace as it was at a place. It is of the moment of the transaction that it was read in, and must
// not be used after it.
type Past struct {
	Place
	reader    *Reader
	ctx       context.Context
	tx        *snapshot.Tx
	workspace int64
	journal   journal
	kinds     map[*crm.Entity]*kind
	leads     leads
	complete  bool                    // nothing is added to kinds any more
	changed   map[*crm.Entity][]int64 // see Changed
	names     map[name]int64          // the numbers of names
	unnamed   []name                  // those that have none; the first one gets -1
}

// Read reads what a workspace was at a place, as far as a question about some kinds needs it.
func (r *Reader) Read(ctx context.Context, v *snapshot.Tx, workspace int64, in Question) (*Past, error) {
	p := &Past{Place: in.Place, reader: r, ctx: ctx, tx: v, workspace: workspace, kinds: map[*crm.Entity]*kind{}, changed: map[*crm.Entity][]int64{}, names: map[name]int64{}}
	p.journal = journal{schema: r.Schema, workspace: workspace, needs: r.needs(in.Kinds), states: map[ref]*state{}, latest: map[*crm.Entity]int64{}, causes: map[ref]bool{}}
	limits := r.Limits
	if limits.Records == 0 {
		limits = DefaultLimits
	}
	reach := span{in.Place, in.Last}
	err := p.journal.read(ctx, v, reach, limits)
	if err == nil {
		p.leads, err = p.journal.readLeads(ctx, v)
	}
	if err == nil {
		err = p.rebuild()
	}
	if err == nil {
		err = p.inherit(reach, limits)
	}
	for _, e := range in.Kinds {
		if err == nil {
			err = p.rollUp(e)
		}
	}
	p.complete = true
	return p, err
}

// Question says what is asked of the past.
type Question struct {
	Place Place
	Last  int64         // the number of the last entry of the log
	Kinds []*crm.Entity // the kind that is asked for, and those that conditions lead to
}

// needs returns the kinds whose records must be known to answer a question about some kinds: those that they
// refer to, and those that contribute to them.
func (r *Reader) needs(kinds []*crm.Entity) map[*crm.Entity]bool {
	all := map[*crm.Entity]bool{}
	through := func(e *crm.Entity) {
		all[e] = true
		for _, v := range table.InheritedRefs(r.Schema) {
			if v.Of == e {
				all[v.Through()] = true
			}
		}
	}
	for _, e := range kinds {
		through(e)
		for i := range e.Fields {
			if to := e.Target(&e.Fields[i]); to != nil {
				all[to] = true
			}
			if by := e.Fields[i].Rollup(); by != nil {
				through(r.Schema.ByName(by.Child))
			}
		}
	}
	return all
}

// rebuild reads the changed records of the wanted kinds, and computes what they were.
func (p *Past) rebuild() error {
	for of, st := range p.journal.states {
		if p.journal.needs[of.entity] {
			k := p.kind(of.entity)
			k.now[of.key] = crm.Record{}
			if !st.absent {
				k.then[of.key] = crm.Record{}
			}
		}
	}
	for e, k := range p.kinds {
		if err := p.readNow(e, sorted(k.now)); err != nil {
			return err
		}
		for key := range k.then {
			st := p.journal.states[ref{e, key}]
			rec, there := k.now[key]
			if st.whole || !there {
				rec = blank(e, key)
			}
			rec = rec.Clone()
			st.put(rec)
			k.then[key] = rec
		}
	}
	if err := p.stampOld(); err != nil {
		return err
	}
	return p.settle()
}

// kind returns the changed records of a kind.
func (p *Past) kind(e *crm.Entity) *kind {
	k := p.kinds[e]
	if k == nil {
		k = &kind{map[int64]crm.Record{}, map[int64]crm.Record{}, map[int64]map[string][]string{}}
		p.kinds[e] = k
	}
	return k
}

// blank returns a record with nothing set, but counts of nothing.
func blank(e *crm.Entity, key int64) crm.Record {
	rec := crm.NewRecord(e)
	rec.Key, rec.ID = key, crm.RecordID(e.Prefix, key)
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Rollup() != nil && f.Type.Kind() == crm.IntKind {
			rec.Values[i] = crm.Number(0)
		}
	}
	return rec
}

// keysAtOnce is how many records one statement reads.
const keysAtOnce = 500

// readNow reads records as they are. Of those that are not there nothing is kept.
func (p *Past) readNow(e *crm.Entity, keys []int64) error {
	t, now := p.reader.Tables[e], p.kind(e).now
	text := fmt.Sprintf("SELECT %s FROM %s WHERE t.key = p.k AND t.workspace_id = $1", t.Columns, engine.JoinInOrder("p", t.From))
	text = fmt.Sprintf("WITH p(k) AS MATERIALIZED ("+engine.KeysFromJSON+") ", 2) + text
	for _, key := range keys {
		delete(now, key)
	}
	for some := range slices.Chunk(keys, keysAtOnce) {
		err := p.tx.Rows(p.ctx, text, []any{p.workspace, keysJSON(some)}, t.NewRow().Each(func(rec crm.Record) error {
			now[rec.Key] = rec
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// settle clears references that a delete had cleared for readers at the place, though its steps came later, and lets those to
// merged records lead on.
func (p *Past) settle() error {
	hidden, err := p.hidden()
	if err != nil || len(hidden) == 0 {
		return err
	}
	for _, k := range p.kinds {
		for key, rec := range k.then {
			lost, err := p.settleRecord(rec, hidden)
			if err != nil {
				return err
			}
			if isOrphan(rec, lost) {
				delete(k.then, key)
			}
		}
	}
	return nil
}

// hidden returns the records that were not there at the place although changes since have them as their cause.
func (p *Past) hidden() (map[ref]bool, error) {
	hidden := map[ref]bool{}
	for of := range p.journal.causes {
		st := p.journal.states[of]
		there := st != nil && !st.absent
		if st == nil { // then it is there now if it was there, as one that was brought back is
			var one int
			var err error
			there, err = engine.Found(p.tx.Row(p.ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE workspace_id = $1 AND key = $2", of.entity.Plural), []any{p.workspace, of.key}, &one))
			if err != nil {
				return nil, err
			}
		}
		if !there {
			hidden[of] = true
		}
	}
	return hidden, nil
}

// settleRecord is settle for one record. It returns the references that were cleared.
func (p *Past) settleRecord(rec crm.Record, hidden map[ref]bool) (lost []string, err error) {
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		to := rec.Entity.Target(f)
		if to == nil || f.Inherited() != nil || !hidden[ref{to, rec.Values[i].Int}] {
			continue
		}
		winner, err := p.Lead(to, rec.Values[i].Int)
		if err != nil {
			return nil, err
		}
		if rec.Values[i] = crm.Key(winner); winner == 0 {
			rec.Values[i], lost = crm.Value{}, append(lost, f.Name)
		}
	}
	return lost, nil
}

// Lead returns the record that the handle of a record led to at the place, because that had been merged; 0: to
// none.
func (p *Past) Lead(e *crm.Entity, key int64) (winner int64, err error) {
	if winner, changed := p.leads[ref{e, key}]; changed {
		return winner, nil
	}
	_, err = engine.Found(p.tx.Row(p.ctx, "SELECT winner FROM merged WHERE workspace_id = $1 AND kind = $2 AND record = $3", []any{p.workspace, e.Name, key}, &winner))
	return winner, err
}

// isOrphan reports whether a record was deleted with the last of those that it belonged to.
func isOrphan(rec crm.Record, lost []string) bool {
	return slices.ContainsFunc(rec.Entity.Parents.Sets(), func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(lost, name) }) &&
			!slices.ContainsFunc(names, func(name string) bool { return rec.Value(name).Set() })
	})
}

// sorted returns the keys of records, lowest first.
func sorted(of map[int64]crm.Record) []int64 {
	keys := make([]int64, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// keysJSON returns keys as a JSON array.
func keysJSON(keys []int64) string {
	if len(keys) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(keys) // cannot fail: a list of whole numbers
	return string(text)
}
