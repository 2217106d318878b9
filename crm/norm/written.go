package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// DecimalSign is the character before the decimals of a number.
type DecimalSign string

// What separates the decimals in the numbers of a table.
const (
	NoDecimalSign DecimalSign = "" // nothing that was read decides it
	DecimalPoint  DecimalSign = "."
	DecimalComma  DecimalSign = ","
)

// WrittenNumber is a number as people and spreadsheets write it: with signs of grouping, a
// currency before or behind it, and a sign of its own kind. Its value follows only when it is
// known which character is the decimal sign.
type WrittenNumber struct {
	Currency string // ISO 4217 code, if the text has one or a symbol of one currency alone
	Symbol   string // a symbol of several currencies, such as $; empty if Currency is known
	negative bool
	digits   string // digits, points and commas
	point    bool   // the point may be the decimal sign
	comma    bool   // the comma may be
}

// maxWrittenNumber is the longest text that is read as a number, in bytes.
const maxWrittenNumber = 100

// ReadNumber splits a written number into its parts; ok is false for any other text. Blanks of
// every width and apostrophes group digits (Unicode CLDR, numbers/symbols: group). Parentheses
// around a number, and a minus before it, mean that it is negative. So does a minus behind its
// decimals, as in 1,200.00-. Behind a whole number a minus may also stand for no cents, so 50- is no
// number. A dash in place of the decimals, as in 50.- and 1.250,–, always means no cents.
func ReadNumber(text string) (n WrittenNumber, ok bool) {
	if len(text) > maxWrittenNumber {
		return n, false
	}
	before, number, after := cutNumber(plainDigits(text))
	after = withoutNoCents(number, after)
	behind := strings.ContainsAny(after, minusSigns)
	if open, close := strings.LastIndexByte(before, '('), strings.IndexByte(after, ')'); open >= 0 && close >= 0 {
		n.negative, before, after = true, before[:open]+" "+before[open+1:], after[:close]+" "+after[close+1:]
	}
	if number == "" || !n.readAffixes(before, after) {
		return n, false
	}
	n.digits = strings.Map(func(r rune) rune {
		switch {
		case isGroupSign(r):
			return -1
		case r == arabicDecimal:
			return '.'
		}
		return r
	}, number)
	if strings.Trim(n.digits, "0123456789.,") != "" {
		return n, false
	}
	n.point, n.comma = fits(n.digits, '.', ','), fits(n.digits, ',', '.')
	n.comma = n.comma && !strings.ContainsRune(number, arabicDecimal)
	return n, (n.point || n.comma) && !(behind && !n.showsDecimals())
}

// arabicDecimal is the decimal sign beside Arabic digits. It separates nothing else.
const arabicDecimal = '٫'

// minusSigns are a hyphen, a minus and an en dash.
const minusSigns = "-−–"

// plainDigits returns text with the digits 0 to 9 in place of those of other scripts, and with
// signs of the usual width: ２，０００ and ٢٠٠٠ are 2,000 and 2000.
func plainDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.IsDigit(r) {
			return r
		}
		return '0' + digitValue(r)
	}, width.Fold.String(text))
}

// cutNumber returns the part of a text from its first digit to its last, with a sign right beside
// it, and what is before and after that. The point of Fr. or kr. is not such a sign.
func cutNumber(text string) (before, number, after string) {
	start, end := strings.IndexAny(text, "0123456789"), strings.LastIndexAny(text, "0123456789")+1
	if start < 0 {
		return text, "", ""
	}
	if start > 0 && isSign(text[start-1]) {
		if r, _ := utf8.DecodeLastRuneInString(text[:start-1]); !unicode.IsLetter(r) {
			start--
		}
	}
	if end < len(text) && isSign(text[end]) {
		end++
	}
	return text[:start], text[start:end], text[end:]
}

func isSign(c byte) bool { return c == '.' || c == ',' }

// withoutNoCents returns what is behind a number without the dash that stands for no cents: 50.-,
// 1.250,– or 12.500,--, and in Sweden 50:-.
func withoutNoCents(number, after string) string {
	rest := after
	switch {
	case number == "":
		return after
	case after != "" && after[0] == ':':
		rest = after[1:]
	case !isSign(number[len(number)-1]):
		return after
	}
	dashes := 0
	for ; dashes < 2; dashes++ {
		r, size := utf8.DecodeRuneInString(rest)
		if r != '—' && !strings.ContainsRune(minusSigns, r) {
			break
		}
		rest = rest[size:]
	}
	if dashes == 0 {
		return after
	}
	return rest
}

// showsDecimals reports whether some of the digits are decimals, whatever the decimal sign is.
func (n WrittenNumber) showsDecimals() bool {
	_, decimals, _ := strings.Cut(n.digits, string(n.Decides()))
	return n.Decides() != NoDecimalSign && decimals != ""
}

