package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// cellValues returns the values in a cell that may have several: JSON, or text with a comma, a semicolon, a line break or three colons between them. An address may have a name beside
// it, and that a comma, so addresses and phone numbers have rules of their own.
func cellValues(t crm.Type, json string) (values []string) {
	text := strings.TrimSpace(Text(json))
	if items, ok := jsonItems(text); ok {
		for _, item := range items {
			if value := strings.TrimSpace(itemText(item)); value != "" {
				values = append(values, value)
			}
		}
		return values
	}
	text = strings.ReplaceAll(text, ":::", ";")
	switch t {
	case fieldtype.Email:
		return norm.SplitMailboxes(text)
	case fieldtype.Phone:
		return rows.SplitPhones(text)
	}
	for value := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;\n", r) }) {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// mergeOthers gives a field its first value and its list of further values all others: the
// addresses of all columns are those of one person. The first value must be right; what is
// wrong in the others is kept like a cell without a field.
func (row *rowFields) mergeOthers(f *crm.Field, list []placedCell) *crm.Error {
	list = row.withCode(list)
	if f.Type == fieldtype.Domain {
		list = row.withoutWebsites(list)
	}
	others := row.columns.entity.Field(f.Others)
	isSet := false
	for _, p := range list {
		values := row.valuesOf(f.Type, p)
		if len(values) > 0 && !isSet {
			row.setFirst(f, values[0], p)
			values, isSet = values[1:], true
		}
		row.addItems(others, values, p)
	}
	return nil
}

// valuesOf returns the values in a cell. A cell of JSON that says more is kept too.
func (row *rowFields) valuesOf(t crm.Type, p placedCell) []string {
	values := cellValues(t, p.json)
	switch more := saysMore(p.json); {
	case more && len(values) == 0:
		row.leave(p)
	case more:
		row.keepToo(p)
	}
	if _, isJSON := jsonItems(Text(p.json)); len(values) == 0 && !isJSON {
		return []string{Text(p.json)} // separators alone, which the field refuses
	}
	return values
}

// setFirst sets a field to the first value of a cell. A name beside an address that is not that of
// the row is kept.
func (row *rowFields) setFirst(f *crm.Field, value string, p placedCell) {
	if f.Type == fieldtype.Email {
		box := norm.ReadMailbox(value)
		if value = box.Address; row.takeName(box.Name) != sameName {
			row.keepToo(p)
		}
	}
	row.set(f, norm.QuoteJSON(value))
}

// withCode joins the first phone number with the calling code of another column.
func (row *rowFields) withCode(list []placedCell) []placedCell {
	code, list := row.takeFirst(list, forCallingCode)
	if code == nil {
		return list
	}
	if len(list) == 0 {
		row.leave(*code)
		return nil
	}
	number, digits := Text(list[0].json), norm.PhoneNumber("", Text(code.json))
	if joined := rows.WithCallingCode(Text(code.json), number); joined != number {
		list[0].json = norm.QuoteJSON(joined)
	} else if digits == "" || !strings.HasPrefix(norm.PhoneNumber("", number), digits) {
		row.leave(*code)
	}
	return list
}

// mergeList makes a list of the cells of all columns for it.
func (row *rowFields) mergeList(f *crm.Field, list []placedCell) *crm.Error {
	if f.HasItems() && !row.OwnIDs {
		for _, p := range list {
			row.addItems(f, row.valuesOf(itemTypes[f.Type], p), p)
		}
		return nil
	}
	var items []string
	for i, p := range list {
		cell, fault := f.Type.DecodeCell(f, crm.Cell{JSON: p.json, Exact: p.exact, Own: p.own && !row.isOtherList(p)})
		if fault != nil {
			return fault
		}
		decoded, ok := norm.ParseArray(cell.JSON)
		if ok && len(decoded) == 0 && !row.OwnIDs {
			continue // only a null clears a list
		}
		switch {
		case i == 0 && (len(list) == 1 || !ok): // which the field reads, or refuses
			row.set(f, cell.JSON)
			row.leave(list[1:]...)
			return nil
		case !ok: // an object that edits the list
			row.leave(p)
			continue
		}
		for _, item := range decoded {
			if !slices.Contains(items, item) {
				items = append(items, item)
			}
		}
		if !cell.Whole {
			row.keepToo(p)
		}
	}
	if len(items) > 0 || row.OwnIDs {
		row.set(f, "["+strings.Join(items, ",")+"]")
	}
	return nil
}

// isOtherList reports whether a cell is a list of JSON, in which an export of crmkit writes none.
func (row *rowFields) isOtherList(p placedCell) bool {
	_, is := norm.ReadArray(Text(p.json))
	return is && !row.OwnIDs
}

// itemTypes are the types of the items of lists of further values.
var itemTypes = map[crm.Type]crm.Type{fieldtype.Emails: fieldtype.Email, fieldtype.Phones: fieldtype.Phone, fieldtype.Domains: fieldtype.Domain}

// addItems adds values of a cell to those that the list of the record has, since other files have
// only some of what a person has. If one is wrong the cell is also kept as it is, and so is the
// address of somebody else.
func (row *rowFields) addItems(list *crm.Field, values []string, p placedCell) {
	var right []string
	for _, value := range values {
		if list.Type == fieldtype.Emails {
			box := norm.ReadMailbox(value)
			switch value = box.Address; row.takeName(box.Name) {
			case otherForm:
				row.keepToo(p)
			case somebodyElse:
				continue
			}
		}
		if _, fault := row.Env.Normal(list, value); fault == nil {
			right = append(right, value)
		}
	}
	if len(right) < len(values) {
		row.keepToo(p)
	}
	if len(right) == 0 {
		return
	}
	at := slices.IndexFunc(row.added, func(a addedItems) bool { return a.list == list })
	if at < 0 {
		at, row.added = len(row.added), append(row.added, addedItems{list: list})
	}
	row.added[at].items = append(row.added[at].items, right...)
}

// addedItems are the values that a row adds to a list.
type addedItems struct {
	list  *crm.Field
	items []string
}

// setAdded makes the members of the lists to which the cells added values.
func (row *rowFields) setAdded() {
	for _, a := range row.added {
		row.set(a.list, `{"add":`+norm.QuoteList(a.items)+"}")
	}
}
