package importer

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// checkKey finds the column that the request names as the key of the rows, and refuses a name that
// no column has. Names are compared as everywhere in a file; of several that are alike the one
// with the same spelling is meant. Without a name it is the key of the product's exports.
func (im *Importer) checkKey() *crm.Error {
	stated := strings.TrimSpace(im.opts.Key)
	if stated == "" {
		if p := im.columns.Product; p != nil && p.Key != "" && slices.Contains(im.columns.Names(), p.Key) {
			im.key = p.Key
		}
		return nil
	}
	var alike []string
	for _, name := range im.columns.Names() {
		if name == stated {
			im.key = name
			return nil
		}
		if products.Fold(name) == products.Fold(stated) {
			alike = append(alike, name)
		}
	}
	if len(alike) == 1 {
		im.key = alike[0]
		return nil
	}
	names := im.columns.Names()
	shown := norm.QuoteList(names[:min(len(names), maxColumnsShown)])
	return crm.Errorf(crm.InvalidValue, "key=%s: no column has this name. The columns are %s; send the file again with one of them. Nothing was saved.",
		norm.Quote(stated), shown).On("key").Of(stated, slices.Clone(names))
}

// maxColumnsShown is how many columns an error names.
const maxColumnsShown = 30
