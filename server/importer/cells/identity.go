package cells

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
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

// setVersion reads the version that the record of the row must have.
func (row *rowFields) setVersion(p placedCell) *crm.Error {
	n, err := strconv.ParseInt(strings.TrimSpace(Text(p.json)), 10, 64)
	if err != nil || n < 1 {
		return crm.Errorf(crm.InvalidValue, "version is the number of the version that the record has, not %s. Correct it, or leave it empty to change any version. If the column is one of your own, rename it, or add source=<the origin of the file>.", norm.ShowJSON(p.json)).On(crm.FieldVersion)
	}
	row.Version = n
	return nil
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
