package table

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
)

// Rollup says that records of one entity contribute to fields of the record that a reference
// leads to.
type Rollup struct {
	Of     *crm.Entity
	Ref    *crm.Field
	To     *crm.Entity
	Fields []*crm.Field // of To: those with a rollup of the entity
}

// Rollups returns the rollups of a schema by the entity that contributes.
func Rollups(schema *crm.Schema) map[*crm.Entity][]Rollup {
	all := map[*crm.Entity][]Rollup{}
	for _, of := range schema.Entities {
		for i := range of.Fields {
			t := Rollup{Of: of, Ref: &of.Fields[i], To: of.Target(&of.Fields[i])}
			if t.To == nil {
				continue
			}
			if t.Fields = rollupFields(t.To, of); len(t.Fields) > 0 {
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

// Contribution is what records add to one field: their number, the latest of their times, or
// how many have each label.
type Contribution struct {
	Set    bool
	N      int64
	Labels map[string]int64
}

// Times returns the labels of a Contribution with the sign.
func (c Contribution) Times(sign int64) map[string]int64 {
	signed := make(map[string]int64, len(c.Labels))
	for label, n := range c.Labels {
		signed[label] = sign * n
	}
	return signed
}

// contributionOf returns what one record adds to a field.
func contributionOf(f *crm.Field, rec crm.Record) Contribution {
	t := f.Rollup()
	if filter := rec.Value(t.Where); t.Where != "" && (!filter.Set() || len(t.Equals) > 0 && !slices.Contains(t.Equals, filter.Text)) {
		return Contribution{}
	}
	value := rec.Value(t.Value)
	switch f.Type.Kind() {
	case crm.TimeKind:
		return Contribution{Set: value.Set(), N: value.Int}
	case crm.ListKind:
		return Contribution{Set: value.Set(), Labels: map[string]int64{value.Text: 1}}
	}
	return Contribution{Set: true, N: 1}
}

// Contributions returns what a record adds to each field.
func (t Rollup) Contributions(ref crm.Value, rec crm.Record) []Contribution {
	contributions := make([]Contribution, len(t.Fields))
	for i, f := range t.Fields {
		if ref.Set() {
			contributions[i] = contributionOf(f, rec)
		}
	}
	return contributions
}

// SameContribution reports whether two contributions are the same.
func SameContribution(a, b Contribution) bool {
	if a.Set != b.Set || a.N != b.N || len(a.Labels) != len(b.Labels) {
		return false
	}
	for label, n := range a.Labels {
		if b.Labels[label] != n {
			return false
		}
	}
	return true
}

// MaxSQL returns SQL that finds the latest time for a field of the record $2: the end of an
// index, for each reference that leads to it. SQLite must not use the index of the workspace,
// which has all records of the kind.
func (t Rollup) MaxSQL(all map[*crm.Entity][]Rollup, f *crm.Field) string {
	return t.maxSQL(all, f, "$2", "")
}

// MaxWithoutSQL is MaxSQL of the record p.value, without the records of which the argument $3 has the keys.
func (t Rollup) MaxWithoutSQL(all map[*crm.Entity][]Rollup, f *crm.Field) string {
	return t.maxSQL(all, f, "p.value", " AND a.key NOT IN ("+fmt.Sprintf(engine.KeysFromJSON, 3)+")")
}

// maxSQL is MaxSQL of a record, with a condition on the records that contribute.
func (t Rollup) maxSQL(all map[*crm.Entity][]Rollup, f *crm.Field, key, condition string) string {
	var ends []string
	for _, other := range all[t.Of] {
		if other.To != t.To {
			continue
		}
		take := "a." + t.Of.Field(f.Rollup().Value).Col()
		ends = append(ends, fmt.Sprintf("SELECT at FROM (SELECT %s AS at FROM %s a WHERE %s AND a.%s = %s AND %s ORDER BY %s DESC LIMIT 1) e%d",
			take, t.Of.Plural, engine.NoIndex("a.workspace_id = $1"), other.Ref.Col(), key, t.countsIn(f, "a")+condition, take, len(ends)))
	}
	return "(SELECT MAX(at) FROM (" + strings.Join(ends, " UNION ALL ") + ") m)"
}

// countsIn returns the condition under which a record contributes to a field.
func (t Rollup) countsIn(f *crm.Field, alias string) string {
	kept := f.Rollup()
	if kept.Where == "" {
		return "TRUE"
	}
	column := alias + "." + t.Of.Field(kept.Where).Col()
	if len(kept.Equals) == 0 {
		return column + " IS NOT NULL"
	}
	return column + " IN ('" + strings.Join(kept.Equals, "', '") + "')"
}
