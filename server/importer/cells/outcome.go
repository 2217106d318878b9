package cells

import (
	"cmp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// yes and no are the words of a column that says whether something is so. The further words of
// yes say more than that, so they are kept too.
var (
	yes     = []string{"yes", "true", "1", "y", "x", "on"}
	yesMore = []string{"completed", "complete", "done", "closed", "held"}
	no      = []string{"no", "false", "0", "n", "off"}
)

// outcome sets a field from columns that speak of one of its values, like IsWon, unless a column
// has the value itself. It returns the cells of these other columns. A yes or no that contradicts
// the value is kept like a cell without a field.
func (row *rowFields) outcome(f *crm.Field, list []placedCell) (plain []placedCell) {
	var flags []placedCell
	stated, said := "", ""
	for _, p := range list {
		switch p.use {
		case forFlag:
			flags = append(flags, p)
			if said == "" && answerOf(p) == isYes {
				said = p.value
			}
		case forHint:
			said = cmp.Or(said, p.value)
			row.leave(p)
		default:
			plain = append(plain, p)
		}
	}
	switch of := f.FlagOf(); {
	case len(plain) > 0:
		stated = strings.ToLower(Text(row.translated(f, plain[0])))
	case of != nil && len(row.byField[of.Time]) > 0:
		stated = "true"
	case said != "":
		row.setWord(f, said)
	}
	for _, p := range flags {
		agrees := answerOf(p) == isNo && p.value != cmp.Or(stated, said) ||
			answerOf(p) == isYes && (p.value == cmp.Or(stated, said) || stated == "") // of two yes the first one counts
		if !agrees || slices.Contains(yesMore, wordOf(p)) {
			row.leave(p)
		}
	}
	return plain
}

// setWord sets a field to a word of a choice, or a flag to true.
func (row *rowFields) setWord(f *crm.Field, word string) {
	if f.Type.Kind() == crm.FlagKind {
		row.set(f, word)
	} else {
		row.set(f, norm.QuoteJSON(word))
	}
}

// answer is what a cell says of the value of which its column speaks.
type answer int

const (
	isNothing answer = iota
	isYes
	isNo
)

func answerOf(p placedCell) answer {
	switch text := wordOf(p); {
	case slices.Contains(yes, text) || slices.Contains(yesMore, text) || text == p.value:
		return isYes
	case slices.Contains(no, text):
		return isNo
	}
	return isNothing
}

func wordOf(p placedCell) string { return strings.ToLower(strings.TrimSpace(Text(p.json))) }

// translated returns the word of a choice, or the code of a currency, for the word of a product;
// any other cell as it is.
func (row *rowFields) translated(f *crm.Field, p placedCell) string {
	text := strings.ToLower(strings.TrimSpace(Text(p.json)))
	if row.OwnIDs || slices.Contains(f.Choices.Values, text) {
		return p.json
	}
	key := row.columns.entity.Name + "." + f.Name
	for _, block := range []*products.Product{row.columns.Product, &products.General} {
		if block != nil && block.Words[key][text] != "" {
			return norm.QuoteJSON(block.Words[key][text])
		}
	}
	return p.json
}

// translate does the same, and keeps the word of the product.
func (row *rowFields) translate(f *crm.Field, p placedCell) string {
	json := row.translated(f, p)
	if json != p.json {
		row.leave(p)
	}
	return json
}
