package server

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/store"
)

// entry is a row as it is to be saved.
type entry struct {
	n       int
	entity  *crm.Entity
	draft   store.Draft
	id      string // that the record has where it comes from
	source  string // where that is
	made    string // when the row says it was made, for rows of crmkit's own exports
	lookups []refLookup
	values  int // that the row has
	fault   *crm.Error
}

// refLookup says which record a reference means, by what the row knows of it.
type refLookup struct {
	field  *crm.Field
	id     string
	unique string
	name   string
}

// read turns a row into an entry.
func (im *importer) read(r row) entry {
	e := entry{n: r.n, entity: im.entity, source: im.source, fault: r.fault, values: len(r.cells)}
	if e.fault != nil {
		return e
	}
	var members []crm.Member
	if members, e.fault = im.fields(r, &e); e.fault != nil {
		return e
	}
	kept := e.draft.Inputs
	e.draft, e.fault = draft.Decode(e.entity, members, im.rq.env)
	e.draft.Inputs = append(e.draft.Inputs, kept...)
	if e.id == "" && e.fault == nil && !unique(e.draft) {
		e.id, e.source = im.contentID(r), rowSource
		if e.id == "" {
			e.fault = crm.Errorf(crm.InvalidValue, "more than %d rows of the file have neither an id nor %s to be known by; put the rest into a file of its own.", maxWithoutID, crm.Article(cmp.Or(e.entity.Unique, "name")))
		}
	}
	return e
}

// unique reports whether the draft holds the value by which a record is upserted.
func unique(d store.Draft) bool {
	return slices.ContainsFunc(d.Inputs, func(in crm.Input) bool { return in.Field.Name == d.Entity.Unique && in.Value.Set() })
}

// contentID stands for the id of a row that has none: the same row of the same file
// is the same record when it is imported again. It is empty where there are too many.
func (im *importer) contentID(r row) string {
	cells := slices.Clone(r.cells)
	slices.SortFunc(cells, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	sum := sha256.Sum256(norm.AppendObject(nil, cells))
	part := binary.BigEndian.Uint64(sum[:]) // two rows that share it are told apart by the rest
	if len(im.seen) >= maxWithoutID && im.seen[part] == 0 {
		return ""
	}
	im.seen[part]++
	return hex.EncodeToString(sum[:16]) + again(int(im.seen[part])-1)
}

// again marks the id of a row that equals so many before it.
func again(before int) string {
	if before <= 16 {
		return strings.Repeat("+", before)
	}
	return "+" + strconv.Itoa(before)
}

// namedMember is a cell with where it goes.
type namedMember struct {
	columnMapping
	name, json string
}

// fields returns the members for the entity's own fields, in the form of a body, and
// notes in the entry what is none of them.
func (im *importer) fields(r row, e *entry) (members []crm.Member, fault *crm.Error) {
	var custom []crm.Member
	byField := map[string][]namedMember{}
	for _, cell := range r.cells {
		p := im.columns.place(cell)
		switch {
		case p.server && im.hasOwnIDs():
			if fault = im.setField(e, p); fault != nil {
				return nil, fault
			}
		case p.server:
			custom = append(custom, crm.Member{Name: cell.Name, JSON: cell.JSON})
		case p.id && e.id == "":
			e.id = crm.CutHandle(cellText(cell.JSON))
		case p.of != nil || p.field != nil && p.field.Type == crm.Ref:
			e.addLookup(p)
		case p.key != "":
			custom = append(custom, crm.Member{Name: p.key, JSON: cell.JSON})
		case p.field != nil:
			byField[p.field.Name] = append(byField[p.field.Name], p)
		}
	}
	for i := range e.entity.Fields {
		f := &e.entity.Fields[i]
		list := byField[f.Name]
		if len(list) == 0 {
			continue
		}
		m, rest, fault := im.merge(f, list, byField)
		if fault != nil {
			return nil, fault
		}
		members, custom = append(members, m), append(custom, rest...)
	}
	members = inferOutcome(e.entity, members)
	return im.withCustom(members, custom), nil
}

// setField takes over what the server kept where the row comes from: when it was made, and
// the times that another field of it set.
func (im *importer) setField(e *entry, p namedMember) *crm.Error {
	text := cellText(p.json)
	switch {
	case p.name == crm.FieldCreatedAt:
		e.made = text
	case p.field != nil && p.field.TransitionOf != "" && p.json != "null":
		v, fault := im.rq.env.Normal(p.field, text)
		if fault != nil {
			return fault
		}
		if v.Set() {
			e.draft.Inputs = append(e.draft.Inputs, crm.Input{Field: p.field, Value: v})
		}
	}
	return nil
}

// hasOwnIDs reports whether the rows are an export of crmkit, whose columns mean what its
// fields mean.
func (im *importer) hasOwnIDs() bool { return im.isDump || im.isOwnExport || im.source == "crmkit" }

// cellText returns the text of a value that may be a number.
func cellText(json string) string {
	if text, ok := norm.Unquote(json); ok {
		return text
	}
	return json
}

// merge makes one member of the cells for a field: the parts of a name joined, else
// the first; the others go into custom.
func (im *importer) merge(f *crm.Field, list []namedMember, all map[string][]namedMember) (m crm.Member, rest []crm.Member, fault *crm.Error) {
	slices.SortStableFunc(list, func(a, b namedMember) int { return a.rank - b.rank })
	first := list[0]
	if first.part > 0 {
		slices.SortStableFunc(list, func(a, b namedMember) int { return a.part - b.part })
		var words []string
		for _, p := range list {
			if p.part > 0 {
				words = append(words, cellText(p.json))
			} else {
				rest = append(rest, crm.Member{Name: p.name, JSON: p.json})
			}
		}
		return crm.Member{Name: f.Name, JSON: norm.QuoteJSON(strings.Join(words, " "))}, rest, nil
	}
	json, whole, fault := cellJSON(f, first.columnMapping, first.json, currencyOf(im.entity, all))
	if !whole && fault == nil {
		rest = append(rest, crm.Member{Name: first.name, JSON: first.json})
	}
	for _, p := range list[1:] {
		rest = append(rest, crm.Member{Name: p.name, JSON: p.json})
	}
	return crm.Member{Name: f.Name, JSON: json}, rest, fault
}

// currencyOf returns the currency that the row names.
func currencyOf(e *crm.Entity, all map[string][]namedMember) string {
	for i := range e.Fields {
		if list := all[e.Fields[i].Name]; e.Fields[i].Type == crm.Money && len(list) > 0 {
			if code := strings.ToUpper(strings.TrimSpace(cellText(list[0].json))); norm.IsCurrency(code) {
				return code
			}
		}
	}
	return ""
}

// inferOutcome sets what follows another field by its last word too: "Closed Won" is won.
func inferOutcome(e *crm.Entity, members []crm.Member) []crm.Member {
	sent := func(name string) int {
		return slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == name })
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		at := sent(f.TransitionOf)
		if f.TransitionOf == "" || f.ReadOnly || at < 0 || sent(f.Name) >= 0 {
			continue
		}
		words := strings.Fields(cellText(members[at].JSON))
		for _, word := range f.TransitionValues {
			if len(words) > 0 && strings.EqualFold(strings.Trim(words[len(words)-1], "()"), word) {
				members = append(members, crm.Member{Name: f.Name, JSON: norm.QuoteJSON(word)})
			}
		}
	}
	return members
}

