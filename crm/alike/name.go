package alike

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// name is a name in the form in which names are compared.
type name struct {
	text   string   // folded, as it is written
	words  []string // sorted, without titles; of a company without its legal form
	key    string   // the same for the same words in any order
	digits string   // of all words: another number means another thing
}

// relation says how two names agree.
type relation int

// The relations of names, from the closest.
const (
	equal     relation = iota // the same words, perhaps in another order
	oneEdit                   // one letter is left out, added or replaced, or two are exchanged
	twoEdits                  // two of these
	shortened                 // all words of one are in the other, or initials of these; at least two
	nickname                  // one given name is the short form of the other
	partial                   // one name is a single word of the other
	nameless                  // one says nothing: Unknown, a number
	oneWord                   // they have a word in common, and others
	different
)

// personName returns the name of a person. Titles are left out, unless there is nothing else: Don is
// a title and a given name.
func personName(text string) name {
	words := norm.NameWords(text)
	kept := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return utf8.RuneCountInString(word) > 1 && norm.IsNamePrefix(word) })
	if len(kept) > 0 {
		words = kept
	}
	return newName(text, words)
}

// companyName returns the name of a company, without its legal form.
func companyName(text string) name { return newName(text, norm.SayingWords(text)) }

func newName(text string, words []string) name {
	if len(words) > maxWords {
		words = words[:maxWords]
	}
	key := ""
	if saysWho(words) {
		key = norm.NameKey(strings.Join(words, " "))
	}
	return name{text: norm.Fold(text), words: words, key: key, digits: norm.Digits(strings.Join(words, ""))}
}

// maxWords is how many words of a name are compared.
const maxWords = 8

// placeholders are words that people write where they do not know a name, in English, German, French,
// Spanish, Italian, Dutch and Portuguese.
var placeholders = set(`unknown caller new contact lead no name noname test anonymous none na n a user customer client guest visitor mobile phone office
	unbekannt anrufer neuer neu kontakt kunde ohne namen kein inconnu nouveau client sans nom desconocido nuevo contacto cliente sin nombre sconosciuto
	nuovo contatto senza nome onbekend klant desconhecido novo contato sem nome`)

func set(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(text) {
		words[word] = true
	}
	return words
}

// saysWho reports whether a name has a word that is one: not a number, and no placeholder.
func saysWho(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return !placeholders[word] && strings.ContainsFunc(word, unicode.IsLetter)
	})
}

// relate returns how two names agree.
func relate(a, b name) relation {
	switch {
	case a.key == "" || b.key == "":
		return nameless
	case a.key == b.key:
		return equal
	}
	if a.digits != "" && b.digits != "" && a.digits != b.digits {
		return shareWords(a, b)
	}
	left, right := without(a.words, b.words), without(b.words, a.words)
	common := len(a.words) - len(left)
	if n := min(editsBetween(left, right), editsWhole(a, b)); n <= 2 && mayBeTypo(a, b, n) {
		return oneEdit + relation(n-1)
	}
	switch {
	case len(left) == 1 && len(right) == 1 && common > 0 && areNicknames(left[0], right[0]):
		return nickname
	case isClosedPart(a, b) || isClosedPart(b, a):
		return partial
	case !isPart(left, right) && !isPart(right, left):
	case common == 0: // initials alone
	case min(len(a.words), len(b.words)) == 1:
		return partial
	default:
		return shortened
	}
	return shareWords(a, b)
}

// shareWords returns oneWord for two names that have a whole word in common, and different for others.
func shareWords(a, b name) relation {
	if slices.ContainsFunc(a.words, func(word string) bool { return utf8.RuneCountInString(word) > 2 && slices.Contains(b.words, word) }) {
		return oneWord
	}
	return different
}

