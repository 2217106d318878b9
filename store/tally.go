package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
)

// rollup is where the records of one entity count: in fields of what their
// reference points to.
type rollup struct {
	of     *crm.Entity
	ref    *crm.Field
	to     *crm.Entity
	fields []*crm.Field // of to, each with a Tally of the entity
}

// rollups returns, by the entity that is counted, where it counts.
func rollups(schema *crm.Schema) map[*crm.Entity][]rollup {
	all := map[*crm.Entity][]rollup{}
	for _, of := range schema.Entities {
		for i := range of.Fields {
			t := rollup{of: of, ref: &of.Fields[i], to: of.Target(&of.Fields[i])}
			if t.to == nil {
				continue
			}
			for j := range t.to.Fields {
				if f := &t.to.Fields[j]; f.Rollup != nil && f.Rollup.Child == of.Name {
					t.fields = append(t.fields, f)
				}
			}
			if len(t.fields) > 0 {
				all[of] = append(all[of], t)
			}
		}
	}
	return all
}

// contribution is what records add to one field: how many they are, the latest of their
// times, or how many there are of each label.
type contribution struct {
	set    bool
	n      int64
	labels map[string]int64
}

// contributionOf returns what one record adds to a field.
func contributionOf(f *crm.Field, rec crm.Record) contribution {
	t := f.Rollup
	if has := rec.Value(t.Where); t.Where != "" && (!has.Set() || len(t.Equals) > 0 && !slices.Contains(t.Equals, has.Text)) {
		return contribution{}
	}
	taken := rec.Value(t.Value)
	switch f.Type.Kind() {
	case crm.TimeKind:
		return contribution{set: taken.Set(), n: taken.Int}
	case crm.ListKind:
		return contribution{set: taken.Set(), labels: map[string]int64{taken.Text: 1}}
	}
	return contribution{set: true, n: 1}
}

// updateRollups brings what is kept elsewhere of a record in step with its change.
func (tx *Tx) updateRollups(before, after crm.Record) error {
	for _, t := range tx.store.rollups[after.Entity] {
		was, is := before.Value(t.ref.Name), after.Value(t.ref.Name)
		lost, won := t.contributions(was, before), t.contributions(is, after)
		if was.Equal(is) && slices.EqualFunc(lost, won, sameContribution) {
			continue
		}
		if err := tx.addContributions(t, was.Int, lost, removed); err != nil {
			return err
		}
		if err := tx.addContributions(t, is.Int, won, added); err != nil {
			return err
		}
	}
	return nil
}

// contributions returns what a record adds to each field of what it refers to.
func (t rollup) contributions(ref crm.Value, rec crm.Record) []contribution {
	portions := make([]contribution, len(t.fields))
	for i, f := range t.fields {
		if ref.Set() {
			portions[i] = contributionOf(f, rec)
		}
	}
	return portions
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

// more and less are the signs of a portion.
const (
	added   int64 = 1
	removed int64 = -1
)

// addContributions adds portions to the fields of the record with the key, or takes them away.
// What records say must already be in their table, for a lost latest time is found
// again there.
func (tx *Tx) addContributions(t rollup, key int64, portions []contribution, sign int64) error {
	if tx.deleting.is(t.to, key) {
		return nil
	}
	var set []string
	args := []any{tx.Actor.Workspace, key}
	for i, f := range t.fields {
		s := portions[i]
		if !s.set {
			continue
		}
		column, n := f.Col(), "$"+strconv.Itoa(len(args)+1)
		switch {
		case f.Type.Kind() == crm.ListKind:
			list, changed, err := tx.addLabels(t.to, f, key, s.labels, sign)
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
	tx.invalidate(t.to, key)
	return tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", t.to.Plural, strings.Join(set, ", ")), args...)
}

// maxSQL returns the SQL that finds a field's time anew for the record $2: by
// each reference that leads there, the end of an index. The plus sign keeps SQLite
// from taking the index of the whole workspace.
func (s *Store) maxSQL(t rollup, f *crm.Field) string {
	var ends []string
	for _, other := range s.rollups[t.of] {
		if other.to != t.to {
			continue
		}
		take := "a." + t.of.Field(f.Rollup.Value).Col()
		ends = append(ends, fmt.Sprintf("SELECT at FROM (SELECT %s AS at FROM %s a WHERE +a.workspace_id = $1 AND a.%s = $2 AND %s ORDER BY %s DESC LIMIT 1) e%d",
			take, t.of.Plural, other.ref.Col(), t.countsIn(f, "a"), take, len(ends)))
	}
	return "(SELECT MAX(at) FROM (" + strings.Join(ends, " UNION ALL ") + ") m)"
}

// countsIn returns the condition under which a record counts in a field.
func (t rollup) countsIn(f *crm.Field, alias string) string {
	if f.Rollup.Where == "" {
		return "TRUE"
	}
	column := alias + "." + t.of.Field(f.Rollup.Where).Col()
	if len(f.Rollup.Equals) == 0 {
		return column + " IS NOT NULL"
	}
	return column + " IN ('" + strings.Join(f.Rollup.Equals, "', '") + "')"
}
