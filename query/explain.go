package query

import "crmkit/crm"

// Usage asks which values of a field are in use, most frequent first. Its SQL
// takes the scope as $1 and looks at no more than ScanCap rows.
type Usage struct {
	Param  string
	Values []string // as the client wrote them
	SQL    string   // value, count
	Args   []any
}

// ScanCap bounds the rows an explanation looks at.
const ScanCap = 10_000

// Usages returns, for an empty list, the questions that explain it: one for
// each equality filter on a field with a vocabulary, on tags or on a custom key.
func (q *Question) Usages() []Usage {
	var list []Usage
	for _, f := range q.Filters {
		t := f.target
		u := Usage{Param: f.Param, Values: f.Values}
		switch {
		case t.key != "":
			u.SQL = "SELECT text AS value FROM custom_values WHERE workspace_id = $1 AND kind = '" + t.entity.Name + "' AND name = $2"
			u.Args = []any{t.key}
		case t.field.Type == crm.Tags:
			u.SQL = "SELECT tag AS value FROM tags WHERE workspace_id = $1 AND kind = '" + t.entity.Name + "'"
		case t.field.Vocab:
			u.SQL = "SELECT " + t.field.Col() + " AS value FROM " + t.entity.Plural +
				" WHERE " + t.entity.ScopeColumn() + " = $1 AND " + t.field.Col() + " IS NOT NULL"
		default:
			continue
		}
		u.SQL = "SELECT value, COUNT(*) FROM (" + u.SQL + " LIMIT 10000) x GROUP BY value ORDER BY COUNT(*) DESC, value"
		list = append(list, u)
	}
	return list
}

// Known reports whether one of the values asked for is the one in use.
func (u Usage) Known(inUse string) bool {
	want, numeric := NumberKey(inUse)
	for _, v := range u.Values {
		if clean, _ := Clean(v); clean == inUse {
			return true
		}
		if key, ok := NumberKey(v); ok && numeric && key == want {
			return true
		}
	}
	return false
}
