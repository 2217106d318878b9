package past

import (
	"fmt"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// inherit sets the inherited references of records as they were, and adds the records that have others only
// because what they inherit from has changed.
func (p *Past) inherit(in span, limit Limits) error {
	for _, v := range table.InheritedRefs(p.reader.Schema) {
		if !p.journal.needs[v.Of] {
			continue
		}
		if err := p.addHeirs(v, in, limit); err != nil {
			return err
		}
		sources, err := p.sources(v)
		if err != nil {
			return err
		}
		for _, rec := range p.kind(v.Of).then {
			is := crm.Value{}
			if base := rec.Value(v.Base.Name); base.Set() {
				is = sources[base.Int]
			}
			if is.Equal(rec.Value(v.Field.Inherited().Alternate)) {
				is = crm.Value{}
			}
			rec.Set(v.Field.Name, is)
		}
	}
	return nil
}

// addHeirs adds the records that inherited another reference.
func (p *Past) addHeirs(v table.InheritedRef, in span, limit Limits) error {
	through, of := p.kind(v.Through()), p.kind(v.Of)
	var moved []int64
	for _, key := range sorted(through.now) {
		if !through.source(v, key).Equal(through.now[key].Value(v.Source.Name)) {
			moved = append(moved, key)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	var heirs []int64
	left := max(limit.Records-len(p.journal.states), 0)
	text := fmt.Sprintf("SELECT a.key FROM "+engine.JoinInOrder("("+engine.KeysFromJSON+") p", v.Of.Plural+" a")+" WHERE UNINDEXED a.workspace_id = $1 AND a.%s = p.value LIMIT $3", 2, v.Base.Col())
	err := p.tx.Rows(p.ctx, text, []any{p.workspace, keysJSON(moved), left + 1}, func(scan func(...any) error) error {
		var key int64
		err := scan(&key)
		if p.journal.states[ref{v.Of, key}] == nil {
			heirs = append(heirs, key)
		}
		return err
	})
	if err == nil && len(heirs) > left {
		err = p.tooManyHeirs(v, in, limit)
	}
	if err != nil {
		return err
	}
	if err := p.readNow(v.Of, heirs); err != nil {
		return err
	}
	for _, key := range heirs {
		if rec, there := of.now[key]; there {
			of.then[key] = rec.Clone()
		}
	}
	return nil
}

// source returns the reference that records inherited through one that has changed.
func (k *kind) source(v table.InheritedRef, key int64) crm.Value {
	rec, there := k.then[key]
	if !there {
		return crm.Value{}
	}
	return rec.Value(v.Source.Name)
}

// sources returns, by the records through which the changed ones inherited, the references of these.
func (p *Past) sources(v table.InheritedRef) (map[int64]crm.Value, error) {
	through, sources, unchanged := p.kind(v.Through()), map[int64]crm.Value{}, map[int64]crm.Record{}
	for _, rec := range p.kind(v.Of).then {
		base := rec.Value(v.Base.Name)
		switch {
		case !base.Set():
		case p.journal.states[ref{v.Through(), base.Int}] != nil:
			sources[base.Int] = through.source(v, base.Int)
		default:
			unchanged[base.Int] = rec
		}
	}
	text := fmt.Sprintf("SELECT key, %s FROM %s WHERE UNINDEXED workspace_id = $1 AND key IN ("+engine.KeysFromJSON+") AND %s IS NOT NULL", v.Source.Col(), v.Through().Plural, 2, v.Source.Col())
	return sources, p.tx.Rows(p.ctx, text, []any{p.workspace, keysJSON(sorted(unchanged))}, func(scan func(...any) error) error {
		var key, source int64
		err := scan(&key, &source)
		sources[key] = crm.Key(source)
		return err
	})
}

// tooManyHeirs is the error of a place since which a record with very many heirs has moved. Since the last
// change of such a record there are none.
func (p *Past) tooManyHeirs(v table.InheritedRef, in span, limit Limits) error {
	var key, at int64
	_, err := engine.Found(p.tx.Row(p.ctx, entryAt, []any{crm.RecordKey(p.workspace, 0), crm.RecordKey(p.workspace, p.journal.latest[v.Through()])}, &key, &at))
	if err != nil {
		return err
	}
	return tooMany(in, limit, Place{crm.RecordNumber(key), at})
}
