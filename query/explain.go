package query

import (
	"maps"
	"net/url"
	"slices"
	"strconv"

	"crmkit/crm"
)

// Part is one condition of a question, asked alone, to explain why the whole
// found nothing.
type Part struct {
	Param, Value string
	Operand      string // the value without its operator
	Question     *Question
	InUse        string // SQL for the values in use, with their counts; empty where they are many
	Args         []any
	Text         bool // the condition compares whole text, where a part may have been meant
}

// MaxInUse is how many values in use an explanation lists; its SQL returns one more.
const MaxInUse = 8

// maxParts bounds how many conditions are asked alone.
const maxParts = 5

// scanCap bounds the rows a list of values in use is counted from.
const scanCap = "10000"

// Parts returns the conditions among the parameters, each as a question for one
// row; all is false when there are more than can be asked. Those that have a
// list of values in use come first.
func Parts(e *crm.Entity, params url.Values, env Env) (parts []Part, all bool, err *crm.Error) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "search" && slices.Contains(crm.ListParams, name) {
			continue
		}
		for _, value := range params[name] {
			if value == "" {
				continue
			}
			q, err := Parse(e, url.Values{name: {value}}, env)
			if err != nil {
				return nil, false, err
			}
			q.Limit, q.Total = 1, TotalNone
			parts = append(parts, part(e, name, value, q))
		}
	}
	slices.SortStableFunc(parts, func(a, b Part) int {
		switch {
		case a.InUse != "" && b.InUse == "":
			return -1
		case a.InUse == "" && b.InUse != "":
			return 1
		}
		return 0
	})
	if len(parts) > maxParts {
		return parts[:maxParts], false, nil
	}
	return parts, true, nil
}

func part(e *crm.Entity, name, value string, q *Question) Part {
	p := Part{Param: name, Value: value, Operand: value, Question: q}
	t, ok := resolve(e, name)
	if !ok || name == "search" {
		return p
	}
	op, operand, _ := splitOp(name, value, t)
	p.Operand = operand
	switch {
	case op != "eq" && op != "in":
		return p
	case t.key != "":
		p.InUse = "SELECT text AS value FROM custom_values WHERE name_id = " + nameKey(t, "$2")
		p.Args = []any{t.key}
	case t.field.Type == crm.Tags:
		p.InUse = "SELECT n.name AS value FROM names n CROSS JOIN tags g WHERE n.workspace_id = $1 AND n.kind = '" + t.entity.Side(t.field) + "' AND g.name_id = n.key"
	case t.field.Vocab:
		p.InUse = "SELECT " + t.field.Col() + " AS value FROM " + t.entity.From() +
			" WHERE " + t.entity.ScopeColumn() + " = $1 AND " + t.field.Col() + " IS NOT NULL"
	default:
		p.Text = t.field.Type == crm.Text
		return p
	}
	p.InUse = "SELECT value, COUNT(*) FROM (" + p.InUse + " LIMIT " + scanCap + ") x GROUP BY value ORDER BY COUNT(*) DESC, value LIMIT " + strconv.Itoa(MaxInUse+1)
	return p
}