// withCustom adds what has no field of its own to the object that takes it.
func (im *importer) withCustom(members, custom []crm.Member) []crm.Member {
	f := im.columns.custom
	if f == nil || len(custom) == 0 {
		return members
	}
	at := slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == f.Name })
	if at >= 0 {
		own := norm.ParseObject(members[at].JSON)
		there := map[string]bool{}
		for _, m := range own {
			there[m.Name] = true
		}
		custom = slices.DeleteFunc(custom, func(c crm.Member) bool { return there[c.Name] })
		custom = append(custom, own...)
		members = slices.Delete(members, at, at+1)
	}
	return append(members, crm.Member{Name: f.Name, JSON: string(norm.AppendObject(nil, custom))})
}

// addLookup notes what a cell says of a reference.
func (e *entry) addLookup(p namedMember) {
	at := slices.IndexFunc(e.lookups, func(h refLookup) bool { return h.field == p.field })
	if at < 0 {
		at = len(e.lookups)
		e.lookups = append(e.lookups, refLookup{field: p.field})
	}
	h, to := &e.lookups[at], e.entity.Target(p.field)
	text := cellText(p.json)
	if strings.HasPrefix(text, "{") { // as answers show it: {"name":…}
		for _, m := range norm.ParseObject(text) {
			if m.Name == to.LabelField {
				text = cellText(m.JSON)
			}
		}
	}
	switch {
	case p.of == nil:
		setFirst(&h.id, crm.CutHandle(firstOf(text)))
	case p.of.Name == to.Unique:
		setFirst(&h.unique, firstOf(text))
	default:
		name, address := cutAddress(text, to)
		setFirst(&h.name, name)
		setFirst(&h.unique, address)
	}
}

func setFirst(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// cutAddress parts "Jane Doe (jane@acme.com)", as HubSpot names contacts.
func cutAddress(text string, to *crm.Entity) (name, address string) {
	f := to.Field(to.Unique)
	before, rest, found := strings.Cut(text, " (")
	inside, end := strings.CutSuffix(rest, ")")
	if f == nil || f.Type != crm.Email || !found || !end || !strings.Contains(inside, "@") {
		return text, ""
	}
	return before, inside
}
