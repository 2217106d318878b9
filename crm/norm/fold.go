package norm

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	unicodenorm "golang.org/x/text/unicode/norm"
)

// Fold returns the form in which text is searched, sorted and compared: two texts with the same
// form are equal to a person who reads them. Fold(Fold(s)) is Fold(s).
//
// The source is the Unicode Collation Algorithm (UTS #10): letters are equal if they are equal at
// the first level of its default table, as in the search of a browser. So there is no difference
// of case (full case folding: ß is ss), accents (é is e, ё is е), strokes (ø is o, ł is l) and
// ligatures (æ is ae), and digits of every script are equal. Marks that make another letter stay:
// й is not и, Indic and Thai vowels are not left out. Compatibility forms are equal (NFKC: width,
// ligatures, circled numbers), and runs of white space are one blank.
//
// There are these differences from the table, for what people expect of names:
//   - Apostrophes of all kinds are ', quotation marks ", hyphens and dashes -. The table leaves
//     them out; here e-mail is not email, and Levi's is not Levis. White space at the ends and
//     characters that cannot be seen, such as a soft hyphen, are left out.
//   - In Chinese, Japanese and Korean, blanks and middle dots between two letters are left out:
//     山田 太郎 is 山田太郎. Everywhere the dot of Katakana is a blank.
//   - か is not が: voicing marks make another syllable.
//   - Letters of other languages that people type without their stroke or dot: ı is i, þ is th,
//     ŧ is t. Yeh and kaf of Persian are those of Arabic, which look the same in a word.
//
// What only looks alike in different scripts (Unicode confusables) stays different, and so do ä and
// ae: Samuel is not Samül.
func Fold(s string) string {
	if plain, ok := plainLatin(s); ok {
		return foldLatin(plain)
	}
	return foldAny(s)
}

// foldAny is Fold for a text in any script.
func foldAny(s string) string {
	// Case folding turns the small letters of Cherokee into capitals, so that folding twice
	// would differ from folding once; lower case after it is stable.
	s = strings.ToLower(cases.Fold().String(unicodenorm.NFKD.String(looseMarks.Replace(strings.ToValidUTF8(s, "\ufffd")))))
	f := folder{text: make([]byte, 0, len(s))}
	for _, r := range unicodenorm.NFKD.String(s) {
		f.add(r)
	}
	return letters.Replace(unicodenorm.NFC.String(f.closed()))
}

// Plain returns the form in which a whole text is compared where case and accents matter: it has the
// plain marks of Fold and no gaps between East Asian letters. Plain(Plain(s)) is Plain(s).
func Plain(s string) string {
	if plain, ok := plainLatin(s); ok {
		return plain
	}
	f := folder{text: make([]byte, 0, len(s))}
	for _, r := range unicodenorm.NFC.String(looseMarks.Replace(strings.ToValidUTF8(s, "\ufffd"))) {
		f.put(r)
	}
	return unicodenorm.NFC.String(f.closed())
}

// plainLatin is Plain for text of ASCII and Latin letters, the common case, without an allocation if
// nothing changes. ok is false if the text has other characters.
func plainLatin(s string) (plain string, ok bool) {
	same, last := true, byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if i += size - 1; !isLatin(r) {
				return "", false
			}
		}
		same = same && c >= ' ' && c != '`' && (c != ' ' || last != ' ')
		last = c
	}
	if same && last != ' ' || s == "" {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '`':
			b = append(b, '\'')
		case c != ' ' && (c < '\t' || c > '\r'):
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	return strings.TrimSuffix(string(b), " "), true
}

// The letters of Latin beyond ASCII, without × and ÷. The modifier letters are after them.
const firstLatin, lastLatin = 'À', 'ʯ'

func isLatin(r rune) bool { return r >= firstLatin && r <= lastLatin && r != '×' && r != '÷' }

// latinFolds has the folded form of each of these letters. None changes with its neighbours.
var latinFolds = sync.OnceValue(func() (folds [lastLatin - firstLatin + 1]string) {
	for i := range folds {
		folds[i] = foldAny(string(firstLatin + rune(i)))
	}
	return folds
})

// foldLatin folds plain text of ASCII and Latin letters.
func foldLatin(s string) string {
	ascii := 0
	for ascii < len(s) && s[ascii] < utf8.RuneSelf {
		ascii++
	}
	if ascii == len(s) {
		return strings.ToLower(s)
	}
	folds, b := latinFolds(), make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r >= firstLatin:
			b = append(b, folds[r-firstLatin]...)
		case r >= 'A' && r <= 'Z':
			b = append(b, byte(r)+'a'-'A')
		default:
			b = append(b, byte(r))
		}
	}
	return string(b)
}

