package rows

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// charset is a character set in which files are saved beside UTF-8.
type charset struct {
	label string // for norm.DecodeCharset
	iconv string // the name that iconv has for it
	title string
}

// The character sets that an error names. CP932 is Shift-JIS as Excel writes it.
var (
	japanese = charset{"shift_jis", "CP932", "Shift-JIS (Japanese)"}
	chinese  = charset{"gb18030", "GB18030", "GBK or GB18030 (Chinese)"}
	western  = charset{"windows-1252", "WINDOWS-1252", "Latin-1 or Windows-1252"}
)

// notUTF8 is the error for a line with bytes that are not UTF-8, of which text has some.
func notUTF8(line int, text []byte) *crm.Error {
	if looks := likelyCharset(text); looks != western {
		return crm.Errorf(crm.UnsupportedMedia, "the file is not UTF-8 in line %d; it looks like %s: convert it with %s, or save it as CSV UTF-8. Text in another language needs its own name: %s, %s. Nothing was saved.",
			line, looks.title, looks.command(), western.command(), "-f EUC-KR for Korean")
	}
	return crm.Errorf(crm.UnsupportedMedia, "the file is not UTF-8 in line %d; it may be %s: convert it with %s, or save it as CSV UTF-8. Japanese text is -f %s, Chinese -f %s. Nothing was saved.",
		line, western.title, western.command(), japanese.iconv, chinese.iconv)
}

// command returns how the file is converted.
func (c charset) command() string { return fmt.Sprintf("iconv -f %s -t UTF-8 FILE", c.iconv) }

// likelyCharset returns the character set in which a text makes sense: the first in which nearly all
// letters beyond ASCII are East Asian and beside others of these. Accented letters of Western text
// are between letters of ASCII, so what they become in these sets stands alone.
func likelyCharset(text []byte) charset {
	for _, c := range []charset{japanese, chinese} {
		if decoded, ok := norm.DecodeCharset(c.label, string(text)); ok && isEastAsianText(decoded) {
			return c
		}
	}
	return western
}

// isEastAsianText reports whether a text has East Asian letters, most of them beside others, and no other
// letters beyond ASCII. Katakana of half the width, which Chinese becomes if it is read as
// Japanese, is none of them.
func isEastAsianText(text string) bool {
	letters, alone, letterBefore := 0, 0, false
	list := []rune(text)
	for i, r := range list {
		is := isEastAsianLetter(r)
		if !is && r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.Is(unicode.Co, r)) {
			return false
		}
		if is {
			letters++
			if !letterBefore && (i+1 == len(list) || !isEastAsianLetter(list[i+1])) {
				alone++
			}
		}
		letterBefore = is
	}
	return letters > 1 && alone*4 <= letters
}

// isEastAsianLetter reports whether a character is a kana or one of the usual Chinese characters.
func isEastAsianLetter(r rune) bool {
	return r >= 0x3041 && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff || slices.Contains([]rune{'々', '〆'}, r)
}

// lineAround returns the line of a text that has the byte at a position.
func lineAround(text []byte, at int) []byte {
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := bytes.Cut(text[start:], []byte("\n"))
	return line
}
