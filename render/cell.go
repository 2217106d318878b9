package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// Spreadsheets run a cell that begins like a formula, which can send data to an attacker (CSV
// injection). They also split lines at the separator of the user's country, whatever the file
// uses. So every part of a cell that follows a comma, a semicolon, a tab or a line break is
// treated like a cell of its own.

// separators end a part of a cell.
const separators = ",;\t\n"

// safeCell returns a text as a cell shows it: with an apostrophe before each part that
// would be a formula, and with escapes for invisible characters. ReadCell leaves a cell
// that begins with a brace alone, since it is a JSON object. So if a text that begins with
// a brace needs a change, the brace is escaped too.
func safeCell(s string) string {
	safe := escapeFormulas(escapeHidden(s))
	if safe != s && s[0] == '{' {
		return string(norm.AppendEscape(nil, '{')) + safe[1:]
	}
	if isQuotedNumber(safe) {
		return "'" + safe
	}
	return safe
}

// ReadCell returns the text of a cell that AppendCSV wrote. It also removes the apostrophe that
// people and products write before a number, like '0123, so that a spreadsheet leaves it alone.
func ReadCell(cell string) string {
	if strings.HasPrefix(cell, "{") {
		return cell
	}
	if isQuotedNumber(cell) {
		cell = cell[1:]
	}
	return unescapeHidden(unescapeFormulas(cell))
}

// isQuotedNumber reports whether a cell is a number, a date or a phone number after apostrophes.
func isQuotedNumber(cell string) bool {
	number := strings.TrimLeft(cell, "'")
	return len(number) < len(cell) && strings.ContainsAny(number, "0123456789") && strings.Trim(number, "0123456789+-()/.,: ") == ""
}

// escapeFormulas sets an apostrophe before every part of a cell that is a formula.
func escapeFormulas(s string) string { return eachPart(s, escapeFormula) }

// unescapeFormulas undoes escapeFormulas.
func unescapeFormulas(s string) string { return eachPart(s, unescapeFormula) }

// eachPart applies change to the parts of a cell and keeps their separators.
func eachPart(s string, change func(string) string) string {
	if !strings.ContainsAny(s, "=@+-'＝＠＋－") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexAny(s, separators)
		if i < 0 {
			b.WriteString(change(s))
			return b.String()
		}
		b.WriteString(change(s[:i]))
		b.WriteByte(s[i])
		s = s[i+1:]
	}
}

// escapeFormula sets an apostrophe before a part that is a formula. Spreadsheets do not show
// the apostrophe.
func escapeFormula(s string) string {
	if isFormula(s) {
		return "'" + s
	}
	return s
}

// unescapeFormula undoes escapeFormula. An apostrophe that was not set by it stays.
func unescapeFormula(s string) string {
	if rest, found := strings.CutPrefix(s, "'"); found && isFormula(rest) {
		return rest
	}
	return s
}

// isFormula reports whether a part begins like a formula, after apostrophes, quotes and
// blanks. Phone numbers and negative numbers are not formulas.
func isFormula(s string) bool {
	s = strings.TrimLeft(s, `'" `)
	first, _ := utf8.DecodeRuneInString(s)
	switch {
	case first == '+' || first == '-':
		return strings.Trim(s, "+-0123456789 ()./") != ""
	case s == "":
		return false
	}
	return beginsFormula(first)
}

// beginsFormula reports whether a formula may begin with the character.
func beginsFormula(r rune) bool { return strings.ContainsRune("=@+-＝＠＋－", r) }

// escapeHidden replaces invisible characters by their JSON escapes, and also the backslash
// of a text that looks like such an escape, so that unescapeHidden restores it. Line breaks
// and tabs stay, and so does one joiner or variation selector after a visible character:
// Persian words and emoji need them.
func escapeHidden(s string) string {
	if !strings.Contains(s, `\u`) && strings.IndexFunc(s, norm.IsInvisible) < 0 {
		return s
	}
	var b []byte
	visible := false // the previous character is one to which a joiner may belong
	for i, r := range s {
		hidden := norm.IsInvisible(r)
		switch {
		case r == '\n' || r == '\t' || hidden && visible && joins(r):
			b = utf8.AppendRune(b, r)
		case hidden:
			b = norm.AppendEscape(b, r)
		case r == '\\' && escapeAt(s[i:]) > 0:
			b = norm.AppendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
		visible = !hidden && !unicode.IsSpace(r) && !strings.ContainsRune(separators, r)
	}
	return string(b)
}

// joins reports whether a character is a joiner or variation selector.
func joins(r rune) bool { return r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f }

// unescapeHidden undoes escapeHidden.
func unescapeHidden(s string) string {
	var b []byte
	for {
		i := strings.Index(s, `\u`)
		if i < 0 {
			return string(append(b, s...))
		}
		n := escapeAt(s[i:])
		if n == 0 {
			n = 1
			b = append(b, s[:i+n]...)
		} else {
			b = utf8.AppendRune(append(b, s[:i]...), decodeEscape(s[i:i+n]))
		}
		s = s[i+n:]
	}
}

// escapeAt returns the length of the escape that the text begins with, 0 if it begins with
// none that escapeHidden or safeCell write.
func escapeAt(s string) int {
	for _, n := range []int{6, 12} {
		if len(s) < n {
			break
		}
		r := decodeEscape(s[:n])
		if r == '\\' || r == '{' || r >= 0 && norm.IsInvisible(r) {
			return n
		}
	}
	return 0
}

// decodeEscape returns the character of an escape, or of a surrogate pair of two; -1 if it
// is neither.
func decodeEscape(s string) rune {
	unit := func(s string) rune {
		n, err := strconv.ParseUint(s[2:], 16, 16)
		if s[:2] != `\u` || err != nil {
			return -1
		}
		return rune(n)
	}
	if len(s) == 6 {
		if r := unit(s); utf8.ValidRune(r) {
			return r
		}
		return -1
	}
	high, low := unit(s[:6]), unit(s[6:])
	if high>>10 != 0xd800>>10 || low>>10 != 0xdc00>>10 {
		return -1
	}
	return 0x10000 + (high&0x3ff)<<10 + low&0x3ff
}

// appendSafeJSON appends JSON in whose strings no part begins like a formula: the first
// character of a formula is escaped, so the cell is still JSON.
func appendSafeJSON(b []byte, raw string) []byte {
	if !strings.ContainsAny(raw, separators) {
		return append(b, raw...)
	}
	// start: the next character begins a part, after blanks and quotes.
	inString, escape, start := false, false, true
	for _, r := range raw {
		if start && inString && !escape && beginsFormula(r) {
			b = norm.AppendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
		inString = inString != (r == '"' && !escape)
		start = strings.ContainsRune(separators, r) || start && (unicode.IsSpace(r) || r == '"' || r == '\'')
		escape = r == '\\' && !escape
	}
	return b
}
