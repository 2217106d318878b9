package past

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
)

// labels sets a field that has the labels of other records.
func (p *Past) labels(k *kind, at int, all map[int64]sums) error {
	var search []int64 // whose record does not say how often they have labels, or not all of these
	for _, key := range sorted(k.then) {
		now := k.own(key, at)
		s := all[key][at]
		k.then[key].Values[at] = now
		if s != nil && len(s.labels) > 0 || len(now.List()) >= crm.MaxTags {
			search = append(search, key)
		}
	}
	if len(search) == 0 {
		return nil
	}
	counts, err := p.labelCounts(k.then[search[0]].Entity, at, search)
	if err != nil {
		return err
	}
	for _, key := range search {
		rec, n := k.then[key], counts[key]
		if n == nil {
			n = map[string]int64{}
		}
		if s := all[key][at]; s != nil {
			for label, more := range s.labels {
				n[label] += more
			}
		}
		var list []string
		for label, times := range n {
			if times > 0 {
				list = append(list, label)
			}
		}
		slices.Sort(list)
		k.setLabels(rec, at, list)
	}
	return nil
}

// setLabels sets the labels of a record, of which it shows crm.MaxTags: those that it shows now, if it had them, and the
// first others.
func (k *kind) setLabels(rec crm.Record, at int, list []string) {
	if len(list) <= crm.MaxTags {
		rec.Values[at] = crm.Labels(list)
		return
	}
	if k.labels[rec.Key] == nil {
		k.labels[rec.Key] = map[string][]string{}
	}
	k.labels[rec.Key][rec.Entity.Fields[at].Name] = list
	now := k.own(rec.Key, at).List()
	shown := slices.DeleteFunc(slices.Clone(now), func(label string) bool { return !slices.Contains(list, label) })
	for _, label := range list {
		if len(shown) < crm.MaxTags && !slices.Contains(shown, label) {
			shown = append(shown, label)
		}
	}
	slices.Sort(shown)
	rec.Values[at] = crm.Labels(shown)
}

// labelCounts returns how often records have each label of a field now.
func (p *Past) labelCounts(e *crm.Entity, at int, keys []int64) (map[int64]map[string]int64, error) {
	counts := map[int64]map[string]int64{}
	text := fmt.Sprintf("SELECT g.record, n.name, g.n FROM "+engine.JoinInOrder(engine.JoinInOrder("("+engine.KeysFromJSON+") p", "tags g"), "names n")+
		" WHERE g.record = p.value AND n.key = g.name_id AND n.workspace_id = $1 AND n.kind = $2", 3)
	for some := range slices.Chunk(keys, keysAtOnce) {
		err := p.tx.Rows(p.ctx, text, []any{p.workspace, e.TagKind(&e.Fields[at]), keysJSON(some)}, func(scan func(...any) error) error {
			var key, n int64
			var name string
			if err := scan(&key, &name, &n); err != nil {
				return err
			}
			if counts[key] == nil {
				counts[key] = map[string]int64{}
			}
			counts[key][name] = n
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}
