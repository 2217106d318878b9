package past

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/list"
)

// Kinds returns the kind of a list, and those of the records that its conditions lead to.
func Kinds(schema *crm.Schema, q *query.Query) []*crm.Entity {
	kinds := []*crm.Entity{q.Entity}
	for _, m := range hopTable.FindAllStringSubmatch(q.Condition(), -1) {
		for _, e := range schema.Entities {
			if e.Plural == m[2] && !slices.Contains(kinds, e) {
				kinds = append(kinds, e)
			}
		}
	}
	return kinds
}

// ask returns the reader and the path of a question about the place. The reader r is of the same transaction.
func (p *Past) ask(r *list.Reader, actor crm.Actor, q *query.Query) (*list.Reader, list.Path, error) {
	e, l, own := q.Entity, lens{p, false}, lens{p, true}
	if err := p.number(own.conditions(q.Condition()), q.Args); err != nil {
		return nil, list.Path{}, err
	}
	past := &list.Past{Changed: keysJSON(p.Changed(e)), Table: "past_" + e.Plural, Where: l.conditions, OwnWhere: own.conditions,
		Source: func(text string) string { return l.links(text, e) }, More: int64(len(p.kind(e).then) - len(p.kind(e).now))}
	reader := &list.Reader{Tx: r.Tx.AsOf(l), Cached: r.Cached, Usage: r.Usage}
	path, err := reader.ChoosePastPlan(p.ctx, list.Path{Actor: actor, Query: q, Past: past})
	return reader, path, err
}

// List answers a question about the place. The reader is of the same transaction.
func (p *Past) List(r *list.Reader, actor crm.Actor, q *query.Query) (page list.Page, err error) {
	reader, path, err := p.ask(r, actor, q)
	if err != nil {
		return page, err
	}
	keys, err := reader.PastKeys(p.ctx, path)
	if err != nil {
		return page, err
	}
	records, err := p.load(r, path, keys)
	if err != nil {
		return page, err
	}
	page = list.Cut(records, q.Limit)
	if q.Total == query.TotalNone {
		return page, nil
	}
	return page, reader.PastTotal(p.ctx, path, &page)
}

// load returns the records of a page as they were.
func (p *Past) load(r *list.Reader, path list.Path, keys []int64) ([]crm.Record, error) {
	e := path.Query.Entity
	then := p.kind(e).then
	unchanged := slices.DeleteFunc(slices.Clone(keys), func(key int64) bool { _, is := then[key]; return is })
	rest, err := r.Records(p.ctx, p.reader.Tables[e], path, unchanged)
	if err != nil {
		return nil, err
	}
	records := make([]crm.Record, len(keys))
	for i, key := range keys {
		if rec, changed := then[key]; changed {
			records[i] = rec
		} else {
			records[i], rest = rest[0], rest[1:]
		}
	}
	return records, p.label(records)
}

// label gives records the names that what they refer to had.
func (p *Past) label(records []crm.Record) error {
	wanted := map[*crm.Entity]map[int64]crm.Record{}
	p.references(records, func(rec crm.Record, i int, to *crm.Entity) {
		if wanted[to] == nil {
			wanted[to] = map[int64]crm.Record{}
		}
		wanted[to][rec.Values[i].Int] = rec
	})
	names := map[ref]string{}
	for to, keys := range wanted {
		text := fmt.Sprintf("SELECT key, %s FROM %s WHERE UNINDEXED workspace_id = $1 AND key IN ("+engine.KeysFromJSON+")", to.LabelField, to.Plural, 2)
		for some := range slices.Chunk(sorted(keys), keysAtOnce) {
			err := p.tx.Rows(p.ctx, text, []any{p.workspace, keysJSON(some)}, func(scan func(...any) error) error {
				var key int64
				var name *string
				err := scan(&key, &name)
				if name != nil {
					names[ref{to, key}] = *name
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	for i := range records {
		records[i].Labels = make([]string, len(records[i].Labels))
	}
	p.references(records, func(rec crm.Record, i int, to *crm.Entity) {
		of := ref{to, rec.Values[i].Int}
		rec.Labels[i] = names[of]
		if p.journal.states[of] == nil {
			return
		}
		rec.Labels[i] = ""
		if was, there := p.kind(to).then[of.key]; there {
			rec.Labels[i] = was.Value(to.LabelField).Text
		}
	})
	return nil
}

// references calls fn for every reference of records that is set.
func (p *Past) references(records []crm.Record, fn func(rec crm.Record, i int, to *crm.Entity)) {
	for _, rec := range records {
		if rec.Entity == nil { // there was no room for it
			continue
		}
		for _, i := range p.reader.Tables[rec.Entity].References {
			if rec.Values[i].Set() {
				fn(rec, i, rec.Entity.Target(&rec.Entity.Fields[i]))
			}
		}
	}
}

// Record returns the record to which a key led at the place, and its key. read reads a record that has not changed
// since.
//
// Errors: not_found.
func (p *Past) Record(e *crm.Entity, key int64, read func(key int64) (crm.Record, error)) (rec crm.Record, err error) {
	lead, err := p.Lead(e, key)
	if err != nil {
		return rec, err
	}
	if lead != 0 {
		key = lead
	}
	rec, changed := p.kind(e).then[key]
	if st := p.journal.states[ref{e, key}]; !changed && st != nil {
		handle := e.Name + "/" + crm.RecordID(e.Prefix, key)
		if st.erased {
			return rec, crm.Errorf(crm.NotFound, "what %s was is not known any more: its values were erased for good.", handle)
		}
		return rec, crm.Errorf(crm.NotFound, "there was no %s at %s: it was made later, or had been deleted. GET /changes?record=%s shows when.", handle, p.Time(), handle)
	}
	if !changed {
		if rec, err = read(key); err != nil {
			return rec, err
		}
	}
	one := []crm.Record{rec}
	err = p.label(one)
	return one[0], err
}
