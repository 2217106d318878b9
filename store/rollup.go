package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/secondary"
)

// rollup says that records of one entity contribute to fields of the record that a reference
// leads to.
type rollup struct {
	of     *crm.Entity
	ref    *crm.Field
	to     *crm.Entity
	fields []*crm.Field // of to: those with a rollup of the entity
}

// rollups returns the rollups of a schema by the entity that contributes.
func rollups(schema *crm.Schema) map[*crm.Entity][]rollup {
	all := map[*crm.Entity][]rollup{}
	for _, of := range schema.Entities {
		for i := range of.Fields {
			t := rollup{of: of, ref: &of.Fields[i], to: of.Target(&of.Fields[i])}
			if t.to == nil {
				continue
			}
			if t.fields = rollupFields(t.to, of); len(t.fields) > 0 {
				all[of] = append(all[of], t)
			}
		}
	}
	return all
}

// rollupFields returns the fields of an entity that records of another one contribute to.
func rollupFields(e, child *crm.Entity) (fields []*crm.Field) {
	for i := range e.Fields {
		if kept := e.Fields[i].Rollup(); kept != nil && kept.Child == child.Name {
			fields = append(fields, &e.Fields[i])
		}
	}
	return fields
}

// contribution is what records add to one field: their number, the latest of their times, or
// how many have each label.
type contribution struct {
	set    bool
	n      int64
	labels map[string]int64
}

// times returns the labels of a contribution with the sign.
func (c contribution) times(sign int64) map[string]int64 {
	signed := make(map[string]int64, len(c.labels))
	for label, n := range c.labels {
		signed[label] = sign * n
	}
	return signed
}

// contributionOf returns what one record adds to a field.
func contributionOf(f *crm.Field, rec crm.Record) contribution {
	t := f.Rollup()
	if filter := rec.Value(t.Where); t.Where != "" && (!filter.Set() || len(t.Equals) > 0 && !slices.Contains(t.Equals, filter.Text)) {
		return contribution{}
	}
	value := rec.Value(t.Value)
	switch f.Type.Kind() {
	case crm.TimeKind:
		return contribution{set: value.Set(), n: value.Int}
	case crm.ListKind:
		return contribution{set: value.Set(), labels: map[string]int64{value.Text: 1}}
	}
	return contribution{set: true, n: 1}
}

// updateRollups updates the rollups of the records to which a changed record refers.
func (tx *Tx) updateRollups(before, after crm.Record) error {
	for _, t := range tx.store.rollups[after.Entity] {
		was, is := before.Value(t.ref.Name), after.Value(t.ref.Name)
		previous, current := t.contributions(was, before), t.contributions(is, after)
		if was.Equal(is) && slices.EqualFunc(previous, current, sameContribution) {
			continue
		}
		if err := tx.addContributions(t, was.Int, previous, removed); err != nil {
			return err
		}
		if err := tx.addContributions(t, is.Int, current, added); err != nil {
			return err
		}
	}
	return nil
}

// contributions returns what a record adds to each field.
func (t rollup) contributions(ref crm.Value, rec crm.Record) []contribution {
	contributions := make([]contribution, len(t.fields))
	for i, f := range t.fields {
		if ref.Set() {
			contributions[i] = contributionOf(f, rec)
		}
	}
	return contributions
}

func sameContribution(a, b contribution) bool {
	if a.set != b.set || a.n != b.n || len(a.labels) != len(b.labels) {
		return false
	}
	for label, n := range a.labels {
		if b.labels[label] != n {
			return false
		}
	}
	return true
}

// The signs of a contribution.
const (
	added   int64 = 1
	removed int64 = -1
)

// addContributions adds contributions to the fields of the record with the key, or subtracts
// them. The contributing records must be written already: if the latest time is subtracted it
// is searched again among them.
func (tx *Tx) addContributions(t rollup, key int64, contributions []contribution, sign int64) error {
	if tx.deleting.is(t.to, key) {
		return nil
	}
	var set []string
	args := []any{tx.Actor.Workspace, key}
	for i, f := range t.fields {
		s := contributions[i]
		if !s.set {
			continue
		}
		column, n := f.Col(), "$"+strconv.Itoa(len(args)+1)
		switch {
		case f.Type.Kind() == crm.ListKind:
			list, changed, err := secondary.Labels{Entity: t.to, Field: f, Key: key}.Add(tx.Tx, s.times(sign))
			if err != nil {
				return err
			}
			if changed {
				args, set = append(args, list), append(set, column+" = "+n)
			}
		case f.Type.Kind() == crm.IntKind:
			args, set = append(args, sign*s.n), append(set, column+" = "+column+" + "+n)
		case sign == added:
			args, set = append(args, s.n), append(set, fmt.Sprintf("%s = CASE WHEN %s >= %s THEN %s ELSE %s END", column, column, n, column, n))
		default:
			args, set = append(args, s.n), append(set, fmt.Sprintf("%s = CASE WHEN %s > %s THEN %s ELSE %s END", column, column, n, column, tx.store.maxSQL(t, f)))
		}
	}
	if len(set) == 0 {
		return nil
	}
	tx.Invalidate(t.to, key)
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", t.to.Plural, strings.Join(set, ", ")), args...)
}

// maxSQL returns SQL that finds the latest time for a field of the record $2: the end of an
// index, for each reference that leads to it. SQLite must not use the index of the workspace,
// which has all records of the kind.
func (s *Store) maxSQL(t rollup, f *crm.Field) string {
	var ends []string
	for _, other := range s.rollups[t.of] {
		if other.to != t.to {
			continue
		}
		take := "a." + t.of.Field(f.Rollup().Value).Col()
		ends = append(ends, fmt.Sprintf("SELECT at FROM (SELECT %s AS at FROM %s a WHERE %s AND a.%s = $2 AND %s ORDER BY %s DESC LIMIT 1) e%d",
			take, t.of.Plural, engine.NoIndex("a.workspace_id = $1"), other.ref.Col(), t.countsIn(f, "a"), take, len(ends)))
	}
	return "(SELECT MAX(at) FROM (" + strings.Join(ends, " UNION ALL ") + ") m)"
}

// countsIn returns the condition under which a record contributes to a field.
func (t rollup) countsIn(f *crm.Field, alias string) string {
	kept := f.Rollup()
	if kept.Where == "" {
		return "TRUE"
	}
	column := alias + "." + t.of.Field(kept.Where).Col()
	if len(kept.Equals) == 0 {
		return column + " IS NOT NULL"
	}
	return column + " IN ('" + strings.Join(kept.Equals, "', '") + "')"
}
