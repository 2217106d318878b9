package query

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query/condition"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// Condition is one condition of a query, which is run alone to explain why the whole query found nothing.
type Condition struct {
	Param, Value string
	Operand      string // the value without its operator
	Question     *Query
	ValuesSQL    string           // SQL of the MaxInUse most frequent values with their counts; empty for fields with many different values
	DistinctSQL  string           // SQL of two numbers: of different values, and of records (at most MaxScan) in which they were counted
	Args         []any            // of both
	shown        fieldpath.Target // the field whose values are in use, if answers may show them in another form
	Text         bool             // the condition compares whole text, but a part may have been meant
	Either       []Condition      // of a part of where= that joins others, those in it
	Plural       string           // the plural of conditions about one record, which Value has together
	Labels       bool             // the values are lists of labels, as JSON; ValuesSQL then has up to MaxRest of them
	Form         string           // AsNumber, AsTime or AsText if custom values are compared by order; ValuesSQL then counts these forms
}

// The bounds of an explanation.
const (
	MaxInUse = 8     // values in use that it lists
	MaxRest  = 1000  // further values that it counts
	MaxScan  = 10000 // newest records in which values are counted if the store has no counts
	maxParts = 5     // conditions that are run alone
)

// Conditions returns the conditions among the parameters, each as a query for one row. Those with a list of values in
// use come first. all is false if there are more than maxParts, of which only the first are returned.
//
// Conditions about one record that refers to another come last, together.
func Conditions(e *crm.Entity, params url.Values, env Env) (parts []Condition, all bool, err *crm.Error) {
	var written []condition.Node
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "search" && slices.Contains(crm.ListParams, name) {
			continue
		}
		for _, one := range apart(name, params[name]) {
			if one.Value == "" {
				continue
			}
			p, err := env.alone(e, one)
			if err != nil {
				return nil, false, err
			}
			written, parts = append(written, one), append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, b Condition) int {
		switch {
		case a.ValuesSQL != "" && b.ValuesSQL == "":
			return -1
		case a.ValuesSQL == "" && b.ValuesSQL != "":
			return 1
		}
		return 0
	})
	if len(parts) > maxParts {
		return parts[:maxParts], false, nil
	}
	together, err := env.together(e, written)
	return append(parts, together...), true, err
}

// alone returns a condition as a query for one row.
func (env Env) alone(e *crm.Entity, n condition.Node) (p Condition, err *crm.Error) {
	q, err := Parse(e, url.Values{n.Name: {n.Value}}, env)
	if err != nil {
		return p, err
	}
	q.Limit, q.Total = 1, TotalNone
	p = env.condition(e, n.Name, n.Value, q)
	for _, term := range n.Terms() {
		if n.Op == condition.Term || len(p.Either) == maxParts {
			break
		}
		each, err := env.alone(e, term)
		if err != nil {
			return p, err
		}
		p.Either = append(p.Either, each)
	}
	return p, nil
}

// together returns the conditions about one record that refers to one of the list, if there are several, as one each.
func (env Env) together(e *crm.Entity, written []condition.Node) (parts []Condition, err *crm.Error) {
	groups := map[string]url.Values{}
	for _, n := range written {
		t, known := fieldpath.ResolveFilter(e, env.Shape.FullName(e, n.Name))
		if !known || n.Op != condition.Term || t.Level() == 0 {
			continue
		}
		group := fmt.Sprint(n.Bracket, " ", t.Plural())
		if groups[group] == nil {
			groups[group] = url.Values{}
		}
		groups[group].Add(n.Name, n.Value)
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		values := groups[group]
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(values)) {
			for _, value := range values[name] {
				texts = append(texts, name+"="+value)
			}
		}
		q, err := Parse(e, values, env)
		if err != nil {
			return nil, err
		}
		if q.Limit, q.Total = 1, TotalNone; len(texts) > 1 {
			_, plural, _ := strings.Cut(group, " ")
			parts = append(parts, Condition{Value: strings.Join(texts, " and "), Plural: plural, Question: q})
		}
	}
	return parts, nil
}

