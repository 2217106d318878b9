package importer

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// knows reports whether a name is that of a field, or of a column of any product. It finds the line
// of column names, before which nothing says whose export the file is.
func (im *Importer) knows(column string) bool {
	return len(column) <= maxColumnName && im.columns.Knows(column)
}

// cardSource is the source of the ids of vCards, which are unique everywhere.
const cardSource = "vcard"

// checkCards refuses vCards of anything but people.
func (im *Importer) checkCards() error {
	e := im.opts.Entity
	if unique := e.Field(e.Keys.Unique); unique == nil || unique.Type != fieldtype.Email {
		return crm.Errorf(crm.InvalidValue, "vCards are contacts, not %s; send the file to POST /import/contacts. Nothing was saved.", e.Plural)
	}
	if im.source == "" {
		im.source = cardSource
	}
	return nil
}

// checkHeader refuses a file whose line of column names has none that can tell which record a
// row is about: it was probably sent without that line.
func (im *Importer) checkHeader() error {
	header := im.rows.Columns()
	if len(im.columns.Names()) == 0 && header != nil { // otherwise a dry run has recognised the file
		im.recognize(header)
	}
	im.columns.Add(header...)
	if header == nil || im.columns.Identify() {
		return nil
	}
	allowed := columnNames(im.opts.Entity)
	return crm.Errorf(crm.InvalidValue, "the first line must name the columns, and none of %s is known; name them like %s, and %s.",
		norm.Quote(strings.Join(header[:min(len(header), 5)], ", ")), strings.Join(allowed[:min(len(allowed), shownNames)], ","), rows.WithCurl).Of(header[0], allowed)
}

// shownNames is how many names of columns an error proposes.
const shownNames = 4

// columnNames returns names for the columns of an entity that people have: of a record that a row
// refers to its name, not its id.
func columnNames(e *crm.Entity) (names []string) {
	for _, name := range e.Names(crm.Writable) {
		if f := e.Field(name); f != nil && f.IsReference() {
			name = strings.TrimSuffix(name, "_id")
		}
		names = append(names, name)
	}
	return names
}
