package view

import (
	"context"
	"fmt"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/list"
	"crmkit/store/txn"
)

// ValueCount is one value of a field and how many records hold it.
type ValueCount = cache.ValueCount

// ValueCounts is which values of a field are in use.
type ValueCounts struct {
	Values  []ValueCount // the most frequent first, at most query.MaxInUse
	Rest    int64        // how many more values there are; beyond query.MaxRest they are not counted further
	AtLeast bool         // all counts are of the newest query.MaxScan records alone
}

// ValuesInUse returns which values are in use. Of the fields of records the counts are kept and
// exact; of custom keys, members and the log, the newest query.MaxScan rows are counted.
func (v *View) ValuesInUse(p query.Condition) (values ValueCounts, err error) {
	e := p.Question.Entity
	r, err := v.reader(e)
	if err != nil {
		return values, err
	}
	args := append([]any{list.Scope(v.actor, e)}, p.Args...)
	read := func() (cache.Count, error) { return valuesInUse(v.ctx, r.Tx, p, args) }
	var m cache.Count
	if e.IsView() {
		m, err = read()
	} else {
		m, err = r.Cached.Count(cache.NewKey(v.actor.Workspace, p.ValuesSQL, args), read)
	}
	return ValueCounts{m.Values, m.N - int64(len(m.Values)), m.More >= query.MaxScan}, err
}

// maxKeys is how many keys of custom are listed.
const maxKeys = 1000

// CustomKeys returns the keys that records of the entity have in custom, with the number of records, at most query.MaxScan, that
// have each.
func (v *View) CustomKeys(e *crm.Entity) (keys []ValueCount, err error) {
	f := e.Field("custom")
	r, err := v.reader(e)
	if f == nil || err != nil {
		return nil, err
	}
	text := fmt.Sprintf("SELECT n.name, (SELECT COUNT(*) FROM (SELECT 1 FROM custom_values c WHERE c.name_id = n.key LIMIT %d) x) FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 ORDER BY n.name LIMIT %d", query.MaxScan, maxKeys)
	err = r.Rows(v.ctx, text, []any{v.actor.Workspace, e.TagKind(f)}, func(scan func(...any) error) error {
		keys = append(keys, ValueCount{})
		in := &keys[len(keys)-1]
		return scan(&in.Value, &in.N)
	})
	return keys, err
}

// valuesInUse reads the values, how many there are, and in how many rows they were counted.
func valuesInUse(ctx context.Context, c *txn.ReadTx, p query.Condition, args []any) (m cache.Count, err error) {
	err = c.Rows(ctx, p.ValuesSQL, args, func(scan func(...any) error) error {
		m.Values = append(m.Values, ValueCount{})
		in := &m.Values[len(m.Values)-1]
		err := scan(&in.Value, &in.N)
		in.Value = p.Shown(in.Value)
		return err
	})
	if err == nil {
		err = c.RowUntil(ctx, p.DistinctSQL, args, &m.N, &m.More)
	}
	return m, err
}
