package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsInvisible reports whether a character has no glyph of its own. With these characters a
// text can change how a line reads, or hide instructions to a model, without being seen:
// controls, format characters (bidi controls, zero width, tag characters), line and paragraph
// separators, Unicode's other default-ignorable characters and variation selectors,
// noncharacters, and letters that are drawn blank. Blanks are not among them. Answers write
// invisible characters as escapes, so nothing is lost.
func IsInvisible(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector, unicode.Noncharacter_Code_Point) ||
		(r >= 0xe0000 && r <= 0xe0fff) || blank(r)
}

// blank reports whether a character is a letter, mark or symbol in Unicode, but is drawn as
// blank space. Unicode has no property for these characters.
func blank(r rune) bool {
	switch r {
	case 0x2800, // braille pattern blank
		0x13441, 0x13442, // Egyptian hieroglyph blanks
		0x16fe4, // Khitan small script filler
		0x1d159: // musical symbol null notehead
		return true
	}
	return false
}

// AppendJSON appends valid JSON with the invisible characters in its strings escaped.
func AppendJSON(b []byte, raw string) []byte {
	if strings.IndexFunc(raw, IsInvisible) < 0 {
		return append(b, raw...)
	}
	for _, r := range raw {
		if IsInvisible(r) {
			b = AppendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// AppendQuoted appends s as a JSON string. IsInvisible characters are escaped,
// <, > and & are not. Bytes that are not UTF-8 become U+FFFD.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\r':
			b = append(b, `\r`...)
		case IsInvisible(r):
			b = AppendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// QuoteJSON returns s as a JSON string; see AppendQuoted.
func QuoteJSON(s string) string { return string(AppendQuoted(nil, s)) }

// QuoteList returns a JSON array of strings; see AppendStrings.
func QuoteList(list []string) string { return string(AppendStrings(nil, list)) }

// AppendStrings appends a JSON array of strings, each as AppendQuoted writes it.
func AppendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuoted(b, s)
	}
	return append(b, ']')
}

const hex = "0123456789abcdef"

// AppendEscape writes a character as \uXXXX, as a surrogate pair above the basic plane
// (RFC 8259 section 7).
func AppendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		b = AppendEscape(b, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// IsUnquoted reports whether a value needs no quotes in a line of text: it is not empty and
// has no blank, quote, backslash or invisible character.
func IsUnquoted(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return c >= 0x7f && bareRunes(s)
		}
	}
	return s != ""
}

// bareRunes is IsUnquoted for a text beyond ASCII.
func bareRunes(s string) bool {
	for _, r := range s {
		if r == '"' || r == '\\' || unicode.IsSpace(r) || IsInvisible(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// AppendValue appends s unquoted if IsUnquoted, and as a JSON string otherwise.
func AppendValue(b []byte, s string) []byte {
	if IsUnquoted(s) {
		return append(b, s...)
	}
	return AppendQuoted(b, s)
}

// maxShown is the maximum length of a client's text in a hint, in characters.
const maxShown = 80

// Quote returns a text of a client for use inside a hint or a remark: quoted if it needs to be,
// and cut at 80 characters. It cannot begin a new line, where it would look like a line of
// the server.
func Quote(s string) string {
	return string(AppendValue(nil, shortened(s)))
}

// ShowJSON returns a JSON value that a client sent, for use inside a hint.
func ShowJSON(raw string) string {
	return OneLine(shortened(raw))
}

// shortened returns the first maxShown characters of a text. It does not read the rest.
func shortened(s string) string {
	count := 0
	for i := range s {
		if count++; count > maxShown {
			return s[:i] + "…"
		}
	}
	return s
}

// maxWord is the maximum length, in characters, of a user's word that a prompt repeats.
const maxWord = 24

// IsPlainWord reports whether a value that a user chose is a plain word: at most 24
// characters, all letters, digits, _ and -, and not only the last two. Anything else
// may be a sentence, which a model could take for an instruction.
func IsPlainWord(s string) bool {
	named := false
	for _, r := range s {
		letter := (unicode.IsLetter(r) || unicode.IsDigit(r)) && !IsInvisible(r)
		if !letter && r != '_' && r != '-' {
			return false
		}
		named = named || letter
	}
	return named && utf8.RuneCountInString(s) <= maxWord
}

// OneLine replaces every invisible character of a finished remark or hint by its escape, so
// that it is one line whatever texts it contains.
func OneLine(s string) string {
	if strings.IndexFunc(s, IsInvisible) < 0 {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return string(AppendJSON(nil, s))
}
