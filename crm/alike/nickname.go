package alike

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"crmkit/crm/norm"
)

// nicknameLines are given names with their short forms, a line for each given name: in English, German,
// Dutch, French, Spanish, Portuguese, Italian, Polish and Russian. A short form may be of several
// names, which does not make these the same name: Alex is Alexander or Alexandra.
//
//go:embed nicknames.txt
var nicknameLines string

// nicknames are the given names by their short forms and by themselves, and one name for all that are
// connected by short forms.
type nicknames struct {
	names map[string][]string // the lines in which a word is, by the first word
	one   map[string]string
}

// allNicknames reads the lines once.
var allNicknames = sync.OnceValue(func() nicknames {
	table := nicknames{map[string][]string{}, map[string]string{}}
	for line := range strings.Lines(nicknameLines) {
		words := strings.Fields(norm.Fold(line))
		for _, word := range words {
			table.names[word] = append(table.names[word], words[0])
			table.join(words[0], word)
		}
	}
	for word := range table.one {
		table.one[word] = table.root(word)
	}
	return table
})

// root returns the one name of all that are connected to a word.
func (n nicknames) root(word string) string {
	for n.one[word] != "" && n.one[word] != word {
		word = n.one[word]
	}
	return word
}

// join connects two words.
func (n nicknames) join(a, b string) { n.one[n.root(b)] = n.root(a) }

// canonical returns one word for a given name and all its short forms; other words as they are.
func canonical(word string) string {
	if one := allNicknames().one[word]; one != "" {
		return one
	}
	return word
}

// areNicknames reports whether two words are a given name and its short form, or two of its short
// forms.
func areNicknames(a, b string) bool {
	table := allNicknames()
	return slices.ContainsFunc(table.names[a], func(name string) bool { return slices.Contains(table.names[b], name) })
}
