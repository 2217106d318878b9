package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/importer/cells"
	"crmkit/server/importer/references"
	"crmkit/server/importer/rows"
)

// from returns where the rows come from.
func (im *Importer) from() references.Source {
	return references.Source{Env: im.opts.Env, Name: im.source, OwnIDs: im.ownIDs, Sure: im.hasOwnIDs(), Dump: im.isDump()}
}

// CheckSource refuses a source= that could be taken for one of the importer's own, with
// invalid_value. An empty source is valid.
func CheckSource(source string) *crm.Error {
	if len(source) > 100 || strings.HasPrefix(source, "ws_") || slices.Contains([]string{references.ByContent, references.ByName}, source) || strings.Contains(source, ":") || norm.OneLine(source) != source {
		return crm.Errorf(crm.InvalidValue, "source=%s is not allowed; write one word for the origin of the rows, like hubspot or old-crm.", norm.Quote(source)).On("source")
	}
	return nil
}

// recognize decides whose export a file with these columns is, before its columns are mapped:
// the block of the product has the meaning of their names. A stated source wins.
func (im *Importer) recognize(names []string) {
	product, marks := products.Recognize(names)
	switch stated := products.ByName(im.source); {
	case im.source == "" && product != nil:
		im.source, im.marks = product.Name, marks
	case im.source == "":
		im.source = unknownFile(names)
	case stated != nil:
		im.source, product = stated.Name, stated
	}
	im.columns.Product = product
}

// recognizeIDs knows a file by its ids alone, if they are those of one product: exports with a few
// columns have no marks. The columns are then mapped by the block of this product.
func (im *Importer) recognizeIDs(first []rows.Row) {
	if im.columns.Product != nil || im.opts.Source != "" {
		return
	}
	for _, p := range products.Products {
		if p.IsID == nil || !im.allIDs(first, p.IsID) {
			continue
		}
		names := im.columns.Names()
		im.columns, im.source, im.byIDs = im.newColumns(im.opts.Entity), p.Name, true
		im.columns.Product = p
		im.columns.Add(names...)
		return
	}
}

// allIDs reports whether the rows have ids, all of which are of one kind.
func (im *Importer) allIDs(first []rows.Row, is func(string) bool) bool {
	n := 0
	for _, r := range first {
		for _, cell := range r.Cells {
			if im.columns.IDsOf(cell.Name) != im.opts.Entity {
				continue
			}
			if n++; !is(cells.Text(cell.JSON)) {
				return false
			}
		}
	}
	return n > 0
}

// unknownFile returns the source of files of no known product. They share a source only
// if they have the same columns, because the ids in each may be 1, 2, 3.
func unknownFile(names []string) string {
	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = products.Fold(name)
	}
	slices.Sort(folded)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(folded), "\n")))
	return references.UnknownFile + hex.EncodeToString(sum[:8])
}

// hasOwnIDs reports whether the rows are an export of crmkit, in which a column like created_at
// has the value of the field of that name.
func (im *Importer) hasOwnIDs() bool {
	return im.isDump() || im.ownIDs || im.source == "crmkit" || im.columns.Product == products.ByName("crmkit")
}

// detectSource decides from the first rows whose ids they have. An id of another
// workspace passes the check of this one in one case of 32, so the majority decides,
// and a few mistyped ids make no file foreign. If no id fits either workspace, a
// mistyped one in a file with handles, which only crmkit exports, is taken for one
// of this workspace. Workspaces of two servers may give the same ids: a stated source says that
// the ids are not those of this one.
func (im *Importer) detectSource(first []rows.Row) {
	if im.isDump() {
		return
	}
	names := im.rows.Columns()
	if names == nil {
		names = columnsOf(first)
		im.recognize(names)
	}
	im.recognizeIDs(first)
	seen := map[crm.IDFault]int{}
	for _, r := range first {
		for _, cell := range r.Cells {
			if e := im.columns.IDsOf(cell.Name); e != nil {
				_, fault := crm.ParseID(e, im.opts.Env.Workspace, crm.CutHandle(cells.Text(cell.JSON)))
				seen[fault]++
			}
		}
	}
	if im.opts.Source == "" || im.source == "crmkit" {
		handles := slices.Contains(names, "handle")
		im.ownIDs = seen[crm.IDOK] > seen[crm.IDOtherWorkspace] || handles && seen[crm.IDWrongCheck] > 0 && seen[crm.IDOtherWorkspace] == 0
	}
	im.decideRecords(first, seen)
}

// columnsOf returns the names of the cells of rows that have no line of column names.
func columnsOf(list []rows.Row) (names []string) {
	seen := map[string]bool{}
	for _, r := range list {
		for _, cell := range r.Cells {
			if !seen[cell.Name] {
				seen[cell.Name] = true
				names = append(names, cell.Name)
			}
		}
	}
	return names
}
