package cells

import (
	"crmkit/crm"
	"crmkit/crm/products"
)

// addClosed gives a deal that is won or lost the time at which it was, if the file has it in the
// column of the expected time: most products have one column for both. A time that is still to come is
// only the expected one. Fields that follow from
// another one, and a time that follows from those, are what the schema says of it.
func (row *rowFields) addClosed() {
	const expected, closed = "close_at", "closed_at"
	f := row.columns.entity.Field(closed)
	list := row.byField[expected]
	if f == nil || len(list) == 0 || !products.IsCloseDate(list[0].name) || row.member(closed) != "" || row.OwnIDs {
		return
	}
	if at := row.member(expected); at != "" && !row.isAhead(f, at) && row.isClosed(f) {
		row.Members = append(row.Members, crm.Member{Name: closed, JSON: at})
	}
}

// isClosed reports whether the row says that a field has one of the values at which the time f is
// set: itself, or by the field that it follows.
func (row *rowFields) isClosed(f *crm.Field) bool {
	outcome := row.columns.entity.Field(f.Transition().Of)
	if said := row.member(outcome.Name); said != "" {
		_, closed := f.Transition().Means(Text(said))
		return closed
	}
	t := outcome.Transition()
	if t == nil {
		return false
	}
	value, closed := t.Means(Text(row.member(t.Of)))
	_, sets := f.Transition().Means(value)
	return closed && sets
}

// member returns the JSON that the row has for a field, empty if it has none.
func (row *rowFields) member(name string) string {
	for _, m := range row.Members {
		if m.Name == name {
			return m.JSON
		}
	}
	return ""
}
