package cells

import (
	"slices"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// A cell with an address may have a name beside it: Mara Lind <mara@acme.com>. A row without a
// name is named by it. In a row with a name it is a second one, which no field takes.

// beside is what a name beside an address is to the name of the row.
type beside int

const (
	sameName     beside = iota // it says nothing new
	otherForm                  // it has more words, or others
	somebodyElse               // it has no word in common
)

// takeName gives the row the name beside an address, if it has no other, and compares them.
func (row *rowFields) takeName(name string) beside {
	label := row.columns.entity.Field(row.columns.entity.LabelField)
	had := Text(row.member(label.Name))
	switch {
	case name == "":
		return sameName
	case had == "":
		if _, fault := row.Env.Normal(label, name); fault != nil {
			return otherForm // it is too long
		}
		row.set(label, norm.QuoteJSON(name))
		return sameName
	case norm.SameName(had, name) || hasWords(had, name):
		return sameName
	case shareWord(had, name):
		return otherForm
	}
	return somebodyElse
}

// shareWord reports whether two names have a word in common that is no initial.
func shareWord(a, b string) bool {
	words := norm.NameWords(a)
	return slices.ContainsFunc(norm.NameWords(b), func(word string) bool {
		return utf8.RuneCountInString(word) > 1 && slices.Contains(words, word)
	})
}
