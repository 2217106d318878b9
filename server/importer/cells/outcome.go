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
	yes     = []string{"yes", "true", "1", "y", "x", "on", "ja", "oui", "sí", "sì", "si", "sim", "wahr", "vrai"}
	yesMore = []string{"completed", "complete", "done", "closed", "held", "erledigt", "terminé", "terminée"}
	no      = []string{"no", "false", "0", "n", "off", "nein", "nee", "non", "não", "falsch", "faux"}
)

// outcome sets a field from columns that speak of its values, like IsWon, unless a column has the
// value itself. It returns the cells of these other columns. A yes or no that contradicts the
// value is kept like a cell without a field.
func (row *rowFields) outcome(f *crm.Field, list []placedCell) (plain []placedCell) {
	var flags []placedCell
	value := ""
	for _, p := range list {
		switch p.use {
		case forFlag:
			flags = append(flags, p)
		case forHint:
			value = cmp.Or(value, p.value)
			row.leave(p)
		default:
			plain = append(plain, p)
		}
	}
	switch of := f.FlagOf(); {
	case len(plain) > 0:
		value = strings.ToLower(Text(row.translated(f, plain[0])))
	case of != nil && len(row.byField[of.Time]) > 0:
		value = "true"
	default:
		if value = cmp.Or(value, flagged(flags)); value != "" {
			row.setWord(f, value)
		}
		value = cmp.Or(value, row.following(f))
	}
	for _, p := range flags {
		says := slices.Contains(strings.Split(p.value, "|"), value) == (answerOf(p) == isYes) && answerOf(p) != isNothing
		if !says {
			row.leave(p)
		} else if slices.Contains(yesMore, wordOf(p)) {
			row.keepToo(p)
		}
	}
	return plain
}

// following returns the value that a field gets from the field which it follows, as the status from
// the stage; empty if that field says nothing of it.
func (row *rowFields) following(f *crm.Field) string {
	t := f.Transition()
	if t == nil || len(row.byField[t.Of]) == 0 {
		return ""
	}
	value, _ := t.Means(Text(row.byField[t.Of][0].json))
	return value
}

// flagged returns the value that columns of yes and no leave, like lost if one says that the value
// is won or lost, and another that it is not won.
func flagged(flags []placedCell) string {
	var denied []string
	for _, p := range flags {
		if answerOf(p) == isNo {
			denied = append(denied, strings.Split(p.value, "|")...)
		}
	}
	for _, p := range flags {
		left := slices.DeleteFunc(strings.Split(p.value, "|"), func(value string) bool { return slices.Contains(denied, value) })
		if answerOf(p) == isYes && len(left) == 1 {
			return left[0]
		}
	}
	return ""
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
		if block == nil {
			continue
		}
		if word := block.Words[key].Of(text); word != "" {
			return norm.QuoteJSON(word)
		}
	}
	if t := f.Transition(); t != nil && f.Type.Kind() != crm.TimeKind { // a status has the words of the stage that sets it
		if value, ok := t.Means(text); ok {
			return norm.QuoteJSON(value)
		}
	}
	return p.json
}

// translate does the same, and keeps the word of the product.
func (row *rowFields) translate(f *crm.Field, p placedCell) string {
	json := row.translated(f, p)
	if json != p.json {
		row.keepToo(p)
	}
	return json
}
