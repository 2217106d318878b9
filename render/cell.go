package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// A cell of CSV is read by spreadsheets, which run what begins as a formula, and split
// lines at the separator of their country whatever the file uses. So every part of a
// cell counts that begins behind a comma, a semicolon, a tab or a line break.

// separators end a part of a cell.
const separators = ",;\t\n"

// safeCell returns a text as a cell shows it: an apostrophe before each part that would
// be a formula, and escapes for characters that cannot be seen. An object of JSON is the
// only cell that begins with a brace and is not read back by ReadCell, so a text that
// begins with one and needs a change has that brace escaped.
func safeCell(s string) string {
	safe := guard(escapeHidden(s))
	if safe != s && s[0] == '{' {
		return string(norm.AppendEscape(nil, '{')) + safe[1:]
	}
	return safe
}

// ReadCell returns the text that a cell of an export stands for.
func ReadCell(cell string) string {
	if strings.HasPrefix(cell, "{") {
		return cell
	}
	return unescapeHidden(unguard(cell))
}

// guard sets an apostrophe before every part of a cell that is a formula.
func guard(s string) string { return eachPart(s, guardPart) }

// unguard takes away what guard sets.
func unguard(s string) string { return eachPart(s, unguardPart) }

// eachPart changes the parts of a cell and keeps what separates them.
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

func guardPart(s string) string {
	if formula(s) {
		return "'" + s
	}
	return s
}

func unguardPart(s string) string {
	if rest, found := strings.CutPrefix(s, "'"); found && formula(rest) {
		return rest
	}
	return s
}

// formula reports whether a part, perhaps behind apostrophes, quotes and blanks, begins
// as formulas do. Phone numbers and negative numbers are none.
func formula(s string) bool {
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

func beginsFormula(r rune) bool { return strings.ContainsRune("=@+-＝＠＋－", r) }

// escapeHidden writes invisible characters as JSON escapes them, and the backslash of
// a text that reads like such an escape too. Line breaks and tabs stay, and so does
// one joiner or variation selector behind a visible character, as in Persian words and
// emoji, which are to be read in a spreadsheet.
func escapeHidden(s string) string {
	if !strings.Contains(s, `\u`) && strings.IndexFunc(s, norm.IsInvisible) < 0 {
		return s
	}
	var b []byte
	seen := false // the character before is one to which another may join
	for i, r := range s {
		hidden := norm.IsInvisible(r)
		switch {
		case r == '\n' || r == '\t' || hidden && seen && joins(r):
			b = utf8.AppendRune(b, r)
		case hidden:
			b = norm.AppendEscape(b, r)
		case r == '\\' && escapeAt(s[i:]) > 0:
			b = norm.AppendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
		seen = !hidden && !unicode.IsSpace(r) && !strings.ContainsRune(separators, r)
	}
	return string(b)
}

// joins reports whether a character is one that scripts and emoji need.
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
			b = utf8.AppendRune(append(b, s[:i]...), escaped(s[i:i+n]))
		}
		s = s[i+n:]
	}
}

// escapeAt returns the length of the escape with which the text begins, 0 where it is
// none that escapeHidden or safeCell write.
func escapeAt(s string) int {
	for _, n := range []int{6, 12} {
		if len(s) < n {
			break
		}
		r := escaped(s[:n])
		if r == '\\' || r == '{' || r >= 0 && norm.IsInvisible(r) {
			return n
		}
	}
	return 0
}

// escaped returns the character of an escape or a pair of them, -1 where it is none.
func escaped(s string) rune {
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

// appendSafeJSON appends JSON in whose strings no part begins as a formula: what would
// be one is an escape, so that other readers of the cell find JSON.
func appendSafeJSON(b []byte, raw string) []byte {
	if !strings.ContainsAny(raw, separators) {
		return append(b, raw...)
	}
	inside, escape, fresh := false, false, true
	for _, r := range raw {
		if fresh && inside && !escape && beginsFormula(r) {
			b = norm.AppendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
		inside = inside != (r == '"' && !escape)
		fresh = strings.ContainsRune(separators, r) || fresh && (unicode.IsSpace(r) || r == '"' || r == '\'')
		escape = r == '\\' && !escape
	}
	return b
}
