package importer

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/importer/rows"
)

// knows reports whether a name is that of a field, or of a column of any product. It finds the line
// of column names, before which nothing says whose export the file is.
func (im *Importer) knows(column string) bool {
	if len(column) > maxColumnName {
		return false
	}
	if t := im.columns.find(column); t.id || t.field != nil && t.key == "" && !t.readOnly {
		return true
	}
	for _, block := range append([]*products.Product{&products.General}, products.Products...) {
		if _, found := block.Lookup(im.opts.Entity.Name, column); found {
			return true
		}
	}
	return false
}

// checkHeader refuses a file whose line of column names has none that can tell which record a
// row is about: it was probably sent without that line.
func (im *Importer) checkHeader() error {
	header := im.rows.Columns()
	if len(im.columns.names) == 0 && header != nil { // otherwise a dry run has recognised the file
		im.recognize(header)
	}
	for _, name := range header {
		im.columns.target(name)
	}
	if header == nil || im.columns.identify() {
		return nil
	}
	allowed := im.opts.Entity.Names(crm.Writable)
	return crm.Errorf(crm.InvalidValue, "the first line must name the columns, and none of %s is known; name them like %s, and %s.",
		norm.Quote(strings.Join(header[:min(len(header), 5)], ", ")), strings.Join(allowed[:min(len(allowed), 3)], ","), rows.WithCurl).Of(header[0], allowed)
}