// looseMarks has the apostrophes and quotation marks that Unicode decomposes into something else:
// into a blank with an accent, or into two apostrophes.
var looseMarks = strings.NewReplacer("´", "'", "\u1ffd", "'", "΄", "'", "᾽", "'", "᾿", "'", "῾", "'", "″", `"`, "‶", `"`)

// letters maps letters that Unicode does not decompose to those that people type for them.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ħ", "h", "ŧ", "t", "æ", "ae", "œ", "oe", "ı", "i", "ð", "d", "þ", "th",
	"ی", "ي", "ک", "ك")

// The characters that are written for an apostrophe or a single quotation mark, and for a double
// one, other than those of ASCII.
const (
	apostrophes = "`‘’‚‛′‵‹›ʹʻʼʽʾʿˈˊˋꞌ՚׳ߴߵ❛❜"
	quotes      = "“”„‟«»〝〞〟״❝❞"
)

// folder collects the characters of a folded text.
type folder struct {
	text      []byte
	blank     bool // white space is before the next character
	eastAsian bool // the text has a letter of China, Japan or Korea
}

// add adds a character of a text in NFKD and lower case.
func (f *folder) add(r rune) {
	if r > lastLatin && unicode.Is(unicode.Mn, r) && !f.makesLetter(r) {
		return
	}
	if r >= utf8.RuneSelf && unicode.Is(unicode.Nd, r) {
		r = '0' + digitValue(r)
	}
	f.put(r)
}

// put adds a character, or the one that is written for it: one apostrophe, quotation mark, hyphen and
// blank for those of all kinds. It leaves out what cannot be seen.
func (f *folder) put(r rune) {
	if !isCommonLetter(r) {
		if r = plainMark(r); r < 0 {
			return
		}
		if unicode.IsSpace(r) {
			f.blank = len(f.text) > 0
			return
		}
	}
	if f.blank {
		f.text, f.blank = append(f.text, ' '), false
	}
	f.text = utf8.AppendRune(f.text, r)
	f.eastAsian = f.eastAsian || isEastAsian(r)
}

// isCommonLetter reports whether a character is a letter that is written for no other, without a look
// into the tables of Unicode: of Latin, Chinese or Japanese.
func isCommonLetter(r rune) bool {
	if r < firstLatin {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return isLatin(r) || r >= 'ぁ' && r <= 'ゖ' || r >= 'ァ' && r <= 'ヺ' || r >= '一' && r <= '鿿'
}

// closed returns the text without the gaps between East Asian letters.
func (f *folder) closed() string {
	if f.eastAsian {
		return string(closeGaps([]rune(string(f.text))))
	}
	return string(f.text)
}

// plainMark returns the mark that is written for another one, -1 if it is left out.
func plainMark(r rune) rune {
	switch {
	case r < utf8.RuneSelf && r != '`':
		return r
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	case unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) && r != 'ꞌ':
		return r
	case strings.ContainsRune(apostrophes, r):
		return '\''
	case strings.ContainsRune(quotes, r):
		return '"'
	case r == '〜':
		return '~'
	case unicode.Is(unicode.Pd, r), r == '−', r == '⁃':
		return '-'
	case r == '・', r == '\u2800':
		return ' '
	}
	return r
}

// makesLetter reports whether a mark makes another letter of the character before it, by
// its canonical combining class. Left out are the classes of overlays, nuktas, points of Hebrew
// and Arabic, tones of Thai and Lao, and accents above and below.
func (f *folder) makesLetter(mark rune) bool {
	switch class := unicodenorm.NFD.PropertiesString(string(mark)).CCC(); {
	case class == 1, class == 7, class >= 10 && class <= 35, class == 107, class == 122:
		return false
	case class < 200:
		return true
	}
	last, _ := utf8.DecodeLastRune(f.text)
	switch string([]rune{last, mark}) {
	case "и\u0306", "у\u0306", "і\u0308", "г\u0301", "к\u0301": // й ў ї ѓ ќ
		return true
	}
	return false
}

// digitValue returns the value of a decimal digit of any script. Unicode has the ten digits of a
// script in a row, beginning with zero.
func digitValue(r rune) rune {
	for _, in := range unicode.Nd.R16 {
		if r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	for _, in := range unicode.Nd.R32 {
		if r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// closeGaps removes the blanks and middle dots between two East Asian letters.
func closeGaps(text []rune) []rune {
	kept := text[:0]
	for i := 0; i < len(text); {
		next := i
		for next < len(text) && (text[next] == ' ' || isMiddleDot(text[next])) {
			next++
		}
		if next > i && (next == len(text) || len(kept) == 0 || !isEastAsian(kept[len(kept)-1]) || !isEastAsian(text[next])) {
			kept = append(kept, text[i:next]...)
		}
		if i = next; i < len(text) {
			kept = append(kept, text[i])
			i++
		}
	}
	return kept
}