// isGroupSign reports whether a character other than point and comma groups digits.
func isGroupSign(r rune) bool {
	return unicode.IsSpace(r) || r == '\'' || r == '’' || r == '`' || r == '٬'
}

// readAffixes reads what is before and behind the digits: one sign and one currency.
func (n *WrittenNumber) readAffixes(before, after string) bool {
	for _, word := range strings.Fields(separateSigns(before + " " + after)) {
		minus := strings.Contains(minusSigns, word)
		switch {
		case minus && n.negative:
			return false
		case minus:
			n.negative = true
		case word != "+" && !n.readCurrency(word):
			return false
		}
	}
	return true
}

// separateSigns puts blanks around signs, so that "-$" is two words.
func separateSigns(affix string) string {
	return strings.NewReplacer("-", " - ", "−", " − ", "–", " – ", "+", " + ").Replace(affix)
}

// readCurrency reads a code or a symbol; false if the word is neither, or a second one.
func (n *WrittenNumber) readCurrency(word string) bool {
	if n.Currency != "" || n.Symbol != "" {
		return false
	}
	code := strings.ToUpper(word)
	if named, found := currencySymbols[code]; found {
		code = named
	}
	switch {
	case IsCurrency(code):
		n.Currency = code
	case sharedSymbols[code]:
		n.Symbol = word
	default:
		return false
	}
	return true
}

// currencySymbols are the symbols and short names that mean one currency. CLDR has more that
// several countries share; those must be named by their code.
var currencySymbols = map[string]string{
	"€": "EUR", "EURO": "EUR", "EUROS": "EUR", "£": "GBP", "US$": "USD", "R$": "BRL", "₹": "INR", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD",
	"HK$": "HKD", "S$": "SGD", "MX$": "MXN", "NT$": "TWD", "JP¥": "JPY", "円": "JPY", "CN¥": "CNY", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND", "฿": "THB", "₱": "PHP",
	"₦": "NGN", "₸": "KZT", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "SFR.": "CHF", "FR.": "CHF", "RM": "MYR", "RP": "IDR",
}

// sharedSymbols are those of several currencies.
var sharedSymbols = map[string]bool{"$": true, "¥": true, "￥": true, "KR": true, "KR.": true}

// fits reports whether digits are a number whose decimal sign is one character and whose
// groups are separated by the other: groups of three, or of two before the last as in India.
func fits(digits string, sign, group byte) bool {
	whole, fraction, _ := strings.Cut(digits, string(sign))
	if strings.ContainsAny(fraction, ".,") || whole+fraction == "" {
		return false
	}
	groups := strings.Split(whole, string(group))
	for i, g := range groups {
		last := i == len(groups)-1
		switch {
		case i == 0 && len(groups) > 1 && (g == "" || len(g) > 3 || g == "0"):
			return false
		case i > 0 && last && len(g) != 3, i > 0 && !last && len(g) != 2 && len(g) != 3:
			return false
		}
	}
	return true
}

// Decides returns the decimal sign that the number shows, or NoDecimalSign if it can be read
// with either.
func (n WrittenNumber) Decides() DecimalSign {
	switch {
	case n.point && !n.comma:
		return DecimalPoint
	case n.comma && !n.point:
		return DecimalComma
	}
	return NoDecimalSign
}

// Sign returns the only sign of a number that can be read in two ways.
func (n WrittenNumber) Sign() DecimalSign {
	if strings.Contains(n.digits, string(DecimalComma)) {
		return DecimalComma
	}
	return DecimalPoint
}

// Ambiguous reports whether the number is another one with the other decimal sign: 1.200 may
// be 1200 or 1.2.
func (n WrittenNumber) Ambiguous() bool {
	return n.point && n.comma && strings.ContainsAny(n.digits, ".,")
}

// Units returns the number in units of 10^-decimals, as a JSON integer. ok is false if the
// sign does not fit the number, if it has more decimals than that which are not zero, or if it
// is beyond MaxInt. Nothing is rounded.
func (n WrittenNumber) Units(sign DecimalSign, decimals int) (number string, ok bool) {
	if sign == NoDecimalSign {
		sign = DecimalPoint
	}
	if sign == DecimalPoint && !n.point || sign == DecimalComma && !n.comma {
		return "", false
	}
	whole, fraction, _ := strings.Cut(n.digits, string(sign))
	whole = strings.NewReplacer(",", "", ".", "").Replace(whole)
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) > decimals {
		return "", false
	}
	number = strings.TrimLeft(whole+fraction+strings.Repeat("0", decimals-len(fraction)), "0")
	switch {
	case number == "":
		return "0", true
	case len(number) > 16 || len(number) == 16 && number > maxIntText:
		return "", false
	case n.negative:
		return "-" + number, true
	}
	return number, true
}

// maxIntText is MaxInt in digits.
const maxIntText = "9007199254740991"
