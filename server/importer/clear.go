package importer

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/draft"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// A row can clear a field: by a null of JSON, or in CSV by the word that null= names. A client that
// writes rows with nulls means it. But programs write null for everything that a record does not
// have: if the rows are an export of another product or of another workspace, nulls change
// nothing, since the record may have got its values here. The same is true of the export of a whole
// workspace, which restores what was deleted. In an export of this workspace that is sent back, a
// null is what the record had, and its version protects what it got since.

// maxNullWord is how many bytes the word of null= may have.
const maxNullWord = 40

// CheckNull refuses a word of null= that no cell can have, or that is no word, with invalid_value.
// An empty one is valid: there is none.
func CheckNull(word string) *crm.Error {
	if len(word) <= maxNullWord && strings.TrimSpace(word) == word && norm.OneLine(word) == word {
		return nil
	}
	return crm.Errorf(crm.InvalidValue, "null= names the word of cells that clear their field, like null=NULL: 1 to %d bytes, with no blank at its beginning or end, and no invisible character. Nothing was saved.", maxNullWord).On("null")
}

// checkNull refuses null= for a file that is not CSV.
func (im *Importer) checkNull() error {
	shown := norm.Quote(im.opts.Stated["null"])
	switch {
	case shown == norm.Quote("") || im.rows.Format() == rows.CSVFormat:
		return nil
	case im.rows.Format() == rows.VCardFormat:
		return crm.Errorf(crm.InvalidValue, "null=%s is for cells of CSV, and this file has vCards, which clear nothing. Leave null out; nothing was saved.", shown).On("null")
	}
	return crm.Errorf(crm.InvalidValue, `null=%s is for cells of CSV, and this file is JSON: write null itself, like {"phone":null}. Leave null out; nothing was saved.`, shown).On("null")
}

// decideRecords decides by the first rows whether their versions and nulls are about the records of this
// workspace. ids are how many ids they have, by what is wrong with them here. A product is also
// known by columns that have nothing but nulls.
func (im *Importer) decideRecords(first []rows.Row, ids map[crm.IDFault]int) {
	crmkit, product := products.ByName("crmkit"), im.columns.Product
	if product == nil && im.rows.Columns() == nil {
		names := columnsOf(first)
		for _, r := range first {
			names = append(names, r.Nulls...)
		}
		product, _ = products.Recognize(names)
	}
	isOurs := product == nil || product == crmkit
	isForeign := len(ids) > 0 && !im.ownIDs
	im.versioned = isOurs && !isForeign && (im.opts.Source == "" || im.source == crmkit.Name)
	switch {
	case !isOurs:
		im.nullsOf = product.Title
	case isForeign && (im.hasOwnIDs() || ids[crm.IDOtherWorkspace] > 0):
		im.nullsOf = "another workspace"
	}
}

// clears reports whether the nulls of the rows clear fields.
func (im *Importer) clears() bool {
	return !im.isDump() && (im.nullsOf == "" || im.rows.Format() == rows.CSVFormat)
}

// nullRemarks say what the nulls of the file do.
func (im *Importer) nullRemarks() []string {
	shown := "null"
	if word := im.opts.Stated["null"]; word != "" {
		if shown = norm.QuoteJSON(word); !im.hasNulls {
			return []string{"no cell is " + shown + ", so null= clears nothing"}
		}
	}
	switch {
	case !im.hasNulls:
		return nil
	case !im.clears():
		return []string{"null changes nothing, because the rows are an export of " + im.nullsOf + ": it had no value there"}
	}
	return []string{im.columns.NullRemark(shown, im.how())}
}

// isCleared reports whether an input clears its field.
func isCleared(in crm.Input) bool { return in.Mode == crm.Set && !in.Value.Set() }

// withoutClears returns the draft of a new record, which has nothing that could be cleared. A time that
// would follow from another field stays unset.
func withoutClears(d store.Draft) store.Draft {
	d.Inputs = slices.DeleteFunc(slices.Clone(d.Inputs), func(in crm.Input) bool { return isCleared(in) })
	d.Inputs = keepTimes(d.Entity, d.Inputs)
	return d
}

// keepName returns the draft without a null for a name that the import would give the record again: a
// row without a name made it, and the same file may come again.
func (im *Importer) keepName(tx *store.Tx, d store.Draft, key int64, e entry) (store.Draft, error) {
	label := d.Entity.Field(d.Entity.LabelField)
	at := draft.InputAt(d, label.Name)
	if at < 0 || !isCleared(d.Inputs[at]) || im.hasOwnIDs() {
		return d, nil
	}
	rec, found, err := tx.Lookup(d.Entity, key)
	if !found || err != nil {
		return d, err
	}
	without := d
	without.Inputs = slices.Delete(slices.Clone(d.Inputs), at, at+1)
	if inputText(withName(without, e), label) != rec.Value(label.Name).Text {
		return d, nil
	}
	return without, nil
}

// saveVersion saves a row, and refuses it afterwards if it changed a record that is not at the version
// which the row names; then the savepoint of the row is rolled back. A row that changes nothing is right
// at any version: so a file whose answer was lost can be sent again.
func (im *Importer) saveVersion(tx *store.Tx, e entry) (store.Outcome, error) {
	want := e.cells.Version
	out, err := im.save(tx, e)
	if err != nil || want == 0 || out.Result == store.Unchanged {
		return out, err
	}
	switch was := out.Before.Version(); {
	case out.Result == store.Created:
		return out, crm.Errorf(crm.VersionConflict, "no %s is the one of this row, so none is at version %d: it may have been deleted. Take the version out of the row to create one; if version is a column of your own, rename it, or add source=<the origin of the file>.",
			e.entity.Name, want).On(crm.FieldVersion)
	case was != want:
		return out, crm.Errorf(crm.VersionConflict, "%s is at version %d, not %d: it changed since the row was read. Correct the row by the record as it is now, and give it version %d; without a version it is saved over what changed.",
			out.Before.Handle(), was, want, was).On(crm.FieldVersion)
	}
	return out, nil
}