// without returns the words of a that b lacks. A word that is twice in a must be twice in b.
func without(a, b []string) (left []string) {
	b = slices.Clone(b)
	for _, word := range a {
		if at := slices.Index(b, word); at >= 0 {
			b = slices.Delete(b, at, at+1)
		} else {
			left = append(left, word)
		}
	}
	return left
}

// isPart reports whether each of the words is the initial of another of the others, or has it as its
// initial.
func isPart(words, others []string) bool {
	others = slices.Clone(others)
	for _, word := range words {
		at := slices.IndexFunc(others, func(other string) bool { return isInitial(word, other) || isInitial(other, word) })
		if at < 0 {
			return false
		}
		others = slices.Delete(others, at, at+1)
	}
	return true
}

// isClosedPart reports whether a name in a script that is written without blanks begins or ends with
// another one: 伟 and 王伟.
func isClosedPart(whole, part name) bool {
	text, of := joined(part), joined(whole)
	first, _ := utf8.DecodeRuneInString(text)
	return first >= firstClosed && text != of && (strings.HasPrefix(of, text) || strings.HasSuffix(of, text))
}

// firstClosed is the first character of the scripts of China, Japan and Korea.
const firstClosed = '\u2e80'

// isInitial reports whether a word is the first letter of another.
func isInitial(word, of string) bool {
	return utf8.RuneCountInString(word) == 1 && strings.HasPrefix(of, word)
}

// noTypo is more edits than anybody makes by mistake.
const noTypo = 3

// editsBetween returns the number of edits that make words out of others, each of one; noTypo if
// there are more than two, or if no word would keep most of its letters.
func editsBetween(words, others []string) int {
	if len(words) != len(others) || len(words) > 2 {
		return noTypo
	}
	if len(words) == 2 {
		straight := editsBetween(words[:1], others[:1]) + editsBetween(words[1:], others[1:])
		crossed := editsBetween(words[:1], others[1:]) + editsBetween(words[1:], others[:1])
		return min(straight, crossed, noTypo)
	}
	return edits(words[0], others[0])
}

// edits returns the edits between two words; noTypo if they are more than the shorter word allows.
func edits(word, other string) int {
	letters := min(utf8.RuneCountInString(word), utf8.RuneCountInString(other))
	most := 0
	switch {
	case letters >= 5:
		most = 2
	case letters >= 2:
		most = 1
	}
	if most == 0 || len(word) > maxLetters || len(other) > maxLetters {
		return noTypo
	}
	if n := norm.Distance(word, other, most); n <= most {
		return n
	}
	return noTypo
}

// maxLetters is how many bytes of a name are compared letter by letter.
const maxLetters = 60

// editsWhole returns the edits between two names without the gaps between their words, each in the
// order in which it is written: a hyphen or a blank that somebody left out is no edit. It is at
// least 1.
func editsWhole(a, b name) int {
	one, other := joined(a), joined(b)
	if min(utf8.RuneCountInString(one), utf8.RuneCountInString(other)) < 6 || len(one) > maxLetters || len(other) > maxLetters {
		return noTypo
	}
	return max(1, norm.Distance(one, other, 2))
}

// joined returns the letters of a name without titles.
func joined(n name) string {
	words := strings.FieldsFunc(n.text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N) })
	words = slices.DeleteFunc(words, func(word string) bool { return !slices.Contains(n.words, word) })
	return strings.Join(words, "")
}

// mayBeTypo reports whether so many edits between two names are a mistake and not another name: in a
// short name they make another one.
func mayBeTypo(a, b name, edits int) bool {
	return min(letters(a), letters(b)) >= 5*edits
}

// letters returns how many letters the words of a name have.
func letters(n name) (sum int) {
	for _, word := range n.words {
		sum += utf8.RuneCountInString(word)
	}
	return sum
}

// byLength sorts words, the longest first.
func byLength(words []string) []string {
	return slices.SortedStableFunc(slices.Values(words), func(a, b string) int {
		return cmp.Compare(utf8.RuneCountInString(b), utf8.RuneCountInString(a))
	})
}
