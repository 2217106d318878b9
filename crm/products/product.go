package products

import (
	"slices"
	"strings"
	"unicode"
)

// Product is a block of the table.
type Product struct {
	Name    string              // the source of its ids, one word in lower case, as in source=hubspot
	Title   string              // the name that people know
	Marks   []string            // the columns by which its exports are recognised
	Columns map[string][]Column // by kind of record
	Words   map[string]Words    // by kind and field, like ticket.status

	// Key is the column that identifies the rows of exports without an id, if a request names
	// none. Unlike an id it is also read as what it is.
	Key string

	// Lists are the columns whose cells have several records, with semicolons between their names.
	// The first one is the reference.
	Lists []string

	// ID returns the one form of an id that the product writes in several; nil: it has one form.
	ID func(id string) string
	// IsID reports whether an id can be no other product's; nil: ids do not show it.
	IsID func(id string) bool
}

// Column says for which field columns are.
type Column struct {
	Path  string
	Names []string
}

// Words are the product's words for those of a choice, in lower case.
type Words map[string]string

// to is a row of a block: the path of a field and the columns for it, the preferred ones first.
func to(path string, names ...string) Column { return Column{path, names} }

// Products are the blocks of the table.
var Products = []*Product{&hubspot, &salesforce, &pipedrive, &zoho, &dynamics, &attio, &closeCRM, &copper, &twenty, &espocrm, &suitecrm, &odoo, &freshsales, &capsule, &google, &outlook, &thunderbird, &linkedin, &apollo, &mailchimp, &stripe, &shopify, &airtable, &monday, &crmkit}

// ByName returns the block of a product by its name in any case; nil if there is none.
func ByName(name string) *Product {
	at := slices.IndexFunc(Products, func(p *Product) bool { return Fold(p.Name) == Fold(name) })
	if at < 0 {
		return nil
	}
	return Products[at]
}

// Place is the place of a column in a block.
type Place struct {
	Path string
	Rank int // its place among the columns of the kind; lower ones are preferred
	Row  int // of the block
}

// Lookup returns the place of a column of a kind of record; found is false if the block does
// not name it. A nil block names none.
func (p *Product) Lookup(kind, column string) (at Place, found bool) {
	if p == nil {
		return Place{}, false
	}
	folded, rank := Fold(column), 0
	for i, row := range p.Columns[kind] {
		for _, name := range row.Names {
			if rank++; Fold(name) == folded {
				return Place{row.Path, rank, i}, true
			}
		}
	}
	return Place{}, false
}

// Names returns the folded names of the columns that any block has for a kind of record.
func Names(kind string) map[string]bool {
	names := map[string]bool{}
	for _, p := range append([]*Product{&General}, Products...) {
		for _, row := range p.Columns[kind] {
			for _, name := range row.Names {
				names[Fold(name)] = true
			}
		}
	}
	return names
}

// Fold returns the form in which names of columns are compared: letters and digits, in lower
// case. Exports of one product differ in capitals and blanks.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// minMarks is how many marks make a file an export of a product. One may be a coincidence.
const minMarks = 2

// squeeze returns the form in which marks are compared: exports differ in capitals and blanks. The
// signs between words count, since Contact ID is in many sheets and Contact : id is Freshsales.
func squeeze(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), "")) }

// Recognize returns the product whose export has the columns, and the marks by which it is
// known, as the file writes them; nil if no product has minMarks of them, or two have as many.
// If any sheet may have all of the marks, one more is needed.
func Recognize(columns []string) (product *Product, marks []string) {
	have := map[string]string{}
	for _, name := range columns {
		have[squeeze(name)] = name
	}
	most := minMarks - 1
	for _, p := range Products {
		var found []string
		for _, mark := range p.Marks {
			if name, is := have[squeeze(mark)]; is {
				found = append(found, name)
			}
		}
		switch {
		case len(found) == minMarks && !slices.ContainsFunc(found, isOwnMark):
		case len(found) > most:
			product, marks, most = p, found, len(found)
		case len(found) == most && most >= minMarks:
			product, marks = nil, nil
		}
	}
	return product, marks
}

// terms are names that General reads because sheets are cut from exports of HubSpot, which has made
// them up. They are marks like those that General does not have.
var terms = []string{"Lifecycle Stage", "Company Domain Name"}

// IsTerm reports whether a column has a name that a product made up.
func IsTerm(column string) bool {
	return slices.ContainsFunc(terms, func(term string) bool { return squeeze(term) == squeeze(column) })
}

// isOwnMark reports whether a mark is no name that anybody gives to a column.
func isOwnMark(mark string) bool {
	if IsTerm(mark) {
		return true
	}
	for kind := range General.Columns {
		if _, found := General.Lookup(kind, mark); found {
			return false
		}
	}
	return true
}
