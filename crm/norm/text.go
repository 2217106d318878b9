package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	unicodenorm "golang.org/x/text/unicode/norm"
)

// Clean returns a string in stored form: trimmed and in Unicode NFC. ok is false if it has NUL
// or bytes that are not UTF-8, which PostgreSQL cannot store.
func Clean(s string) (clean string, ok bool) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "", false
	}
	return unicodenorm.NFC.String(strings.TrimSpace(s)), true
}

// letters maps the letters that Unicode does not decompose but that people type without their
// stroke.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ħ", "h", "æ", "ae", "œ", "oe", "ı", "i", "ð", "d", "þ", "th")

// Fold returns the form in which text is searched and sorted: without differences of case,
// accents and width, and with every run of white space as one blank. Fold(Fold(s)) is Fold(s).
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	// Case folding turns the small letters of Cherokee into capitals, so that folding twice
	// would differ from folding once; lower case after it is stable.
	s = strings.ToLower(cases.Fold().String(unicodenorm.NFKD.String(strings.ToValidUTF8(s, "\ufffd"))))
	var b strings.Builder
	blank := false
	for _, r := range unicodenorm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			blank = b.Len() > 0
		default:
			if blank {
				b.WriteByte(' ')
				blank = false
			}
			b.WriteRune(r)
		}
	}
	return letters.Replace(unicodenorm.NFC.String(b.String()))
}

// foldASCII folds ASCII text, the common case, without an allocation if nothing changes.
func foldASCII(s string) (string, bool) {
	same := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return "", false
		}
		same = same && (c < 'A' || c > 'Z')
	}
	if same {
		return s, true
	}
	return strings.ToLower(s), true
}

// Lower returns the form of addresses and host names, in which accents matter.
func Lower(s string) string { return unicodenorm.NFC.String(strings.ToLower(s)) }
