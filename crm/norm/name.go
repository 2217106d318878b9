package norm

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameParts are the parts of a person's name, as address books keep them. Phonetic parts are
// not among them: they say how the name is read, and are not written in it.
type NameParts struct {
	Prefix, Given, Middle, Family, Suffix string
}

// FullName returns the whole name of a person. In Latin and most other scripts the parts are
// in the order of NameParts with a blank between them: Dr. Mara Lind PhD. A name in the scripts
// of China, Japan and Korea begins with the family name and has no blank: 山田太郎. Parts in
// Katakana alone keep the blank: foreign names are written so, and without it nobody could see
// where one part ends. The order is that of Unicode CLDR, Person Names (UTS #35 part 8).
func FullName(p NameParts) string {
	parts := []string{p.Prefix, p.Given, p.Middle, p.Family, p.Suffix}
	for i, part := range parts {
		parts[i] = strings.Trim(strings.Join(strings.Fields(part), " "), ", ")
	}
	name := strings.Join(parts[1:4], "")
	if !isEastAsianName(name) {
		return joinWords(parts, func(rune) bool { return false })
	}
	parts[1], parts[2], parts[3] = parts[3], parts[1], parts[2]
	return joinWords(parts, func(r rune) bool { return isEastAsian(r) && strings.ContainsFunc(name, isNotKatakana) })
}

// isEastAsianName reports whether all letters of a name are of East Asian scripts.
func isEastAsianName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !isEastAsian(r) && !isMiddleDot(r) && r != ' ' })
}

// isNotKatakana reports whether a character is an East Asian letter other than Katakana.
func isNotKatakana(r rune) bool { return isEastAsian(r) && !isKatakana(r) }

// joinWords joins the words that are not empty, with a blank between two of them unless the
// characters on both sides of it need none.
func joinWords(words []string, needsNone func(rune) bool) string {
	var b strings.Builder
	last := ' '
	for _, word := range words {
		if word == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(word)
		if b.Len() > 0 && (!needsNone(last) || !needsNone(first)) {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		last, _ = utf8.DecodeLastRuneInString(word)
	}
	return b.String()
}

// NameWords returns the sorted words of a name in the form in which names are compared: folded, and
// without apostrophes, so that O'Reilly is one word, the same as OReilly. Hyphens, commas and
// full stops separate words.
func NameWords(name string) (words []string) {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || isMiddleDot(r) }) {
		words = append(words, strings.FieldsFunc(strings.ReplaceAll(Fold(word), "'", ""), isNoNameLetter)...)
	}
	slices.Sort(words)
	return words
}

// isNoNameLetter reports whether a character separates the words of a folded name.
func isNoNameLetter(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }

// maxNameOrders is the number of words up to which SameName tries every order of them.
const maxNameOrders = 4

// SameName reports whether two full names have the same words in any order: Lind, Mara is Mara
// Lind, Jean-Pierre is Jean Pierre, 太郎 山田 is 山田太郎. Names without any word are not the same.
func SameName(a, b string) bool {
	words, others := NameWords(a), NameWords(b)
	if len(words) == 0 || slices.Equal(words, others) {
		return len(words) > 0
	}
	isSpaced := func(word string) bool { return !isEastAsianName(word) }
	joined, otherJoined := slices.DeleteFunc(slices.Clone(words), isSpaced), slices.DeleteFunc(slices.Clone(others), isSpaced)
	words, others = slices.DeleteFunc(words, isEastAsianName), slices.DeleteFunc(others, isEastAsianName)
	return slices.Equal(words, others) && (len(otherJoined) == 1 && hasOrder(joined, otherJoined[0]) || len(joined) == 1 && hasOrder(otherJoined, joined[0]))
}

// NameKey returns a text that is equal for all names which SameName takes for the same one, and for
// few others. It is empty for a name without any word.
func NameKey(name string) string {
	words := NameWords(name)
	joined := []rune(strings.Join(slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !isEastAsianName(word) }), ""))
	slices.Sort(joined)
	words = append(slices.DeleteFunc(words, isEastAsianName), string(joined))
	return strings.TrimSpace(strings.Join(words, " "))
}

// hasOrder reports whether the words in some order, without blanks, are the text. It tries
// none if there are more than maxNameOrders.
func hasOrder(words []string, text string) bool {
	if len(words) == 0 || len(words) > maxNameOrders {
		return len(words) == 0 && text == ""
	}
	for i, word := range words {
		rest, begins := strings.CutPrefix(text, word)
		if begins && hasOrder(slices.Delete(slices.Clone(words), i, i+1), rest) {
			return true
		}
	}
	return false
}

// isEastAsian reports whether a character is a letter of Chinese, Japanese or Korean, which are
// written without blanks between the parts of a name.
func isEastAsian(r rune) bool {
	return r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Bopomofo) || isKatakana(r))
}

// isKatakana reports whether a character is of Katakana, or is a mark that it shares with Hiragana.
func isKatakana(r rune) bool {
	return unicode.Is(unicode.Katakana, r) || r == 'ー' || r == '\u3099' || r == '\u309a'
}

// isMiddleDot reports whether a character is a dot that separates the parts of a name.
func isMiddleDot(r rune) bool {
	return r == '・' || r == '·' || r == '•' || r == '‧' || r == '∙' || r == '⋅'
}

// titles are what people write before a name, by whom they are for: anybody, men, women. A name is
// the same person's with and without one.
var titles = [...][]string{
	{"dr.", "dr", "prof.", "prof. dr.", "mx.", "ing.", "dipl.-ing.", "mag.", "ir.", "drs."},
	{"mr.", "mr", "herr", "herr dr.", "m.", "dott."},
	{"mrs.", "mrs", "ms.", "ms", "miss", "frau", "frau dr.", "mme", "dra.", "dott.ssa"},
}

