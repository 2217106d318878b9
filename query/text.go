package query

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"crmkit/crm"
)

// Clean returns a string in stored form: trimmed and in Unicode NFC. ok is
// false for what no column can hold: NUL and bytes that are not UTF-8.
func Clean(s string) (clean string, ok bool) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "", false
	}
	return norm.NFC.String(strings.TrimSpace(s)), true
}

// letters maps the letters that Unicode does not decompose but readers type
// without their stroke.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ħ", "h", "æ", "ae", "œ", "oe", "ı", "i", "ð", "d", "þ", "th")

// Fold returns the form in which text is searched and sorted: case, accents and
// width are gone and every run of white space is one blank. Fold(Fold(s)) is
// Fold(s).
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	// Folding turns Cherokee's small letters into capitals and back; lower case
	// behind it settles on one.
	s = strings.ToLower(cases.Fold().String(norm.NFKD.String(strings.ToValidUTF8(s, "\ufffd"))))
	var b strings.Builder
	blank := false
	for _, r := range norm.NFKD.String(s) {
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
	return letters.Replace(norm.NFC.String(b.String()))
}

// FoldedSQL returns the SQL of the form by which a folded field of the table with the
// alias is sorted and compared; NULL where the field is unset.
func FoldedSQL(alias string, f *crm.Field) string {
	column := alias + "." + f.Col()
	if f.KeepsFold() {
		return column + "_fold"
	}
	return "COALESCE(" + column + "_fold, " + column + ")"
}

// FoldOf returns the form by which a value of a folded field is sorted and compared.
func FoldOf(f *crm.Field, s string) string {
	if f.Type == crm.Phone {
		return phoneFold(s)
	}
	if f.Ordered {
		return strconv.Itoa(slices.Index(f.Values, s))
	}
	return Fold(s)
}

// foldASCII is the common case, without allocation when nothing changes.
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

// lower is the form of addresses and host names, which keep their accents.
func lower(s string) string { return norm.NFC.String(strings.ToLower(s)) }
