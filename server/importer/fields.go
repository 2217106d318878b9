package importer

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// placedCell is a cell with its mapping.
type placedCell struct {
	mapping
	name, json string
}

// fields returns the members of the entity's own fields, in the form of a body. The id of the
// row and its references go into the entry.
func (im *Importer) fields(r rows.Row, e *entry) (members []crm.Member, fault *crm.Error) {
	columns := im.columnsOf(e.entity)
	var custom []crm.Member
	byField := map[string][]placedCell{}
	for _, cell := range r.Cells {
		p := columns.place(cell)
		switch {
		case p.readOnly && im.hasOwnIDs():
			if fault = im.setField(e, p); fault != nil {
				return nil, fault
			}
		case p.readOnly:
			custom = append(custom, crm.Member{Name: cell.Name, JSON: cell.JSON})
		case p.id && e.id == "":
			e.id = crm.CutHandle(cellText(cell.JSON))
		case p.refField != nil || p.field != nil && p.field.IsReference():
			e.addLookup(p)
		case p.key != "":
			custom = append(custom, crm.Member{Name: p.key, JSON: cell.JSON})
		case p.field != nil:
			byField[p.field.Name] = append(byField[p.field.Name], p)
		}
	}
	members, rest, fault := columns.mergeFields(byField)
	if fault != nil {
		return nil, fault
	}
	return withCustom(columns.custom, members, append(custom, rest...)), nil
}

// mergeFields makes one member of the cells of each field. The cells that have no
// place in it are the rest.
func (c *columns) mergeFields(byField map[string][]placedCell) (members, rest []crm.Member, fault *crm.Error) {
	e, currency := c.entity, currencyOf(c.entity, byField)
	for i := range e.Fields {
		f := &e.Fields[i]
		list := byField[f.Name]
		if len(list) == 0 {
			continue
		}
		m, more, fault := c.merge(f, list, currency)
		if fault != nil {
			return nil, nil, fault
		}
		members, rest = append(members, m...), append(rest, more...)
	}
	return members, rest, nil
}

// setField reads a field that clients cannot write, from an export of crmkit: the time of
// creation, by which records are recognised, and times that a change of another field set,
// like the time at which a task was done.
func (im *Importer) setField(e *entry, p placedCell) *crm.Error {
	text := cellText(p.json)
	switch {
	case p.name == crm.FieldCreatedAt:
		e.createdAt = text
	case p.field != nil && p.field.Transition() != nil && p.json != "null":
		v, fault := im.opts.Env.Normal(p.field, text)
		if fault != nil {
			return fault
		}
		if v.Set() {
			e.draft.Inputs = append(e.draft.Inputs, crm.Input{Field: p.field, Value: v})
		}
	}
	return nil
}

// cellText returns a JSON value as text; a number or an object is its own text.
func cellText(json string) string {
	if text, ok := norm.Unquote(json); ok {
		return text
	}
	return json
}

// merge makes one member of the cells for a field: the parts of a name joined, else
// the first cell. The others are the rest, which goes into custom, so that a second e-mail
// address is not lost.
func (c *columns) merge(f *crm.Field, list []placedCell, currency string) (members, rest []crm.Member, fault *crm.Error) {
	slices.SortStableFunc(list, func(a, b placedCell) int { return a.rank - b.rank })
	first := list[0]
	if first.part > 0 {
		m, rest := joinParts(f, list)
		return []crm.Member{m}, rest, nil
	}
	cell, fault := f.Type.DecodeCell(f, crm.Cell{JSON: first.json, Exact: first.exact, Own: first.own, Currency: currency,
		Decimal: norm.DecimalSign(c.styleOf(first.name, decimalChoice)), Dates: norm.DateOrder(c.styleOf(first.name, datesChoice))})
	if !cell.Whole && fault == nil {
		rest = append(rest, crm.Member{Name: first.name, JSON: first.json})
	}
	for _, p := range list[1:] {
		rest = append(rest, crm.Member{Name: p.name, JSON: p.json})
	}
	members = []crm.Member{{Name: f.Name, JSON: cell.JSON}}
	if field := currencyField(c.entity); field != nil && cell.Currency != "" && currency == "" {
		members = append(members, crm.Member{Name: field.Name, JSON: norm.QuoteJSON(cell.Currency)})
	}
	return members, rest, fault
}

// joinParts joins the parts of a value that is in several columns.
func joinParts(f *crm.Field, list []placedCell) (m crm.Member, rest []crm.Member) {
	slices.SortStableFunc(list, func(a, b placedCell) int { return a.part - b.part })
	var words []string
	for _, p := range list {
		if p.part > 0 {
			words = append(words, cellText(p.json))
		} else {
			rest = append(rest, crm.Member{Name: p.name, JSON: p.json})
		}
	}
	return crm.Member{Name: f.Name, JSON: norm.QuoteJSON(strings.Join(words, " "))}, rest
}

// currencyField returns the field that names the currency of a record; nil if it has none.
func currencyField(e *crm.Entity) *crm.Field {
	for i := range e.Fields {
		if e.Fields[i].Type == fieldtype.Currency {
			return &e.Fields[i]
		}
	}
	return nil
}

// currencyOf returns the currency that a row names, "" if it names none.
func currencyOf(e *crm.Entity, all map[string][]placedCell) string {
	for i := range e.Fields {
		if list := all[e.Fields[i].Name]; e.Fields[i].Type == fieldtype.Currency && len(list) > 0 {
			if code := strings.ToUpper(strings.TrimSpace(cellText(list[0].json))); norm.IsCurrency(code) {
				return code
			}
		}
	}
	return ""
}

// withCustom adds cells that have no field of their own to the object field f, unless it is
// nil. A key in the row's own object wins over a column of the same name.
func withCustom(f *crm.Field, members, custom []crm.Member) []crm.Member {
	if f == nil || len(custom) == 0 {
		return members
	}
	at := slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == f.Name })
	if at >= 0 {
		own := norm.ParseObject(members[at].JSON)
		taken := map[string]bool{}
		for _, m := range own {
			taken[m.Name] = true
		}
		custom = slices.DeleteFunc(custom, func(c crm.Member) bool { return taken[c.Name] })
		custom = append(custom, own...)
		members = slices.Delete(members, at, at+1)
	}
	return append(members, crm.Member{Name: f.Name, JSON: string(norm.AppendObject(nil, custom))})
}