// WithTitles returns the name of a person in the forms in which others may have it: without a title,
// and with each of the usual ones. Mr. Smith may also be Dr. Smith, but not Mrs. Smith.
func WithTitles(name string) []string {
	bare := strings.Join(strings.Fields(name), " ")
	said := 0 // for whom its titles are
	for found := true; found; {
		first, rest, more := strings.Cut(bare, " ")
		whose := slices.IndexFunc(titles[:], func(list []string) bool { return slices.Contains(list, strings.ToLower(first)) })
		if found = more && whose >= 0; found {
			bare, said = rest, max(said, whose)
		}
	}
	forms := []string{bare}
	for whose, list := range titles {
		if whose > 0 && said > 0 && whose != said {
			continue
		}
		for _, title := range list {
			forms = append(forms, title+" "+bare)
		}
	}
	return forms
}

// forms are the words of forms of address, and degrees those of academic ones and of offices, folded:
// in English, German, French, Spanish, Italian, Dutch, and Portuguese.
var (
	forms = wordSet(`mr mrs ms miss mx mister herr hr frau fr fraulein m mm mme mlle monsieur madame mademoiselle mesdames messieurs
		sr sra srta senor senora senorita don dona sig sigra signor signora signorina signore dhr mevr mw heer mevrouw de mijnheer senhor senhora exmo exma`)
	degrees = wordSet(`dr dra drs prof profa professor professeur dipl ing mag magister dott dottssa dottore ir med jur rer nat phil pol oec h c hc habil univ priv doz pd
		phd avv arch geom lic rev sir lady dame maitre kfm betriebsw mba`)
)

// unSayingWords are words of names that many names have: titles, what stands between the parts of a
// family name, and the legal forms of companies. They say little about whom a name means.
var unSayingWords = wordSet(`dr prof ing dipl mag mr mrs ms miss mx herr frau sir dame hr fr jr sr ii iii phd md mba msc bsc esq
	de da do dos das du des del della di den der ten ter van von vom zu zur of the and und et y e la le les lo el al bin bint
	inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh mbh ag kg ohg gbr se ug ev eg sa sas sarl
	srl spa bv nv oy oyj ab as asa aps sl slu lda ltda pty pvt kk group holding`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// MayBeSame reports whether two names may mean one person, or one company: all words of the shorter
// one are in the other, an initial standing for any word that begins with it, or they have two
// words in common. So J. Smith may be John Smith and Mara Lind may be Mara Lind-Berg; Mary Smith
// is not John Smith, and Bank of China is not Bank of America. Titles, particles and legal forms
// are left out, unless a name has nothing else. A name without any word may be every name.
func MayBeSame(a, b string) bool {
	words, others := SayingWords(a), SayingWords(b)
	if len(words) > len(others) {
		words, others = others, words
	}
	if len(words) == 0 || SameName(a, b) {
		return true
	}
	common := 0 // words that both have, without initials
	var left []string
	for _, word := range words {
		at := slices.Index(others, word)
		if at < 0 {
			left = append(left, word)
			continue
		}
		others = slices.Delete(others, at, at+1)
		if utf8.RuneCountInString(word) > 1 {
			common++
		}
	}
	for _, word := range left {
		at := slices.IndexFunc(others, func(other string) bool { return isInitialOf(word, other) || isInitialOf(other, word) })
		if at < 0 {
			return common > 1
		}
		others = slices.Delete(others, at, at+1)
	}
	return true
}

// isInitialOf reports whether a word is the first letter of another.
func isInitialOf(word, of string) bool {
	return utf8.RuneCountInString(word) == 1 && strings.HasPrefix(of, word)
}

// SayingWords returns the words of a name that say whom it means; all if none does.
func SayingWords(name string) []string {
	all := NameWords(name)
	words := slices.DeleteFunc(slices.Clone(all), func(word string) bool { return unSayingWords[word] })
	if len(words) == 0 {
		return all
	}
	return words
}

// IsNamePrefix reports whether a text has only forms of address and degrees: Frau, Herr Dr., Prof.
func IsNamePrefix(text string) bool {
	words := strings.Fields(text)
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool {
		return !isOf(word, func(part string) bool { return forms[part] || degrees[part] })
	})
}

// WithoutForms returns what is written before a name without the forms of address, which are not
// part of it: of Herr Dr. it is Dr.
func WithoutForms(prefix string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(prefix), func(word string) bool {
		return isOf(word, func(part string) bool { return forms[part] })
	}), " ")
}

// isOf reports whether a word without its full stops is one of some words, or all of its parts
// are: Dott.ssa, Dipl.-Ing.
func isOf(word string, is func(string) bool) bool {
	parts := NameWords(word)
	return is(strings.ReplaceAll(Fold(word), ".", "")) || len(parts) > 0 && !slices.ContainsFunc(parts, func(part string) bool { return !is(part) })
}

// SaysLess reports whether a name says less of a person than another: its words are some of the other's,
// or initials of them. J. Lind and Lind say less than Jörg Lind.
func SaysLess(name, than string) bool {
	words, others := NameWords(name), NameWords(than)
	if len(words) == 0 || slices.Equal(words, others) {
		return false
	}
	for _, word := range words {
		at := slices.IndexFunc(others, func(other string) bool { return word == other || isInitialOf(word, other) })
		if at < 0 {
			return false
		}
		others = slices.Delete(others, at, at+1)
	}
	return true
}