// condition returns a condition with the SQL that explains it: from the counts of the store,
// by counting in the newest records, or none for fields with many different values.
func (env Env) condition(e *crm.Entity, name, value string, q *Query) Condition {
	p := Condition{Param: name, Value: value, Operand: value, Question: q}
	t, ok := fieldpath.ResolveFilter(e, env.Shape.FullName(e, name))
	if !ok || name == "search" {
		return p
	}
	op, rest, _ := splitOp(name, value, t)
	var o operand.Operand
	if p.Operand = rest; t.Key != "" {
		o, _ = env.memberOperand(t, op, rest)
	}
	switch {
	case t.Key != "" && operand.Orders(op) && o.Form != operand.AsWords:
		p.Form = o.Form
		p.scan(formSQL, "custom_values", "name_id = "+nameKey(t, "$2")+" ORDER BY record DESC")
		p.Args = []any{t.Key}
	case op != "eq" && op != "in" && o.Form != operand.AsWords:
	case t.Key != "":
		p.Labels = o.Form == operand.AsLabel
		p.scan("text", "custom_values", "name_id = "+nameKey(t, "$2")+" ORDER BY record DESC")
		p.Args = []any{t.Key}
	case t.Entity.CountsValues(t.Field):
		p.shown = t
		p.stored("workspace_id = $1 AND kind = '" + t.Entity.Name + "' AND field = '" + t.Field.Name + "'")
	case t.Field.Enumerable:
		p.shown = t
		newest := t.Entity.Field(strings.TrimPrefix(t.Entity.Sort, "-")).Col()
		p.scan(t.Field.Col(), t.Entity.TableName(), t.Entity.ScopeColumn()+" = $1 AND "+t.Field.Col()+" IS NOT NULL ORDER BY "+newest+" DESC")
	default:
		p.Text = isFreeText(t.Field)
	}
	return p
}

// InUse returns the condition of which the values in use are those of a field, or of a key of custom.
func (env Env) InUse(e *crm.Entity, name string) Condition {
	return env.condition(e, name, "", &Query{Entity: e})
}

// Shown returns a value in use as answers show it.
func (p Condition) Shown(value string) string {
	f := p.shown.Field
	if f == nil {
		return value
	}
	rec := crm.NewRecord(p.shown.Entity)
	switch f.Type.Kind() {
	case crm.TextKind:
		rec.Set(f.Name, crm.Str(value))
		return rec.Shown(f.Name).Text
	case crm.ListKind:
		rec.Set(f.Name, crm.Labels([]string{value}))
		return rec.Shown(f.Name).List()[0]
	}
	return value
}

// formSQL is the most specific form in which a custom value can be compared.
const formSQL = "CASE WHEN number IS NOT NULL THEN '" + operand.AsNumber + "' WHEN time IS NOT NULL THEN '" + operand.AsTime + "' ELSE '" + operand.AsText + "' END"

// stored reads the values in use from the counts that the store maintains.
func (p *Condition) stored(where string) {
	p.ValuesSQL = fmt.Sprintf("SELECT value, n FROM values_in_use WHERE %s ORDER BY n DESC, value LIMIT %d", where, MaxInUse)
	p.DistinctSQL = fmt.Sprintf("SELECT COUNT(*), 0 FROM (SELECT 1 FROM values_in_use WHERE %s LIMIT %d) x", where, MaxInUse+MaxRest+1)
}

// scan counts the values in use in the newest MaxScan records.
func (p *Condition) scan(column, table, where string) {
	most := map[bool]int{false: MaxInUse, true: MaxRest}[p.Labels]
	rows := fmt.Sprintf(" FROM (SELECT %s AS value FROM %s WHERE %s LIMIT %d) x", column, table, where, MaxScan)
	p.ValuesSQL = fmt.Sprintf("SELECT value, COUNT(*)%s GROUP BY value ORDER BY COUNT(*) DESC, value LIMIT %d", rows, most)
	p.DistinctSQL = "SELECT COUNT(DISTINCT value), COUNT(*)" + rows
}
