package past

import (
	"fmt"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// sum is what the changed records of a kind contribute to a field of a record: those that are there now, and those
// that were there then.
type sum struct {
	count  int64            // then, less now
	latest crm.Value        // of the times then
	last   crm.Value        // of the times now
	labels map[string]int64 // then, less now
}

// sums are those of a record, by position of the field.
type sums map[int]*sum

// rollUp sets what the records of a kind kept of others, and adds the records of which only that has changed.
func (p *Past) rollUp(e *crm.Entity) error {
	all := p.contributions(e)
	k := p.kind(e)
	var more []int64
	for key := range all {
		if _, known := k.now[key]; !known && p.journal.states[ref{e, key}] == nil {
			more = append(more, key)
		}
	}
	slices.Sort(more)
	if err := p.readNow(e, more); err != nil {
		return err
	}
	for _, key := range more {
		if rec, there := k.now[key]; there {
			k.then[key] = rec.Clone()
		}
	}
	for i := range e.Fields {
		var err error
		switch f := &e.Fields[i]; {
		case f.Rollup() == nil:
		case f.Type.Kind() == crm.IntKind:
			k.counts(i, all)
		case f.Type.Kind() == crm.TimeKind:
			err = p.times(k, i, all)
		case f.Type.Kind() == crm.ListKind:
			err = p.labels(k, i, all)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// contributions returns what changed records contribute to records of a kind.
func (p *Past) contributions(e *crm.Entity) map[int64]sums {
	all := map[int64]sums{}
	for of, rollups := range table.Rollups(p.reader.Schema) {
		k := p.kinds[of]
		for _, t := range rollups {
			if t.To != e || k == nil {
				continue
			}
			for _, rec := range k.now {
				addTo(all, t, rec, -1)
			}
			for _, rec := range k.then {
				addTo(all, t, rec, 1)
			}
		}
	}
	return all
}

// addTo adds what a record contributes to the one that it refers to; sign is 1 for then and -1 for now.
func addTo(all map[int64]sums, t table.Rollup, rec crm.Record, sign int64) {
	to := rec.Value(t.Ref.Name)
	if !to.Set() {
		return
	}
	for i, c := range t.Contributions(to, rec) {
		if !c.Set {
			continue
		}
		at := t.To.Index(t.Fields[i].Name)
		if all[to.Int] == nil {
			all[to.Int] = sums{}
		}
		s := all[to.Int][at]
		if s == nil {
			s = &sum{labels: map[string]int64{}}
			all[to.Int][at] = s
		}
		switch {
		case t.Fields[i].Type.Kind() == crm.TimeKind && sign > 0:
			s.latest = later(s.latest, crm.Millis(c.N))
		case t.Fields[i].Type.Kind() == crm.TimeKind:
			s.last = later(s.last, crm.Millis(c.N))
		case t.Fields[i].Type.Kind() == crm.ListKind:
			for label, n := range c.Times(sign) {
				s.labels[label] += n
			}
		default:
			s.count += sign * c.N
		}
	}
}

// later returns the later of two times, of which any may be unset.
func later(a, b crm.Value) crm.Value {
	if !a.Set() || b.Set() && b.Int > a.Int {
		return b
	}
	return a
}

// own returns the value that a record has now of a field at a position; unset if it is not there.
func (k *kind) own(key int64, at int) crm.Value {
	if rec, there := k.now[key]; there {
		return rec.Values[at]
	}
	return crm.Value{}
}

// counts sets a field that counts records.
func (k *kind) counts(at int, all map[int64]sums) {
	for key, rec := range k.then {
		n := k.own(key, at).Int
		if s := all[key][at]; s != nil {
			n += s.count
		}
		rec.Values[at] = crm.Number(n)
	}
}

// times sets a field that has the latest time. It is read anew without the records that have changed where one of these
// has it now.
func (p *Past) times(k *kind, at int, all map[int64]sums) error {
	var search []int64
	for _, key := range sorted(k.then) {
		rec, now := k.then[key], k.own(key, at)
		rec.Values[at] = now
		s := all[key][at]
		if s != nil && s.last.Set() && s.last.Int >= now.Int {
			rec.Values[at], search = crm.Value{}, append(search, key)
		}
		if s != nil {
			rec.Values[at] = later(rec.Values[at], s.latest)
		}
	}
	if len(search) == 0 {
		return nil
	}
	e := k.then[search[0]].Entity
	f := &e.Fields[at]
	child := p.reader.Schema.ByName(f.Rollup().Child)
	rollups := table.Rollups(p.reader.Schema)
	for _, t := range rollups[child] {
		if t.To == e {
			return p.searchTimes(k, at, latest{t.MaxWithoutSQL(rollups, f), search, p.Changed(child)})
		}
	}
	return nil
}

// latest is a search for the latest times of unchanged records.
type latest struct {
	text    string
	of      []int64 // the records to which they contribute
	changed []int64 // the records that are left out
}

// searchTimes reads the latest times for a field.
func (p *Past) searchTimes(k *kind, at int, in latest) error {
	text := fmt.Sprintf("SELECT p.value, %s FROM ("+engine.KeysFromJSON+") p", in.text, 2)
	for some := range slices.Chunk(in.of, keysAtOnce) {
		err := p.tx.Rows(p.ctx, text, []any{p.workspace, keysJSON(some), keysJSON(in.changed)}, func(scan func(...any) error) error {
			var key int64
			var found *int64
			if err := scan(&key, &found); err != nil || found == nil {
				return err
			}
			rec := k.then[key]
			rec.Values[at] = later(rec.Values[at], crm.Millis(*found))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Changed returns the keys of the records of a kind that may not be as they were, lowest first.
func (p *Past) Changed(e *crm.Entity) []int64 {
	if keys, known := p.changed[e]; known {
		return keys
	}
	all := map[int64]crm.Record{}
	for of := range p.journal.states {
		if of.entity == e {
			all[of.key] = crm.Record{}
		}
	}
	if k := p.kinds[e]; k != nil {
		maps.Copy(all, k.now)
		maps.Copy(all, k.then)
	}
	keys := sorted(all)
	if p.complete {
		p.changed[e] = keys
	}
	return keys
}
