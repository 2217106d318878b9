package crm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Invisible reports whether a character can change how a line reads without
// being seen: controls, format characters (bidi overrides, zero width, tag
// characters), line and paragraph separators, and other default-ignorable ones.
func Invisible(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		(r >= 0xe0000 && r <= 0xe0fff)
}

// AppendQuoted appends s as a JSON string. Invisible characters are escaped,
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
		case Invisible(r):
			b = appendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

const hex = "0123456789abcdef"

// appendEscape writes \uXXXX, as a surrogate pair above the basic plane
// (RFC 8259 section 7).
func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		b = appendEscape(b, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// Bare reports whether a value can stand in a line without quotes: it is not
// empty and holds no blank, quote, backslash or invisible character.
func Bare(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return c >= 0x7f && bareRunes(s)
		}
	}
	return s != ""
}

func bareRunes(s string) bool {
	for _, r := range s {
		if r == '"' || r == '\\' || unicode.IsSpace(r) || Invisible(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// AppendValue appends s bare where it can be, else as a JSON string.
func AppendValue(b []byte, s string) []byte {
	if Bare(s) {
		return append(b, s...)
	}
	return AppendQuoted(b, s)
}

// maxShown is the most characters of a client's own words in a hint.
const maxShown = 80

// Show returns a client's own word for use inside a hint or a remark: quoted
// where needed and cut at 80 characters, so it cannot start a line.
func Show(s string) string {
	return string(AppendValue(nil, shortened(s)))
}

// ShowJSON returns a JSON value that a client sent, for use inside a hint.
func ShowJSON(raw string) string {
	return OneLine(shortened(raw))
}

// shortened returns the beginning of a text; what follows is not read.
func shortened(s string) string {
	count := 0
	for i := range s {
		if count++; count > maxShown {
			return s[:i] + "…"
		}
	}
	return s
}

// OneLine replaces every invisible character of a finished remark or hint by
// its escape, so that it stays one line whatever went into it.
func OneLine(s string) string {
	if strings.IndexFunc(s, Invisible) < 0 {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	var b []byte
	for _, r := range s {
		if Invisible(r) {
			b = appendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}
