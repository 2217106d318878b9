package past

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// The tables tags and custom_values have the numbers of names. A name that no record has any more has no number,
// so it gets one below 0 here.

// name is a label, or a key of an object, of records of a kind.
type name struct{ kind, text string }

// labeled is a label or a value of a record.
type labeled struct {
	name
	record int64
	row    []any // of a value: the text and its forms
}

// labelsOf returns the labels that changed records of a kind had.
func (p *Past) labelsOf(e *crm.Entity) (list []labeled) {
	for _, key := range sorted(p.kind(e).then) {
		rec := p.kind(e).then[key]
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Type.Kind() != crm.ListKind || f.HasItems() {
				continue
			}
			labels := rec.Values[i].List()
			if all := p.kind(e).labels[key][f.Name]; all != nil {
				labels = all
			}
			for _, label := range labels {
				list = append(list, labeled{name{e.TagKind(f), label}, key, nil})
			}
		}
	}
	return list
}

// membersOf returns the values that changed records of a kind had in their objects, under keys that are among the arguments of
// a statement.
func (p *Past) membersOf(e *crm.Entity, args []any) (list []labeled) {
	keys := map[string]bool{}
	for _, arg := range args {
		if text, is := arg.(string); is {
			keys[text] = true
		}
	}
	for _, key := range sorted(p.kind(e).then) {
		rec := p.kind(e).then[key]
		for _, f := range objects(e) {
			members := slices.DeleteFunc(slices.Clone(rec.Value(f.Name).Members()), func(m crm.Member) bool { return !keys[m.Name] })
			for _, m := range members {
				list = append(list, labeled{name{e.TagKind(f), m.Name}, key, table.MemberRow(m)})
			}
		}
	}
	return list
}

// number gives numbers to the names that conditions are about: those that the table names has, or others.
func (p *Past) number(conditions string, args []any) error {
	kinds := map[string]map[string]bool{}
	for _, e := range p.reader.Schema.Entities {
		var list []labeled
		if strings.Contains(conditions, "at_tags_"+e.Name+" ") {
			list = p.labelsOf(e)
		}
		if strings.Contains(conditions, "at_custom_values_"+e.Name+" ") {
			list = append(list, p.membersOf(e, args)...)
		}
		for _, l := range list {
			if kinds[l.kind] == nil {
				kinds[l.kind] = map[string]bool{}
			}
			kinds[l.kind][l.text] = true
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		texts := slices.Sorted(maps.Keys(kinds[kind]))
		if err := p.readNames(kind, texts); err != nil {
			return err
		}
		for _, text := range texts {
			if _, known := p.names[name{kind, text}]; !known {
				p.unnamed = append(p.unnamed, name{kind, text})
				p.names[name{kind, text}] = -int64(len(p.unnamed))
			}
		}
	}
	return nil
}

// readNames reads the numbers of names of a kind.
func (p *Past) readNames(kind string, texts []string) error {
	text := fmt.Sprintf("SELECT n.name, n.key FROM "+engine.JoinInOrder("items_of($%d) v", "names n")+" WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = v.value", 3)
	for some := range slices.Chunk(texts, keysAtOnce) {
		arg, _ := json.Marshal(some) // cannot fail: a list of texts
		err := p.tx.Rows(p.ctx, text, []any{p.workspace, kind, string(arg)}, func(scan func(...any) error) error {
			var text string
			var key int64
			err := scan(&text, &key)
			p.names[name{kind, text}] = key
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tags adds the subqueries of labels.
func (w *with) tags(e *crm.Entity, of part) {
	if of == all {
		w.union("at_tags_"+e.Name, "w.name_id, w.record", w.isUnchanged(e))
		return
	}
	var rows [][]any
	for _, l := range w.labelsOf(e) {
		rows = append(rows, []any{w.numbers(l), l.record})
	}
	w.rows("past_tags_"+e.Name, cells{{"name_id", "BIGINT"}, {"record", "BIGINT"}}, rows)
}

// members adds the subqueries of values of objects.
func (w *with) members(e *crm.Entity, of part) {
	if of == all {
		w.union("at_custom_values_"+e.Name, "w.name_id, w.record, w.text, w.fold, w.number, w.time", w.isUnchanged(e))
		return
	}
	var rows [][]any
	for _, l := range w.membersOf(e, w.args) {
		rows = append(rows, append([]any{w.numbers(l), l.record}, l.row...))
	}
	w.rows("past_custom_values_"+e.Name, cells{{"name_id", "BIGINT"}, {"record", "BIGINT"}, {"text", "TEXT"}, {"fold", "TEXT"}, {"number", "TEXT"}, {"time", "BIGINT"}}, rows)
}

// isUnchanged is the condition that a row beside records belongs to none that has changed.
func (w *with) isUnchanged(e *crm.Entity) string {
	return fmt.Sprintf("w.record NOT IN ("+engine.KeysFromJSON+")", w.arg(keysJSON(w.Changed(e))))
}

// numbers returns the number of the name of a label.
func (w *with) numbers(l labeled) int64 { return w.Past.names[l.name] }

// nameRows adds the subqueries of names.
func (w *with) nameRows(of part) {
	if of == all {
		w.union("at_names", "w.key, w.workspace_id, w.kind, w.name, w.fold", "TRUE")
		return
	}
	var rows [][]any
	for i, n := range w.unnamed {
		rows = append(rows, []any{-int64(i + 1), w.workspace, n.kind, n.text, table.FoldUnlessSame(n.text)})
	}
	w.rows("past_names", cells{{"key", "BIGINT"}, {"workspace_id", "BIGINT"}, {"kind", "TEXT"}, {"name", "TEXT"}, {"fold", "TEXT"}}, rows)
}

// merged adds the subqueries of where the handles of merged records led.
func (w *with) merged(of part) {
	kinds := map[*crm.Entity][]int64{}
	var rows [][]any
	for of, winner := range w.leads {
		kinds[of.entity] = append(kinds[of.entity], of.key)
		if winner != 0 {
			rows = append(rows, []any{w.workspace, of.entity.Name, of.key, winner})
		}
	}
	if of == changed {
		w.rows("past_merged", cells{{"workspace_id", "BIGINT"}, {"kind", "TEXT"}, {"record", "BIGINT"}, {"winner", "BIGINT"}}, rows)
		return
	}
	unchanged := "TRUE"
	for _, e := range w.reader.Schema.Entities {
		if keys := kinds[e]; keys != nil {
			unchanged += fmt.Sprintf(" AND NOT (w.kind = '%s' AND w.record IN ("+engine.KeysFromJSON+"))", e.Name, w.arg(keysJSON(keys)))
		}
	}
	w.union("at_merged", "w.workspace_id, w.kind, w.record, w.winner", unchanged)
}

// rowsJSON returns rows as a JSON array of arrays.
func rowsJSON(rows [][]any) string {
	if len(rows) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(rows) // cannot fail: whole numbers and texts
	return string(text)
}
