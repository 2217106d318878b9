package cells

import (
	"slices"

	"crmkit/crm"
)

// addID adds the id of the record in its source. A second one is kept like a cell without a field,
// and so is one in a file whose rows another column identifies.
func (row *rowFields) addID(p placedCell) {
	id := row.columns.formOf(crm.CutHandle(Text(p.json)))
	isKey := p.name == row.Key || row.Key == "" && row.ID == ""
	if isKey {
		row.ID = id
	}
	isShown := row.Shows == nil || row.Shows(id)
	if !isKey && row.ID != id || !isShown {
		row.leave(p)
	}
	if where := row.aside[p.name]; isKey && where != "" {
		row.aside[p.name] = "id and " + where
	}
}

// takeAnyID takes the id of the preferred column of those with ids of records of whatever kind.
func (row *rowFields) takeAnyID() {
	if len(row.anyID) == 0 {
		return
	}
	slices.SortStableFunc(row.anyID, func(a, b placedCell) int { return a.rank - b.rank })
	row.AnyID = row.columns.formOf(crm.CutHandle(Text(row.anyID[0].json)))
	row.leave(row.anyID[1:]...)
}
