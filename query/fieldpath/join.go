package fieldpath

import (
	"fmt"
	"strconv"
)

// Alias returns the table alias of the entity after n hops.
func Alias(n int) string {
	if n == 0 {
		return "t"
	}
	return "r" + strconv.Itoa(n)
}

// Alias returns the alias of the table that has the field.
func (t Target) Alias() string { return Alias(len(t.Hops)) }

// Columns returns the columns that a condition on the target compares.
func (t Target) Columns() []string {
	columns := []string{t.Alias() + "." + t.Field.Col()}
	if t.Alternate != nil {
		columns = append(columns, t.Alias()+"."+t.Alternate.Col())
	}
	return columns
}

// Join wraps a test on the target's own table into the references that lead to it, as nested subqueries: a join
// would repeat the row for each match. Each step checks the workspace again, because a record that is being deleted
// is in no workspace but may still be referred to.
func (t Target) Join(test string) string {
	for i := len(t.Hops); i > 0; i-- {
		h, inWorkspace := t.Hops[i-1], NoIndex(Alias(i)+".workspace_id = $1") // the key finds the record
		if h.Link != nil {
			test = h.joinLink(i, test)
			continue
		}
		same := fmt.Sprintf("%s.key = %s.%s", Alias(i), Alias(i-1), h.Field.Col())
		if h.Alternate != nil {
			same = fmt.Sprintf("%s.key IN (%s.%s, %s.%s)", Alias(i), Alias(i-1), h.Field.Col(), Alias(i-1), h.Alternate.Col())
		}
		test = fmt.Sprintf("EXISTS (SELECT 1 FROM %s %s WHERE %s AND %s AND %s)", h.To.TableName(), Alias(i), same, inWorkspace, test)
	}
	return test
}

// joinLink wraps a test into a link. One with a main reference is followed from each record of the list; others may be few.
func (h Hop) joinLink(i int, test string) string {
	l, between := h.Link, fmt.Sprint("l", i)
	by, to, inWorkspace := l.Via.Field(l.From).Col(), l.Via.Field(l.To).Col(), NoIndex(Alias(i)+".workspace_id = $1")
	from := fmt.Sprintf("%s %s JOIN %s %s ON %s.key = %s.%s AND %s", l.Via.TableName(), between, h.To.TableName(), Alias(i), Alias(i), between, to, inWorkspace)
	if h.To == l.Via {
		from, between = h.To.TableName()+" "+Alias(i), Alias(i)
	}
	if l.Main != "" {
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s.%s = %s.key AND %s AND %s)", from, between, by, Alias(i-1), NoIndex(between+".workspace_id = $1"), test)
	}
	return fmt.Sprintf("%s.key IN (SELECT %s.%s FROM %s WHERE %s.workspace_id = $1 AND %s.%s IS NOT NULL AND %s)", Alias(i-1), between, by, from, between, between, by, test)
}
