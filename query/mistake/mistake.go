// Package mistake recognises what other APIs call parameters, fields and operators, and where they write them, so
// that an error has what to write here. It is never taken for what was meant.
package mistake

import (
	"regexp"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// Parameters are parameter names of other APIs, with the parameter to use instead.
var Parameters = map[string]string{
	"q": "search", "query": "search", "filter": "search", "page": "cursor", "offset": "cursor", "skip": "cursor", "after": "cursor",
	"per_page": "limit", "page_size": "limit", "count": "limit", "order": "sort", "order_by": "sort", "sort_by": "sort", "select": "fields",
}

// foreignOperators are operators of other APIs, with the operator to use instead.
var foreignOperators = map[string]string{
	"": "eq", "eq": "eq", "exact": "eq", "iexact": "eq", "ne": "ne", "neq": "ne", "not": "ne", "!": "ne", "<>": "ne",
	"gt": "gt", ">": "gt", "gte": "gte", "ge": "gte", ">=": "gte", "min": "gte", "from": "gte", "after": "gte", "since": "gte",
	"lt": "lt", "<": "lt", "lte": "lte", "le": "lte", "<=": "lte", "max": "lte", "to": "lte", "before": "lte", "until": "lte",
	"in": "in", "like": "like", "~": "like", "contains": "like", "icontains": "like", "startswith": "like", "search": "like",
}

// The places where other APIs write an operator: amount>=100, stage!=lead, amount[gte]=100,
// amount__gte=100, filter[stage]=lead.
var (
	infixOperator      = regexp.MustCompile(`^([\w.]+)\s*(<>|[<>!~])\s*(.*)$`)
	bracketOperator    = regexp.MustCompile(`^([\w.]+)\[\$?(\w+)\](?:\[\$?(\w*)\])?$`)
	suffixOperator     = regexp.MustCompile(`^(\w+)_(after|since|before|until|from|to|min|max|gte|lte|gt|lt|ne|in|like|contains)$`)
	underscoreOperator = regexp.MustCompile(`^([\w.]+?)__(\w+)$`)
)

// Operator recognises an operator in the name of a parameter, and returns the field and the
// condition to write instead. The field is empty if the name has no operator.
func Operator(e *crm.Entity, name, value string) (field, condition string) {
	op := ""
	if m := infixOperator.FindStringSubmatch(name); m != nil {
		if field, op = m[1], m[2]; m[3] != "" { // amount>100: there was no equals sign
			value = m[3]
		} else if op == ">" || op == "<" {
			op += "="
		}
	} else if m := bracketOperator.FindStringSubmatch(name); m != nil {
		if field, op = m[1], m[2]; field == "filter" || field == "filters" || field == "where" {
			field, op = m[2], m[3]
		}
	} else if m := underscoreOperator.FindStringSubmatch(name); m != nil {
		field, op = m[1], m[2]
	} else if m := suffixOperator.FindStringSubmatch(name); m != nil { // created_after
		for _, own := range []string{m[1], m[1] + "_at", m[1] + "_cents"} {
			if e.Field(own) != nil {
				field, op = own, m[2]
			}
		}
	}
	right, known := foreignOperators[op]
	if field == "" || !known {
		return "", ""
	}
	if right == "eq" {
		return field, field + "=" + value
	}
	return field, field + "=" + right + ":" + value
}

// orderWithDirection matches an order as other APIs write it: created_at:desc, name asc.
var orderWithDirection = regexp.MustCompile(`(?i)^([\w.]+)[ :,+]+(asc|desc|ascending|descending)$`)

// Direction recognises an order with its direction after the field, and returns the field
// and the order to write instead.
func Direction(name string) (field, order string) {
	m := orderWithDirection.FindStringSubmatch(name)
	if m == nil {
		return "", ""
	}
	if order = m[1]; m[2][0] == 'd' || m[2][0] == 'D' {
		order = "-" + order
	}
	return m[1], order
}

// Field returns the field for a name of another system, or nil. Lists do not filter by
// amounts, so it returns the number instead of the amount.
func Field(e *crm.Entity, name string) *crm.Field {
	f := catalog.Meant(e, name)
	if f != nil && f.AmountOf() != nil {
		return e.Field(f.AmountOf().Number)
	}
	return f
}
