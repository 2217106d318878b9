package view

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

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

// The bounds of CustomKeys: of how many keys the names are read, and how many values are counted, of all keys together.
const (
	maxKeys   = 10_000
	maxValues = 10 * query.MaxScan
)

// KeyCounts are the keys that records have in custom.
type KeyCounts struct {
	Keys []ValueCount // with the number of records that have each, the most used first
	Most int64        // counts end here: a key with as many may have more
	More bool         // there are more keys, which were not counted
}

// CustomKeys returns the keys that records of the entity have in custom. However many keys and records there are, it
// reads at most so many names and values as the bounds say: of a few keys query.MaxScan values each, of many fewer.
func (v *View) CustomKeys(e *crm.Entity) (c KeyCounts, err error) {
	f := e.Field("custom")
	r, err := v.reader(e)
	if f == nil || err != nil {
		return c, err
	}
	of := []any{v.actor.Workspace, e.TagKind(f)}
	var n int64
	err = r.Row(v.ctx, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM names WHERE workspace_id = $1 AND kind = $2 LIMIT %d) x", maxKeys+1), of, &n)
	if err != nil || n == 0 {
		return c, err
	}
	c.More, n = n > maxKeys, min(n, maxKeys)
	c.Most = min(maxValues/n, query.MaxScan)
	text := fmt.Sprintf("SELECT n.name, (SELECT COUNT(*) FROM (SELECT 1 FROM custom_values c WHERE c.name_id = n.key LIMIT $3) x) FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 ORDER BY n.name LIMIT %d", maxKeys)
	err = r.Rows(v.ctx, text, append(of, c.Most), func(scan func(...any) error) error {
		c.Keys = append(c.Keys, ValueCount{})
		in := &c.Keys[len(c.Keys)-1]
		return scan(&in.Value, &in.N)
	})
	slices.SortStableFunc(c.Keys, func(a, b ValueCount) int { return int(b.N - a.N) })
	return c, err
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
	if p.Labels {
		m.Values = labels(m.Values)
		m.N = int64(len(m.Values))
		m.Values = m.Values[:min(len(m.Values), query.MaxInUse)]
	}
	return m, err
}

// labels returns the labels of lists with the number of records that have each, the most frequent first. A value from
// before its key was declared may be no list.
func labels(lists []ValueCount) (values []ValueCount) {
	counts := map[string]int64{}
	for _, in := range lists {
		var list []string
		if json.Unmarshal([]byte(in.Value), &list) != nil {
			list = []string{in.Value}
		}
		for _, label := range list {
			counts[label] += in.N
		}
	}
	for label, n := range counts {
		values = append(values, ValueCount{Value: label, N: n})
	}
	slices.SortFunc(values, func(a, b ValueCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value)) })
	return values
}
