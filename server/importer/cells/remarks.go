package cells

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// The plan of an import names each column once, with where its values go. The name of a column says
// for which field it is, but not what becomes of it: the stage may be in another column, which is
// preferred, and a form of address is no part of a name that the file has as a whole. So the
// first rows are read, as they will be when they are saved.

// way is where the values of a column went.
type way struct {
	taken bool   // some went into the field that the column is for
	aside string // where others went; empty: none did
	text  bool   // some are words, and no addresses
}

// Sample reads a row to see where its values go. A row with a fault shows nothing.
func (c *Columns) Sample(cells []crm.Member, how How) {
	how.aside = map[string]string{}
	if _, fault := c.Read(cells, nil, how); fault != nil {
		return
	}
	if c.ownIDs, c.versions = how.OwnIDs, how.Versions; c.ways == nil {
		c.ways = map[string]*way{}
	}
	for _, cell := range cells {
		w := c.ways[cell.Name]
		if w == nil {
			w = &way{}
			c.ways[cell.Name] = w
		}
		text := Text(cell.JSON)
		w.text = w.text || strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsAny(text, "@/")
		aside, went := how.aside[cell.Name]
		w.taken, w.aside = w.taken || !went, cmp.Or(w.aside, aside)
	}
}

// Remarks say how the columns were read. They come before the rows, so that a person can stop an
// import that was understood wrongly.
func (c *Columns) Remarks() (list []string) {
	own, read, left := c.readAs()
	if len(own) > 0 {
		read = append([]string{strings.Join(own, ", ")}, read...)
	}
	if len(read) > 0 {
		list = append(list, "columns: "+strings.Join(read, "; "))
	}
	if len(left) > 0 {
		list = append(list, "columns left out, because "+c.entity.Plural+" have no custom fields: "+strings.Join(left, ", "))
	}
	if unknown := c.unknownTexts(); len(unknown) > 0 && c.namesNobody() {
		list = append(list, "no column is known as the name, so people are named by their address; if one of these has it, rename it to name, or to first name and last name: "+norm.QuoteList(unknown))
	}
	return list
}

// namesNobody reports whether the records are people, and no column has their names.
func (c *Columns) namesNobody() bool {
	return isUnique(c.entity, fieldtype.Email) && !c.ownIDs && !slices.ContainsFunc(c.names, func(name string) bool {
		t := c.known[name]
		return t.use == forName && t.key != "prefix" && t.key != "suffix" || t.use == forField && t.field.Name == c.entity.LabelField
	})
}

// maxUnknown is how many columns a remark names.
const maxUnknown = 5

// unknownTexts returns columns that no field takes and that have texts.
func (c *Columns) unknownTexts() (list []string) {
	for _, name := range c.names {
		t, w := c.known[name], c.ways[name]
		if len(list) < maxUnknown && t.use == forMember && t.field == c.custom && t.key == name && w != nil && w.text {
			list = append(list, name)
		}
	}
	return list
}

// readAs returns the columns that have the name of their field, the others with where their values
// go, the parts of one value together, and the columns that are left out.
func (c *Columns) readAs() (own, read, left []string) {
	joined := map[string][]string{}
	for _, name := range c.names {
		if path, _ := c.goesTo(name); c.known[name].isPart() {
			joined[path] = append(joined[path], fmt.Sprintf("%q", name))
		}
	}
	for _, name := range c.names {
		path, isOwn := c.goesTo(name)
		switch {
		case isOwn:
			own = append(own, shortName(name))
		case path == "":
			left = append(left, fmt.Sprintf("%q", name))
		case !c.known[name].isPart():
			read = append(read, fmt.Sprintf("%q -> %s", name, path))
		case len(joined[path]) > 0:
			read = append(read, strings.Join(joined[path], "+")+" -> "+path)
			joined[path] = nil
		}
	}
	return own, read, left
}

// goesTo returns where the values of a column go, empty if they are left out. isOwn reports whether
// that is the field which has the name of the column, so that nothing needs to be said.
func (c *Columns) goesTo(name string) (path string, isOwn bool) {
	t, w := c.known[name], c.ways[name]
	if w == nil {
		w = &way{taken: true}
	}
	switch {
	case t.use == forReadOnly && c.ownIDs, t.use == forVersion && (c.ownIDs || c.versions):
		return name, true
	case t.use == forReadOnly || t.use == forVersion || t.use == forNothing:
		return c.other(name).path, false
	case w.aside != "" && !w.taken:
		return w.aside, false
	case w.aside != "":
		return t.path + ", else " + w.aside, false
	}
	isOwn = t.amount != nil && t.amount.Name == name && !t.otherUnit || products.Fold(t.path) == products.Fold(name) || t.use == forID && t.exact
	return t.path, isOwn
}

// isPart reports whether the cells are joined with those of other columns.
func (t mapping) isPart() bool {
	return t.use == forName || t.use == forClock || t.use == forCallingCode || t.use == forText
}

// shortName returns the name of a column in a list: in quotes only if it could be misread there.
func shortName(name string) string {
	if strings.ContainsAny(name, `,;"`) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return norm.Quote(name)
	}
	return name
}
